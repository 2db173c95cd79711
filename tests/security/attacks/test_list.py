"""The list of protections and the attacks belong together: none without the other."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.security.attacks.protections import KeptBy, Protection
from tests.security.attacks.report import AWS, OURS, Outcome, attacks, row, verdict
from tests.support.terraform import ROOT

HERE = Path(__file__).parent
THREAT_MODEL = ROOT / "docs/threat-model.md"
# What stays allowed, so that the attacks beside it do not fail for another reason.
COUNTERPARTS = {
    "test_a_serial_number_said_twice_is_one_device",
    "test_a_used_token_from_another_connection_changes_nothing",
    "test_what_is_refused_to_others_is_allowed_to_oneself",
}


def functions():
    """Every test of the package but these, by name."""
    for path in sorted(HERE.glob("test_*.py")):
        if path.name != Path(__file__).name:
            module = importlib.import_module(f"tests.security.attacks.{path.stem}")
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node.name, getattr(module, node.name)


def protections_of(test):
    """What it is marked with."""
    marks = getattr(test, "pytestmark", [])
    return {one for mark in marks if mark.name == "against" for one in mark.args}


ATTACKS = {name: protections_of(test) for name, test in functions()}


@pytest.mark.parametrize("protection", Protection)
def test_each_protection_has_an_attack_that_misses_it(protection):
    assert any(protection in against for against in ATTACKS.values())


def test_each_attack_names_its_protections():
    assert {name for name, against in ATTACKS.items() if not against} == COUNTERPARTS


@pytest.mark.parametrize("protection", Protection)
def test_what_is_ours_can_be_taken_out_and_what_is_not_cannot(protection):
    entry = protection.value
    ours = entry.kept_by is not KeptBy.AWS
    assert (entry.take_out is not None) is ours
    assert bool(entry.without) is ours


@pytest.mark.parametrize("protection", Protection)
def test_the_threats_are_those_that_name_an_attack_on_the_protection(protection):
    rows = re.findall(r"^\| (T\d+) \| (.*)$", THREAT_MODEL.read_text(), re.MULTILINE)
    names = [
        f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/security/attacks/"
        for name, against in ATTACKS.items()
        if protection in against
    ]
    named_by = [threat for threat, text in rows if any(name in text for name in names)]
    assert list(protection.value.threats) == named_by


def outcomes(*, passed=True):
    """Those of a run of everything, in which all or nothing went as it must."""
    return {
        protection: [
            Outcome("test_file.py", name, protection, without, passed)
            for name, against in ATTACKS.items()
            if protection in against
            for without in ([False, True] if protection.value.take_out else [False])
        ]
        for protection in Protection
    }


def test_the_report_counts_every_attack():
    assert set(attacks()) == {name for name, against in ATTACKS.items() if against}


def test_the_report_says_what_came_of_a_run():
    assert verdict(outcomes()).startswith("**Passed**: every attack was refused")
    assert verdict(outcomes(passed=False)).startswith("**Failed**: test_")


def test_a_row_has_the_cells_of_its_table():
    found = outcomes()
    ours = row(Protection.HOOK_PRINCIPAL, found[Protection.HOOK_PRINCIPAL])
    assert ours.count(" | ") == OURS.splitlines()[-2].count(" | ")
    assert ours.endswith(
        "| reading the policy | test_file.py: another account calls the function |\n"
    )
    theirs = row(Protection.REGISTERED_CA, found[Protection.REGISTERED_CA])
    assert theirs.count(" | ") == AWS.splitlines()[-2].count(" | ")


def test_the_report_says_that_a_run_was_not_all():
    (name, *_) = attacks()
    part = {
        protection: [one for one in of_one if one.test != name]
        for protection, of_one in outcomes().items()
    }
    assert verdict(part).startswith("**Incomplete**: 1 attacks were not run")
