"""The fixtures of the check pack, scanned once as HCL and once as a plan."""

from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.checkov_pack import CHECKS, FIXTURES, expectation, planned, scan


@pytest.fixture(scope="session")
def hcl_results():
    """Result by resource, by check, of one scan of all fixtures as HCL."""
    records = scan("--framework", "terraform", "--directory", str(FIXTURES))
    found = defaultdict(dict)
    for record in records:
        if Path(record["file_path"]).parts[1] == record["check_class"]:
            found[record["check_class"]][record["resource"]] = record["check_result"]["result"]
    return found


@pytest.fixture(scope="session")
def plan_file(tmp_path_factory):
    """One plan, in JSON, of a configuration that has every fixture as a module."""
    modules = {
        name: {"source": str(FIXTURES / name), **expectation(name).variables} for name in CHECKS
    }
    return planned(tmp_path_factory.mktemp("checkov"), modules)


@pytest.fixture(scope="session")
def plan_results(plan_file):
    """Result by resource, by check, of one scan of the plan."""
    found = defaultdict(dict)
    for record in scan("--framework", "terraform_plan", "--file", str(plan_file)):
        _, fixture, address = record["resource"].split(".", 2)
        if fixture == record["check_class"]:
            found[fixture][address] = record["check_result"]["result"]
    return found
