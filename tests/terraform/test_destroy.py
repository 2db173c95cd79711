"""What is left of a stack in use after decommissioning its devices and destroying it: nothing.

Slow where the endpoint is as strict as AWS, which deletes a thing type five minutes after its
deprecation at the earliest (the provider tries for six). The embedded endpoint does not insist.
"""

import subprocess
import sys

import pytest

from tests.support.stack import IN_VAIN, ClaimKey, Stack
from tests.support.terraform import ROOT
from tools.device.failures import NotAdmitted
from tools.device.maker import Maker

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint, pytest.mark.slow]

EXAMPLE = "terraform/examples/complete"
JUST_IN_TIME = "terraform/examples/jitp"
KINDS = ("temperature-sensor", "gateway", "door-lock", "camera")
LISTS = {
    "tables": ("dynamodb", "list_tables", "TableNames", None),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "metric filters": ("logs", "describe_metric_filters", "metricFilters", "filterName"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "things": ("iot", "list_things", "things", "thingName"),
    "thing types": ("iot", "list_thing_types", "thingTypes", "thingTypeName"),
    "thing groups": ("iot", "list_thing_groups", "thingGroups", "groupName"),
    "IoT policies": ("iot", "list_policies", "policies", "policyName"),
    "certificates": ("iot", "list_certificates", "certificates", "certificateId"),
    "CAs": ("iot", "list_ca_certificates", "certificates", "certificateId"),
    "templates": ("iot", "list_provisioning_templates", "templates", "templateName"),
    "topic rules": ("iot", "list_topic_rules", "rules", "ruleName"),
    "event rules": ("events", "list_rules", "Rules", "Name"),
    "stream mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "parameters": ("ssm", "describe_parameters", "Parameters", "Name"),
    "key aliases": ("kms", "list_aliases", "Aliases", "AliasName"),
    "queues": ("sqs", "list_queues", "QueueUrls", None),
}
# Where an account has none, the answer does not name them.
LEFT_OUT_WHERE_EMPTY = {"QueueUrls"}


def inventory(stack):
    """Everything that exists in the account, by kind."""
    found = {}
    for kind, (service, operation, key, name) in LISTS.items():
        answer = getattr(stack.client(service), operation)()
        listed = answer.get(key, []) if key in LEFT_OUT_WHERE_EMPTY else answer[key]
        found[kind] = {one[name] if name else one for one in listed}
    policies = stack.client("iam").list_policies(Scope="Local")["Policies"]
    found["IAM policies"] = {policy["PolicyName"] for policy in policies}
    keys = stack.client("kms")
    # AWS keeps a key for its waiting period, here thirty days, in which it cannot be used.
    found["keys"] = {
        key["KeyId"]
        for key in keys.list_keys()["Keys"]
        if keys.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
    }
    return found


def decommission(stack, stack_file):
    command = [sys.executable, "-m", "tools", "decommission", "--all", "--yes"]
    done = subprocess.run(
        [*command, "--stack", str(stack_file)],
        cwd=ROOT,
        env=stack.endpoint.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.failure_mode("O3")
@pytest.mark.timeout(1500)
def test_decommission_and_destroy_leave_nothing(workspace, account, tmp_path):
    key = ClaimKey(tmp_path / "claim")
    variables = {"name_prefix": "gone", "claim_csrs": {"line-1": key.csr_pem}}
    example = workspace(EXAMPLE, **variables)
    nothing = Stack({"name_prefix": "gone"}, account, tmp_path)
    before = inventory(nothing)

    example.apply()
    stack = Stack(example.outputs(), account, tmp_path / "devices")
    claim = key.claim(stack.template()["claim_certificates"]["line-1"]["pem"])
    for number, kind in enumerate(KINDS):
        stack.enrol(f"SN-{number}", device_type=kind)
        stack.provision(f"SN-{number}", kind, claim=claim if number % 2 else None)
    during = inventory(stack)
    assert {kind for kind in during if during[kind] - before[kind]} == set(during) - {
        "CAs",
    }

    decommission(stack, example.stack_file())
    after_devices = inventory(stack)
    assert after_devices["things"] == before["things"]
    # The claim certificate is Terraform's.
    claims = {stack.template()["claim_certificates"]["line-1"]["id"]}
    assert after_devices["certificates"] == before["certificates"] | claims

    example.set({**variables, "deletion_protection": False})
    example.apply()
    example.destroy()

    assert example.resources() == []
    assert inventory(stack) == before


@pytest.mark.timeout(1500)
def test_devices_that_came_just_in_time_are_decommissioned_as_well(workspace, account, tmp_path):
    """Also those that came to nothing: a certificate that waits, one that the gate refused."""
    sensors, gateways = Maker({"CommonName": "sensors"}), Maker({"CommonName": "gateways"})
    variables = {
        "name_prefix": "gone",
        "sensor_cas": {"sensor-maker": sensors.certificate_pem},
        "gateway_cas": {"gateway-maker": gateways.certificate_pem},
    }
    example = workspace(JUST_IN_TIME, **variables)
    before = inventory(Stack({"name_prefix": "gone"}, account, tmp_path))

    example.apply()
    stack = Stack(example.outputs(), account, tmp_path / "devices")

    def sensor(number, country):
        name = f"gone-sensor-{number}"
        subject = {"CommonName": name, "SerialNumber": number, "Country": country}
        return sensors.device(subject), name

    def gateway(number):
        subject = {"SerialNumber": number, "Organization": "Northwind"}
        return gateways.device(subject), f"gone-{number}"

    stack.enrol("SN-1", device_type="gateway")
    with stack.own_name:
        for device in (sensor("1", "DE"), gateway("SN-1")):
            stack.come_up(*device)
        for device in (sensor("2", "IT"), gateway("SN-2")):
            with pytest.raises(NotAdmitted):
                stack.come_up(*device, retry=IN_VAIN)
    during = inventory(stack)
    assert {"gone-sensor-1", "gone-SN-1"} <= during["things"]
    assert len(during["certificates"] - before["certificates"]) == 4
    assert {kind for kind in during if during[kind] - before[kind]} == set(during) - {
        "IAM policies",
    }

    decommission(stack, example.stack_file())
    after_devices = inventory(stack)
    assert after_devices["things"] == before["things"]
    assert after_devices["certificates"] == before["certificates"]
    assert after_devices["CAs"] == during["CAs"]

    example.set({**variables, "deletion_protection": False})
    example.apply()
    example.destroy()

    assert example.resources() == []
    assert inventory(stack) == before
