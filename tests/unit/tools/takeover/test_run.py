"""A take-over goes through the records that it concerns, once, and may be repeated."""

from collections import Counter

import pytest
from botocore.exceptions import ClientError

from device_registry.record import ReprovisionPolicy, Status, to_item
from tests.unit.builders import record
from tests.unit.tools.fakes import FakeTable, client_error
from tests.unit.tools.takeover.test_plan import EVERY, LOST, OWN, PLAN
from tools.takeover.plan import Outcome
from tools.takeover.run import Selection, count, move

ALL = Selection()


def item(serial, **changes):
    return to_item(record(serial_number=serial, **{"home_region": LOST, **changes}))


def table():
    damaged = {**item("DAMAGED"), "enrolledAt": {"S": "x"}}
    return FakeTable(
        *(item(f"SN-{n:03d}") for n in range(150)),
        item("DEFAULT", home_region=None),
        item("SPRING", batch="spring"),
        item("HERE", home_region=OWN),
        item("THIRD", home_region="us-east-1"),
        item("HELD", status=Status.SUSPENDED, batch="spring"),
        item("SERVED", status=Status.ACTIVE),
        item("AGAIN", status=Status.ACTIVE, reprovision_policy=ReprovisionPolicy.REPLACE),
        damaged,
    )


FOUND = {
    Outcome.MOVED: 153,
    Outcome.HERE: 1,
    Outcome.ELSEWHERE: 1,
    Outcome.NOT_CLAIMABLE: 1,
    Outcome.MALFORMED: 1,
}


def run(registry, plan=PLAN, selection=ALL, workers=4):
    return Counter(each.outcome for each in move(registry, plan, selection, workers=workers))


def home(registry, serial):
    return registry.items[serial].get("homeRegion", {}).get("S")


def test_what_is_counted_is_what_is_moved_and_counting_writes_nothing():
    registry = table()
    assert count(registry, PLAN, ALL) == FOUND
    assert registry.writes == []
    assert run(registry) == FOUND
    assert len(registry.writes) == FOUND[Outcome.MOVED]
    assert home(registry, "SN-000") == home(registry, "DEFAULT") == home(registry, "AGAIN") == OWN
    assert home(registry, "SERVED") == home(registry, "HELD") == LOST


def test_all_moves_those_too_that_nobody_could_claim():
    registry = table()
    assert run(registry, EVERY)[Outcome.MOVED] == FOUND[Outcome.MOVED] + 2
    assert home(registry, "SERVED") == home(registry, "HELD") == OWN


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(batch="spring"), {Outcome.MOVED: 1, Outcome.NOT_CLAIMABLE: 1}),
        (Selection(serials=["SN-001", "NOBODY"]), {Outcome.MOVED: 1, Outcome.UNKNOWN: 1}),
        (Selection(serials=[f"SN-{n:03d}" for n in range(150)]), {Outcome.MOVED: 150}),
        (Selection(serials=[]), {}),
    ],
)
def test_no_record_moves_that_was_not_named(selection, found):
    registry = table()
    assert count(registry, PLAN, selection) == found
    assert run(registry, PLAN, selection) == found
    assert len(registry.writes) == found.get(Outcome.MOVED, 0)


def test_an_interrupted_run_goes_on_where_it_is_run_again():
    registry = table()
    results = move(registry, PLAN, ALL, workers=1)
    for _ in range(20):
        next(results)
    results.close()
    before = len(registry.writes)
    assert 20 <= before < FOUND[Outcome.MOVED]
    again = run(registry)
    assert again[Outcome.MOVED] == FOUND[Outcome.MOVED] - before
    assert again[Outcome.HERE] == 1 + before
    assert len(registry.writes) == len(set(registry.writes)) == FOUND[Outcome.MOVED]
    assert run(registry)[Outcome.MOVED] == 0


@pytest.mark.parametrize(
    ("meanwhile", "outcome", "stands"),
    [
        (item("SN-1", status=Status.PROVISIONING), Outcome.MOVED, OWN),
        (item("SN-1", status=Status.REVOKED), Outcome.NOT_CLAIMABLE, LOST),
        (item("SN-1", home_region="us-east-1"), Outcome.ELSEWHERE, "us-east-1"),
    ],
)
def test_a_record_that_changes_in_between_is_judged_anew(meanwhile, outcome, stands):
    registry = FakeTable(item("SN-1"))
    registry.meanwhile = lambda: registry.items.update({"SN-1": meanwhile})
    assert run(registry) == {outcome: 1}
    assert home(registry, "SN-1") == stands


def test_a_record_that_goes_in_between_is_unknown():
    registry = FakeTable(item("SN-1"))
    registry.meanwhile = registry.items.clear
    assert run(registry) == {Outcome.UNKNOWN: 1}


def test_a_record_that_keeps_changing_is_given_up_with_a_sentence():
    registry = FakeTable(item("SN-1"))

    def always():
        registry.meanwhile = always

    registry.meanwhile = always
    (result,) = move(registry, PLAN, ALL, workers=1)
    assert result.outcome is Outcome.FAILED
    assert result.problem == "The record of SN-1 kept changing."


def test_a_record_that_dynamodb_refuses_fails_alone_and_no_access_ends_the_run(monkeypatch):
    registry = FakeTable(item("SN-1"), item("SN-2"))
    update = registry.update

    def refuse(code):
        def refusing(arguments):
            if arguments["Key"]["serialNumber"]["S"] == "SN-1":
                raise client_error(code, "UpdateItem")
            return update(arguments)

        return refusing

    monkeypatch.setattr(registry, "update", refuse("AccessDeniedException"))
    with pytest.raises(ClientError):
        run(registry, workers=1)
    monkeypatch.setattr(registry, "update", refuse("ValidationException"))
    first, second = move(registry, PLAN, ALL, workers=1)
    assert first.outcome is Outcome.FAILED
    assert "DynamoDB refused the record of SN-1" in first.problem
    assert second.outcome in {Outcome.MOVED, Outcome.HERE}
