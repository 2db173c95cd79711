"""What is proven, what is not, and that a flow's own fault proves nothing."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.least_privilege import inventory, runner
from tests.least_privilege.__main__ import unused
from tests.least_privilege.documented import Documented
from tests.least_privilege.flows.flow import Broken, Flow
from tests.least_privilege.holders import Holder
from tests.least_privilege.report import (
    DOCUMENTED,
    PROVEN,
    UNEXPLAINED,
    Row,
    markdown,
    remove,
    totals,
    write,
)
from tests.least_privilege.runner import Proof

STACK = "complete"
ACCOUNT = "123456789012"
PAGE = Documented("claim-guard", ("iot:Describe*",), "A page", "https://docs", "It asks nobody.")


class Place:
    """A policy in its place, and the flow that needs its first action."""

    def __init__(self, *actions, needed=()):
        statement = {"Sid": "S", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
        self.document = self.before = {"Version": "2012-10-17", "Statement": [statement]}
        self.needed, self.runs = needed, 0
        self.holder = Holder("guard", "claim-guard", self.document, self.put)
        self.flow = Flow("works", STACK, self.run, {("guard", "claim-guard"): ("iot:Update*",)})

    def put(self, document):
        self.document = document

    def run(self, stack):
        self.runs += 1
        held = [a for one in self.document["Statement"] for a in one["Action"]]
        for action in self.needed:
            if action not in held:
                raise Broken(f"LP-0123abcd: it may not {action}")

    def entries(self, *documented):
        stack = SimpleNamespace(
            name_prefix="acme", endpoint=SimpleNamespace(account_id=ACCOUNT, region="eu-west-1")
        )
        return inventory.take({STACK: (stack, [self.holder])}, [self.flow], documented)


def silent(_):
    """Nobody listens."""


def test_a_right_that_a_flow_breaks_without_is_proven_and_given_back():
    place = Place("iot:UpdateCertificate", needed=["iot:UpdateCertificate"])
    (entry,) = place.entries()
    proof = runner.prove(None, STACK, entry, silent)
    assert proof == Proof("works", "SERIAL: it may not iot:UpdateCertificate")
    assert place.document == place.before
    assert Row(entry, proof).verdict == PROVEN


def test_a_right_that_nothing_needs_is_unexplained():
    place = Place("iot:UpdateCertificate")
    (entry,) = place.entries()
    assert runner.prove(None, STACK, entry, silent) is None
    assert Row(entry).verdict == UNEXPLAINED
    assert Row(entry).why == "works without it: works"


def test_a_flow_that_broke_once_was_only_slow():
    place = Place("iot:UpdateCertificate")
    (entry,) = place.entries()
    answers = iter([Broken("nothing arrives"), None])

    def run(stack):
        if answer := next(answers):
            raise answer

    entry.flows = (Flow("slow", STACK, run, place.flow.needs),)
    assert runner.prove(None, STACK, entry, silent) is None
    assert next(answers, "both asked") == "both asked"


def test_who_was_refused_need_not_ask_twice():
    place = Place("iot:UpdateCertificate")
    (entry,) = place.entries()
    answers = iter([Broken("it may not", refused=True), None])

    def run(stack):
        if answer := next(answers):
            raise answer

    entry.flows = (Flow("asks", STACK, run, place.flow.needs),)
    assert runner.prove(None, STACK, entry, silent) == Proof("asks", "it may not")
    assert next(answers, "both asked") == "both asked"


def test_a_flow_that_stays_broken_proves_nothing(monkeypatch):
    monkeypatch.setattr(runner.time, "sleep", silent)
    place = Place("iot:UpdateCertificate", needed=["iot:UpdateCertificate"])
    place.put = lambda document: None if document is place.before else Place.put(place, document)
    place.holder = Holder("guard", "claim-guard", place.before, place.put)
    (entry,) = place.entries()
    with pytest.raises(runner.NotSufficient, match="with iot:UpdateCertificate again"):
        runner.prove(None, STACK, entry, silent)


def test_a_flow_that_fails_by_itself_proves_nothing():
    place = Place("iot:UpdateCertificate")
    (entry,) = place.entries()
    broken = Flow("faulty", STACK, lambda stack: 1 / 0, place.flow.needs)
    entry.flows = (broken,)
    with pytest.raises(ZeroDivisionError):
        runner.prove(None, STACK, entry, silent)
    assert place.document == place.before


def test_what_only_the_documentation_demands_is_so():
    place = Place("iot:DescribeCertificate", needed=[])
    (entry,) = place.entries(PAGE)
    assert entry.flows == ()
    assert runner.stale(None, STACK, [place.flow], [entry], silent) == []
    assert Row(entry).verdict == DOCUMENTED
    assert not Row(entry).why
    assert place.document == place.before


def test_documentation_that_a_flow_proves_stale_is_found(monkeypatch):
    monkeypatch.setattr(runner.time, "sleep", silent)
    place = Place("iot:DescribeCertificate", "iot:DescribeThing", needed=["iot:DescribeThing"])
    entries = place.entries(PAGE)
    found = runner.stale(None, STACK, [place.flow], entries, silent)
    assert [entry.key.name for entry in found] == ["iot:DescribeThing"]
    assert place.document == place.before


def test_what_does_not_work_to_begin_with_proves_nothing(monkeypatch):
    monkeypatch.setattr(runner.time, "sleep", silent)
    place = Place("iot:UpdateCertificate", needed=["iot:Nothing"])
    with pytest.raises(runner.NotSufficient, match=r"begin: works: .* may not iot:Nothing"):
        runner.sufficient(None, [place.flow], silent, "begin")
    assert place.runs == runner.ATTEMPTS


def test_a_right_that_was_not_taken_away_is_not_said_to_be_needless():
    (entry,) = Place("iot:UpdateCertificate").entries()
    assert Row(entry, tried=False).verdict == UNEXPLAINED
    assert Row(entry, tried=False).why == "not tried: the run of a stack ended early"


def test_documentation_of_nothing_is_found():
    entries = Place("iot:UpdateCertificate").entries(PAGE)
    (told,) = unused([PAGE], entries)
    assert "claim-guard" in told
    assert unused([PAGE], Place("iot:DescribeCertificate").entries(PAGE)) == []


def test_documentation_of_one_right_too_many_is_found():
    page = replace(PAGE, rights=("iot:Describe*", "iot:AddThingToThingGroup"))
    (told,) = unused([page], Place("iot:DescribeCertificate").entries(page))
    assert told == (
        "documented.toml: nothing in claim-guard needs the entry on iot:AddThingToThingGroup"
    )
    elsewhere = replace(PAGE, policy="iot-logging")
    entries = Place("iot:DescribeCertificate").entries(PAGE, elsewhere)
    (told,) = unused([PAGE, elsewhere], entries)
    assert "iot-logging" in told


def test_the_table_has_each_right_in_one_of_the_columns(tmp_path):
    place = Place("iot:UpdateCertificate", "iot:DescribeCertificate", "iot:DescribeThing")
    described, other, updated = place.entries(PAGE)
    rows = [Row(described), Row(other), Row(updated, Proof("works", "it may not | do so"))]
    other.documented = None
    assert totals(rows) == {"granted": 3, PROVEN: 1, DOCUMENTED: 1, UNEXPLAINED: 1}
    text = markdown(rows, seconds=90, faults=["something is wrong"])
    assert "| [claim-guard](#claim-guard) | 3 | 1 | 1 | 1 |" in text
    assert "| **all** | 3 | 1 | 1 | 1 |" in text
    assert "It took 1.5 minutes." in text
    assert "| D1 | 1 | [A page](https://docs) | It asks nobody. |" in text
    assert "| demanded by documentation | [D1](#demanded-by-documentation) |" in text
    assert "**Failed**: 1 of 3 rights unexplained, faults: 1.\n- something is wrong\n" in text
    assert "| guard | S | action `iot:UpdateCertificate` | `*` | proven necessary |" in text
    assert r"it may not \| do so" in text
    assert "no flow and no documentation speaks of it" in text
    write(rows, tmp_path / "reports", seconds=90)
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {
        "least-privilege.json",
        "least-privilege.md",
    }
    remove(tmp_path / "reports")
    assert list((tmp_path / "reports").iterdir()) == []
