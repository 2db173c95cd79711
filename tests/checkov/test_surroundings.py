"""What the checks take from elsewhere than the resource: settings, directories, a former state."""

import json

from tests.support.checkov_pack import scan

TABLE = """\
resource "aws_dynamodb_table" "machines" {
  name     = "machines"
  hash_key = "machineNumber"
}
"""
EVENTS = """\
resource "aws_iot_event_configurations" "this" {
  event_configurations = { THING = true }
}
"""


def scanned(directory, settings=None):
    """Result by file and check."""
    records = scan("--framework", "terraform", "--directory", str(directory), settings=settings)
    return {
        (record["file_path"], record["check_id"]): record["check_result"]["result"]
        for record in records
    }


def test_a_registry_may_have_another_key(tmp_path):
    (tmp_path / "main.tf").write_text(TABLE)
    assert scanned(tmp_path) == {}
    settings = {"CKV_AWSIOT_REGISTRY_KEYS": "deviceKey, machine_number"}
    assert scanned(tmp_path, settings) == {
        ("/main.tf", f"CKV_AWSIOT_{number}"): "FAILED" for number in (32, 33, 34)
    }


def test_the_module_of_account_settings_may_have_another_name(tmp_path):
    outcomes = {
        "stack": "FAILED",
        "account-baseline": "PASSED",
        "account_baseline/stack": "FAILED",
        "landing_zone": "PASSED",
    }
    for directory in outcomes:
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / "main.tf").write_text(EVENTS)
    assert scanned(tmp_path, {"CKV_AWSIOT_BASELINE_MODULES": "core,landing-zone"}) == {
        (f"/{directory}/main.tf", "CKV_AWSIOT_38"): result for directory, result in outcomes.items()
    }


def test_where_the_scan_begins_makes_no_difference(tmp_path):
    directory = tmp_path / "account-baseline"
    directory.mkdir()
    (directory / "main.tf").write_text(EVENTS)
    assert scanned(directory) == {("/main.tf", "CKV_AWSIOT_38"): "PASSED"}


def test_what_a_plan_says_besides(plan_file, tmp_path):
    """Its own directory is no module, and a key in the state is seen though nothing is to be made.

    AWS IoT has made that certificate by then, so every later plan has its PEM.
    """
    plan = json.loads(plan_file.read_text())
    root = plan["planned_values"]["root_module"]
    fixtures = ("IoTAccountSettingOutsideBaseline", "IoTCertificatePrivateKeyInState")
    wanted = {f"module.{fixture}" for fixture in fixtures}
    root["child_modules"] = [m for m in root["child_modules"] if m["address"] in wanted]
    for module in root["child_modules"]:
        for resource in module["resources"]:
            if resource["name"] == "fail_neither":
                resource["values"] |= {"certificate_pem": "PEM", "private_key": "PEM"}
    directory = tmp_path / "account-baseline"
    directory.mkdir()
    file = directory / "plan.json"
    file.write_text(json.dumps(plan))
    results = {
        (record["check_id"], record["resource"]): record["check_result"]["result"]
        for record in scan("--framework", "terraform_plan", "--file", str(file))
    }
    setting = f"module.{fixtures[0]}.aws_iot_event_configurations.fail"
    certificate = f"module.{fixtures[1]}.aws_iot_certificate.fail_neither"
    assert results["CKV_AWSIOT_38", setting] == "FAILED"
    assert results["CKV_AWSIOT_30", certificate] == "FAILED"
