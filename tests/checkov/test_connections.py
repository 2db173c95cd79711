"""What fixtures cannot show: several root modules in one scan, settings, checkov's own marks."""

import json

import pytest

from tests.support.checkov_pack import CHECKS, expectation, scan

TIMEOUT = "CKV_AWSIOT_5"
FUNCTION = """\
resource "aws_lambda_function" "this" {
  function_name = "hook"
  timeout       = 60
}
"""
TEMPLATE = """\
resource "aws_iot_provisioning_template" "this" {
  name          = "fleet"
  template_body = "{}"

  pre_provisioning_hook {
    target_arn = %s
  }
}
"""
BODY = {
    "Parameters": {"SiteName": {"Type": "String"}},
    "Resources": {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingGroups": [{"Ref": "SiteName"}]}}
    },
}
IDENTITY = """\
resource "aws_iot_provisioning_template" "this" {
  name          = "fleet"
  template_body = <<-EOT
    %s
  EOT

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}
"""


def written(directory, text):
    directory.mkdir()
    (directory / "main.tf").write_text(text)
    return str(directory)


def failed_files(directory, check):
    records = scan("--framework", "terraform", "--directory", directory)
    return {
        record["file_path"]
        for record in records
        if record["check_id"] == check and record["check_result"]["result"] == "FAILED"
    }


def test_a_function_of_the_same_address_in_another_root_module_is_no_hook(tmp_path):
    written(tmp_path / "fleet", FUNCTION + TEMPLATE % "aws_lambda_function.this.arn")
    written(tmp_path / "reports", FUNCTION)
    assert failed_files(str(tmp_path), TIMEOUT) == {"/fleet/main.tf"}


def test_a_hook_may_be_in_a_module_outside_the_directory_that_is_scanned(tmp_path):
    written(
        tmp_path / "hook", FUNCTION + 'output "arn" {\n  value = aws_lambda_function.this.arn\n}\n'
    )
    root = written(
        tmp_path / "fleet",
        'module "hook" {\n  source = "../hook"\n}\n' + TEMPLATE % "module.hook.arn",
    )
    assert failed_files(root, TIMEOUT) == {"/../hook/main.tf"}


@pytest.mark.parametrize(
    ("settings", "result"),
    [
        ({}, "FAILED"),
        ({"CKV_AWSIOT_HOOK_PARAMETERS": "ThingName, SiteName"}, "PASSED"),
    ],
)
def test_the_parameters_that_a_hook_sets_may_have_other_names(tmp_path, settings, result):
    root = written(tmp_path / "fleet", IDENTITY % json.dumps(BODY))
    records = scan("--framework", "terraform", "--directory", root, settings=settings)
    results = {r["check_id"]: r["check_result"]["result"] for r in records}
    assert results["CKV_AWSIOT_7"] == result


def test_a_mark_for_what_is_known_after_the_apply_is_no_value(plan_file):
    records = scan(
        *("--framework", "terraform_plan", "--file", str(plan_file)),
        settings={"EVAL_TF_PLAN_AFTER_UNKNOWN": "1"},
    )
    failed = {
        record["resource"].removeprefix("module.")
        for record in records
        if record["check_result"]["result"] == "FAILED"
        and record["check_class"] == record["resource"].split(".")[1]
    }
    expected = {
        f"{check}.{address}"
        for check in CHECKS
        for address, result in expectation(check).results["plan"].items()
        if result == "FAILED"
    }
    assert failed == expected
