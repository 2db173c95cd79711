"""What is left of a stack in use after decommissioning its devices and destroying it: nothing.

Slow where the endpoint is as strict as AWS, which deletes a thing type five minutes after its
deprecation at the earliest (the provider tries for six). The embedded endpoint does not insist.
"""

import subprocess
import sys

import pytest

from tests.support.stack import ClaimKey, Stack
from tests.support.terraform import ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint, pytest.mark.slow]

EXAMPLE = "terraform/examples/complete"
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
    "templates": ("iot", "list_provisioning_templates", "templates", "templateName"),
    "topic rules": ("iot", "list_topic_rules", "rules", "ruleName"),
    "queues": ("sqs", "list_queues", "QueueUrls", None),
    "event rules": ("events", "list_rules", "Rules", "Name"),
    "stream mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "parameters": ("ssm", "describe_parameters", "Parameters", "Name"),
    "key aliases": ("kms", "list_aliases", "Aliases", "AliasName"),
}


def inventory(stack):
    """Everything that exists in the account, by kind."""
    found = {}
    for kind, (service, operation, key, name) in LISTS.items():
        answer = getattr(stack.client(service), operation)()
        # Amazon SQS leaves out what is empty.
        found[kind] = {one[name] if name else one for one in answer.get(key, [])}
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
        "alarms",
        "dashboards",
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
