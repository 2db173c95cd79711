"""The check pack and what its fixtures say about it."""

import functools
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.terraform import Workspace
from tools.terraform_env import ROOT

PYTHON = ROOT / ".venv-checkov" / "bin" / "python"
PACK = ROOT / "policies" / "checkov"
FIXTURES = ROOT / "tests" / "checkov"
PROVIDER = """\
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "111122223333"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""
CHECKS = sorted(path.stem for path in PACK.glob("*.py") if path.stem != "__init__")
SCANS = ("hcl", "plan")
KEYS = {"pass", "fail", "hcl", "plan", "why", "variables"}
RESULTS = {"pass": "PASSED", "fail": "FAILED"}


@dataclass(frozen=True)
class Expectation:
    """What a fixture directory's `expected.yaml` says.

    Attributes:
        results: By scan (`hcl`, `plan`), the result by resource. A resource that is not there
            must be in no report: the check does not know, or it is not its business.
        variables: Values of variables without a default: a plan knows them, a scan of HCL does not.
        why: The reason for results that one of the scans alone can have.
    """

    results: dict[str, dict[str, str]]
    variables: dict[str, Any]
    why: str


@functools.cache
def expectation(check: str) -> Expectation:
    """Read `expected.yaml`: `pass` and `fail` of both scans, and under `hcl` and `plan` of one.

    Raises:
        ValueError: There is a key that nobody reads.
    """
    text = (FIXTURES / check / "expected.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    if unknown := set(content) - KEYS:
        raise ValueError(f"{check}/expected.yaml: unknown key {', '.join(unknown)}")
    results: dict[str, dict[str, str]] = {}
    for scan in SCANS:
        parts = (content, content.get(scan) or {})
        results[scan] = {
            address: result
            for part in parts
            for key, result in RESULTS.items()
            for address in part.get(key) or ()
        }
    return Expectation(results, content.get("variables") or {}, content.get("why") or "")


def planned(root: Path, modules: Mapping[str, Mapping[str, Any]]) -> Path:
    """The plan, in JSON, of a configuration of modules that asks nothing of AWS.

    Args:
        root: An empty directory for it.
        modules: Their arguments by name, `source` among them.
    """
    (root / "main.tf").write_text(PROVIDER)
    (root / "modules.tf.json").write_text(json.dumps({"module": modules}))
    workspace = Workspace(root, ".").init()
    workspace.run("plan", "-no-color", "-input=false", "-refresh=false", "-out=tfplan")
    file = root / "plan.json"
    file.write_text(workspace.run("show", "-json", "tfplan")[1])
    return file


def scan(*arguments: str, settings: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """What the pack's checks report of one scan, one record for a check and a resource.

    Args:
        arguments: What to scan, as checkov's command line takes it.
        settings: Environment variables.
    """
    done = subprocess.run(
        [
            *(str(PYTHON), "-m", "checkov.main", *arguments),
            *("--external-checks-dir", str(PACK), "--check", "CKV_AWSIOT_*"),
            *("--skip-download", "--compact", "--output", "json", "--soft-fail"),
        ],
        env={**os.environ, "LOG_LEVEL": "ERROR", **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # checkov reports a check that raised an error nowhere but here.
    assert not done.stderr, done.stderr
    report = json.loads(done.stdout)
    # Without anything to report there are no results at all.
    results = report.get("results", {})
    assert not results.get("parsing_errors")
    return [*results.get("passed_checks", ()), *results.get("failed_checks", ())]
