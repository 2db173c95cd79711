"""Two hundred kinds of device behind one template and one hook."""

import json

import pytest

from tests.support.stack import Stack

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

COUNT = 200
BODY_LIMIT = 10_240
ENVIRONMENT_LIMIT = 4_096
KINDS = [f"kind-{number:03}" for number in range(1, COUNT + 1)]


@pytest.fixture(scope="module")
def stack(root, tmp_path_factory):
    workspace, account = root(
        name_prefix="many",
        device_types={kind: {"topics": {"publish": ["telemetry"]}} for kind in KINDS},
        templates={"factory": {}},
        # They do not grow with the kinds, and take their time.
        device_lifecycle={"enabled": False},
        monitoring={"enabled": False},
    )
    workspace.apply()
    return Stack(workspace.outputs(), account, tmp_path_factory.mktemp("devices"))


def test_every_kind_exists(stack):
    assert sorted(stack.outputs["device_types"]) == KINDS
    iot = stack.client("iot")
    names = {f"many-{kind}" for kind in KINDS}
    types = iot.get_paginator("list_thing_types").paginate()
    policies = iot.get_paginator("list_policies").paginate()
    assert names <= {one["thingTypeName"] for page in types for one in page["thingTypes"]}
    assert names <= {one["policyName"] for page in policies for one in page["policies"]}


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[99], KINDS[199]])
def test_a_device_of_any_kind_is_given_what_is_its_kinds(stack, kind):
    serial = f"SN-{kind}"
    stack.enrol(serial, device_type=kind)
    result = stack.provision(serial, kind)
    assert stack.thing(serial)["thingTypeName"] == f"many-{kind}"
    iot = stack.client("iot")
    groups = iot.list_thing_groups_for_thing(thingName=result.thing_name)["thingGroups"]
    assert [group["groupName"] for group in groups] == [f"many-{kind}"]
    (principal,) = iot.list_thing_principals(thingName=result.thing_name)["principals"]
    policies = iot.list_attached_policies(target=principal)["policies"]
    assert [policy["policyName"] for policy in policies] == [f"many-{kind}"]


def test_neither_template_nor_environment_knows_the_kinds(stack):
    body = stack.describe_template()["templateBody"]
    function = stack.client("lambda").get_function_configuration(
        FunctionName=stack.outputs["hook_function_name"], Qualifier="live"
    )
    environment = json.dumps(function["Environment"]["Variables"])
    assert not [kind for kind in KINDS if kind in body or kind in environment]
    assert len(body) < BODY_LIMIT / 4
    assert len(environment) < ENVIRONMENT_LIMIT / 4
