"""Every check of the pack finds what it is for, leaves alone what is right, and has no idle line.

A check has a directory of its name here: resources in `main.tf`, and in `expected.yaml` which of
them pass and which fail. Others must not be reported at all.
"""

import json
import re
import subprocess
import tomllib

import pytest

from tests.support.checkov_pack import CHECKS, FIXTURES, PACK, PYTHON, SCANS, expectation
from tests.support.terraform import ROOT

DRIVER = ROOT / "tests" / "support" / "checkov_mutants.py"
DESCRIBE = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
print(json.dumps([
    {"module": name, "class": type(check).__name__, "id": check.id, "name": check.name,
     "severity": check.severity and check.severity.name, "guideline": check.guideline,
     "categories": [category.name for category in check.categories]}
    for name in sys.argv[2:] for check in [importlib.import_module(name).check]
]))
"""
RESOURCE = re.compile(r'^(?:resource|data) "([^"]+)" "([^"]+)"', re.MULTILINE)
PREFIX = re.compile(r"^(?:module\.[^.]+\.)+")
ROW = re.compile(r"^\| `(CKV_AWSIOT_\d+)` \| (\w+) \| (.+?) \| .+ \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def descriptions():
    done = subprocess.run(
        [PYTHON, "-c", DESCRIBE, PACK, *CHECKS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_check_has_fixtures_and_each_fixture_a_check():
    assert sorted(path.parent.name for path in FIXTURES.glob("*/main.tf")) == CHECKS
    assert sorted(path.parent.name for path in FIXTURES.glob("*/expected.yaml")) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_fixtures_hold_what_they_promise(check):
    # checkov reads *.hcl too, which Terraform does not: for what a plan needs another provider for.
    files = [*(FIXTURES / check).rglob("*.tf"), *(FIXTURES / check).rglob("*.hcl")]
    text = "".join(path.read_text() for path in files)
    addresses = {".".join(match) for match in RESOURCE.findall(text)}
    expected = expectation(check)
    outcomes = {**expected.results["plan"], **expected.results["hcl"]}
    named = {PREFIX.sub("", address).partition("[")[0] for address in outcomes}
    assert named <= addresses
    values = list(outcomes.values())
    assert values.count("PASSED") >= 1
    assert values.count("FAILED") >= 2
    assert (expected.results["hcl"] != expected.results["plan"]) == bool(expected.why)


def test_each_check_says_what_it_is(descriptions):
    for check in descriptions:
        assert check["class"] == check["module"]
        assert check["severity"] in {"LOW", "MEDIUM", "HIGH", "CRITICAL"}, check["id"]
        assert check["categories"], check["id"]
        assert check["name"].startswith("Ensure "), check["id"]
        assert len(check["guideline"].split()) >= 25, check["id"]
    ids = [check["id"] for check in descriptions]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"CKV_AWSIOT_\d+", id_) for id_ in ids)


def test_the_readme_lists_each_check(descriptions):
    rows = ROW.findall((PACK / "README.md").read_text())
    by_number = sorted(descriptions, key=lambda check: int(check["id"].rpartition("_")[2]))
    assert rows == [
        (check["id"], check["severity"], check["name"].removeprefix("Ensure "))
        for check in by_number
    ]


@pytest.mark.parametrize("check", CHECKS)
def test_hcl(hcl_results, check):
    assert hcl_results[check] == expectation(check).results["hcl"]


@pytest.mark.parametrize("check", CHECKS)
def test_plan(plan_results, check):
    assert plan_results[check] == expectation(check).results["plan"]


def test_nothing_in_a_check_is_idle(plan_file):
    task = {
        "pack": str(PACK),
        "fixtures": str(FIXTURES),
        "plan": str(plan_file),
        "expected": {
            scan: {check: expectation(check).results[scan] for check in CHECKS} for scan in SCANS
        },
    }
    done = subprocess.run(
        [PYTHON, DRIVER], input=json.dumps(task), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    print(f"{answer['mutants']} mutants, {answer['questions']} questions")
    assert answer["mutants"] > 10 * len(CHECKS)
    explained = tomllib.loads((FIXTURES / "survivors.toml").read_text())["survivors"]
    used = set()
    unexplained = []
    for survivor in answer["survivors"]:
        reasons = [
            index
            for index, entry in enumerate(explained)
            if all(survivor[key] == entry[key] for key in ("module", "function"))
            and entry.get("text", "") in survivor["text"]
            and entry.get("change", "") in survivor["change"]
        ]
        used.update(reasons)
        if not reasons:
            unexplained.append("{module}:{line} {function}: {text} ({change})".format(**survivor))
    assert not unexplained, "\n".join(["nothing notices:", *unexplained])
    assert all(entry["reason"].strip() for entry in explained)
    assert used == set(range(len(explained))), "an entry of survivors.toml explains nothing"
