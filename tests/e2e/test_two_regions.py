"""examples/multi-region, applied: how the parts of two Regions fit together."""

import json

import pytest

from tests.e2e.regions import CLAIM, GATEWAYS
from tools.cli.stack import read
from tools.device.failover import CONFIGURATION_KEY, configured_names
from tools.device.session import discover_host_name

pytestmark = [pytest.mark.endpoint, pytest.mark.drill]


def environment(stack, function):
    configuration = stack.client("lambda").get_function_configuration(FunctionName=function)
    return configuration["Environment"]["Variables"]


def region(stack):
    return stack.endpoint.region


def test_applied_again_nothing_changes(two_regions):
    plan = two_regions.workspace.plan()
    assert plan.changes == {}
    assert not plan.changed, "only outputs change"


def test_no_private_key_is_in_the_state(two_regions):
    assert "PRIVATE KEY" not in two_regions.workspace.state_text()


def test_the_tools_take_the_stack_of_their_region(two_regions):
    for stack in two_regions.stacks:
        assert read(two_regions.stack_file, lambda stack=stack: region(stack)).template_names == {
            "factory": stack.template()["name"]
        }


def test_both_regions_have_the_same_names_and_functions_in_both_ask_their_replica(two_regions):
    roles = set()
    for stack in two_regions.stacks:
        assert stack.name_prefix == two_regions.first.name_prefix
        assert f":{region(stack)}:" in stack.outputs["registry_table_arn"]
        # IAM is one for the account.
        roles.add(stack.outputs["hook_role_arn"])
        lifecycle = stack.outputs["device_lifecycle"]["functions"]
        for function in (
            stack.outputs["hook_function_name"],
            stack.outputs["certificate_authorities"][GATEWAYS]["function_name"],
            *(lifecycle[name]["name"] for name in ("confirmation", "enforcement", "sweep")),
        ):
            variables = environment(stack, function)
            assert variables["DEFAULT_HOME_REGION"] == region(two_regions.first)
            assert variables["DEVICE_REGISTRY_TABLE"] == stack.outputs["registry_table_name"]
    assert len(roles) == len(two_regions.stacks)


def test_each_region_follows_the_stream_of_its_own_replica(two_regions):
    for stack in two_regions.stacks:
        function = stack.outputs["device_lifecycle"]["functions"]["enforcement"]
        (mapping,) = stack.client("lambda").list_event_source_mappings(
            FunctionName=function["alias_arn"]
        )["EventSourceMappings"]
        table = stack.client("dynamodb").describe_table(
            TableName=stack.outputs["registry_table_name"]
        )["Table"]
        assert mapping["EventSourceArn"] == table["LatestStreamArn"]
        assert table["LatestStreamArn"] == stack.outputs["registry_stream_arn"]
        assert table["SSEDescription"]["KMSMasterKeyArn"] == stack.outputs["kms_key_arn"]
        assert f":{region(stack)}:" in stack.outputs["kms_key_arn"]


def test_a_claim_and_a_ca_are_the_same_in_both(two_regions):
    claims = [stack.template()["claim_certificates"][CLAIM] for stack in two_regions.stacks]
    authorities = [
        stack.outputs["certificate_authorities"][GATEWAYS] for stack in two_regions.stacks
    ]
    for (one, other), name in ((claims, "id"), (authorities, "certificate_id")):
        assert one[name] == other[name]
    for stack, claim in zip(two_regions.stacks, claims, strict=True):
        iot = stack.client("iot")
        described = iot.describe_certificate(certificateId=claim["id"])["certificateDescription"]
        assert (described["status"], described["certificateArn"]) == ("ACTIVE", claim["arn"])
        attached = iot.list_attached_policies(target=claim["arn"])["policies"]
        named = stack.template()["claim_policy_names"].values()
        assert {policy["policyName"] for policy in attached} == set(named)


def test_devices_are_told_both_endpoints_the_own_first(two_regions):
    names = [discover_host_name(stack.client("iot")) for stack in two_regions.stacks]
    for stack, told in zip(two_regions.stacks, (names, names[::-1]), strict=True):
        body = json.loads(stack.describe_template("factory")["templateBody"])
        assert body["DeviceConfiguration"].keys() == {CONFIGURATION_KEY}
        assert configured_names(body["DeviceConfiguration"]) == tuple(told)
    assert len(set(names)) == len(names)
