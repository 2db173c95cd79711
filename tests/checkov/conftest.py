"""The fixtures of the check pack, scanned once as HCL and once as a plan."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.checkov_pack import CHECKS, FIXTURES, expectation, scan
from tests.support.terraform import Workspace

ROOT_MODULE = """\
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "111122223333"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""


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
    root = tmp_path_factory.mktemp("checkov")
    modules = {
        name: {"source": str(FIXTURES / name), **expectation(name).variables} for name in CHECKS
    }
    (root / "main.tf").write_text(ROOT_MODULE)
    (root / "modules.tf.json").write_text(json.dumps({"module": modules}))
    workspace = Workspace(root, ".").init()
    workspace.run("plan", "-no-color", "-input=false", "-refresh=false", "-out=tfplan")
    file = root / "plan.json"
    file.write_text(workspace.run("show", "-json", "tfplan")[1])
    return file


@pytest.fixture(scope="session")
def plan_results(plan_file):
    """Result by resource, by check, of one scan of the plan."""
    found = defaultdict(dict)
    for record in scan("--framework", "terraform_plan", "--file", str(plan_file)):
        _, fixture, address = record["resource"].split(".", 2)
        if fixture == record["check_class"]:
            found[fixture][address] = record["check_result"]["result"]
    return found
