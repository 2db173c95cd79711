"""The reports for programs say what a review found, in the form that their readers expect."""

import json
from xml.etree import ElementTree as ET

import pytest

from tests.unit.tools.checkov.builders import FILE, REASON, code, plan, result, review, secrets
from tools.checkov import reports
from tools.checkov.model import Outcome, Result

SECRET = Result("CKV_SECRET_2", "AWS Access Key", Outcome.FAILED, "tools/a b.py", 7, 7)
OWN = {"rule": "CKV_AWSIOT_2", "name": "Trust is narrow", "first": 20, "last": 30}


@pytest.fixture
def made():
    """Everything that may be in a review."""
    failed = [
        result(Outcome.FAILED, **OWN, resource=f"module.{name}.aws_iam_role.this")
        for name in ("b", "a")
    ]
    return review(
        code(result(), result(Outcome.SKIPPED), *failed, unread=["terraform/x.tf"]),
        plan(result(Outcome.FAILED, **OWN, resource="module.c.aws_iam_role.this")),
        secrets(SECRET),
    )


def test_json_has_the_shape_of_checkovs_own(made):
    of_code, of_plan, of_secrets = json.loads(reports.as_json(made))
    assert of_code["check_type"] == "terraform"
    assert of_code["summary"] == {
        "passed": 1,
        "failed": 2,
        "skipped": 1,
        "parsing_errors": 1,
        "resource_count": 1,
        "checkov_version": "3.3.30",
    }
    (skipped,) = of_code["results"]["skipped_checks"]
    assert skipped["check_result"] == {"result": "SKIPPED", "suppress_comment": REASON}
    (failed,) = of_plan["results"]["failed_checks"]
    assert failed["file_path"] == f"/{FILE}"
    assert failed["severity"] == "HIGH"
    assert of_secrets["results"]["failed_checks"][0]["check_id"] == "CKV_SECRET_2"


def test_sarif_has_one_run_with_the_rules_that_had_a_say(made):
    (run,) = json.loads(reports.as_sarif(made))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert list(rules) == ["CKV_AWSIOT_2", "CKV_AWS_7", "CKV_SECRET_2"]
    own = rules["CKV_AWSIOT_2"]
    assert own["help"]["text"] == "Name the account."
    assert own["properties"]["security-severity"] == "8.0"
    assert "iam" in own["properties"]["tags"]


def test_sarif_has_each_place_that_failed_once_and_no_skip(made):
    (run,) = json.loads(reports.as_sarif(made))["runs"]
    of_role, of_secret = run["results"]
    assert of_role["message"]["text"] == (
        "Trust is narrow: module.a.aws_iam_role.this, module.b.aws_iam_role.this,"
        " module.c.aws_iam_role.this"
    )
    place = of_role["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": FILE, "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 20, "endLine": 30}
    place = of_secret["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "tools/a%20b.py"
    rules = run["tool"]["driver"]["rules"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]


def test_junit_has_a_suite_for_each_scan(made):
    suites = ET.fromstring(reports.as_junit(made))  # noqa: S314 - just written
    assert [one.get("name") for one in suites] == ["Terraform code", "Plan of complete", "Secrets"]
    assert {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "4",
        "errors": "1",
        "skipped": "1",
    }
    assert suites.find(".//skipped").get("message") == REASON
    assert suites.find(".//failure").text == f"{FILE}:20"
    assert suites.find(".//error/..").get("classname") == "terraform/x.tf"


def test_gitlab_knows_a_finding_again(made):
    first, second = (json.loads(reports.as_gitlab(made)) for _ in range(2))
    assert first["vulnerabilities"] == second["vulnerabilities"]
    ids = [one["id"] for one in first["vulnerabilities"]]
    assert len(set(ids)) == len(ids) == 4
    assert first["vulnerabilities"][0]["severity"] == "High"
    assert first["vulnerabilities"][-1]["severity"] == "Unknown"


def test_every_format_is_written(made, tmp_path):
    reports.write(made, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(reports.WRITERS)


def test_the_order_of_checkov_does_not_matter():
    results = [
        result(file=file, first=first, rule=rule, resource=resource)
        for file in ("b.tf", "a.tf")
        for first in (20, 3)
        for rule in ("CKV_AWS_7", "CKV_AWSIOT_2")
        for resource in ("y", "x")
    ]
    one, other = (review(code(*order)) for order in (results, results[::-1]))
    for writer in (reports.as_json, reports.as_junit, reports.as_sarif):
        assert writer(one) == writer(other)
