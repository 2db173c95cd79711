"""The canary: finds what keeps devices out, names it, and leaves nothing behind."""

import contextlib
import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from canary import registry
from canary.checks import NOT_REACHED, Name
from device_registry import names
from device_registry.record import Status, status_shard
from tests.support import terraform as support
from tests.support.canary import run_canary
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import new_account, session, using
from tests.support.stack import Stack, root_module
from tests.support.terraform import Workspace
from tools.cli.main import cli
from tools.verification.run import verify

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

KIND = "pressure-sensor"
TEMPLATE = "field-service"


def verified(stack, **outputs):
    endpoint = stack.endpoint
    with using(endpoint):
        return verify(
            {**stack.outputs, **outputs},
            session(endpoint),
            address=endpoint.mqtt_host,
            port=endpoint.mqtt_port,
            ca_file=Path(endpoint.ca_file) if endpoint.ca_file else None,
            template=TEMPLATE,
            device_type=KIND,
        )


def what_there_is(stack):
    """Things, certificates, records and who is in which group."""
    iot, table = stack.client("iot"), stack.outputs["registry_table_name"]
    certificates = iot.get_paginator("list_certificates").paginate()
    records = stack.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    group = stack.outputs["device_types"][KIND]["thing_group_name"]
    members = iot.get_paginator("list_things_in_thing_group").paginate(thingGroupName=group)
    return (
        stack.thing_names(),
        {one["certificateArn"] for page in certificates for one in page["certificates"]},
        {one["serialNumber"]["S"] for page in records for one in page["Items"]},
        {one for page in members for one in page["things"]},
    )


def shadows_of(stack, detail):
    """What is left of the shadows of the run that this detail names."""
    serial = next(word for word in detail.split() if word.startswith("canary-"))
    data = stack.client("iot-data")
    found = []
    for suffix in ("", "-stranger", "-neighbour"):
        with contextlib.suppress(data.exceptions.ResourceNotFoundException):
            data.get_thing_shadow(thingName=f"{stack.name_prefix}-{serial}{suffix}")
            found.append(suffix)
    return found


@contextlib.contextmanager
def changed_hook(stack, **configuration):
    """Another version of the hook answers for a while."""
    functions, name = stack.client("lambda"), stack.outputs["hook_function_name"]
    place = {"FunctionName": name, "Name": "live"}
    version = functions.get_alias(**place)["FunctionVersion"]
    before = functions.get_function_configuration(FunctionName=name)
    kept = {"Handler": before["Handler"], "Environment": before["Environment"]}
    functions.update_function_configuration(FunctionName=name, **configuration)
    try:
        broken = functions.publish_version(FunctionName=name)["Version"]
        functions.update_alias(**place, FunctionVersion=broken)
        yield
    finally:
        functions.update_alias(**place, FunctionVersion=version)
        functions.update_function_configuration(FunctionName=name, **kept)


@contextlib.contextmanager
def broken_hook(stack):
    with changed_hook(stack, Handler="provisioning_hook.handler.gone"):
        yield


@contextlib.contextmanager
def hook_that_asks_another_table(stack):
    name = stack.outputs["hook_function_name"]
    functions = stack.client("lambda")
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]
    elsewhere = environment["Variables"] | {"DEVICE_REGISTRY_TABLE": "elsewhere"}
    with changed_hook(stack, Environment={"Variables": elsewhere}):
        yield


def hook_that_nobody_may_call(stack):
    return stack.uncallable_hook(TEMPLATE)


@contextlib.contextmanager
def role_that_may_not(stack):
    with stack.without(f"{TEMPLATE}-provision", "iot:AttachPolicy"):
        yield


@contextlib.contextmanager
def missing_policy(stack):
    iot, name = stack.client("iot"), stack.outputs["device_types"][KIND]["policy_name"]
    document = iot.get_policy(policyName=name)["policyDocument"]
    pages = iot.get_paginator("list_targets_for_policy").paginate(policyName=name)
    targets = [target for page in pages for target in page["targets"]]
    for target in targets:
        iot.detach_policy(policyName=name, target=target)
    iot.delete_policy(policyName=name)
    try:
        yield
    finally:
        iot.create_policy(policyName=name, policyDocument=document)
        for target in targets:
            iot.attach_policy(policyName=name, target=target)


@contextlib.contextmanager
def policy_for_everybody(stack):
    """Devices may publish what they like."""
    iot, name = stack.client("iot"), stack.outputs["device_types"][KIND]["policy_name"]
    first = iot.get_policy(policyName=name)["defaultVersionId"]
    wide = {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}
    version = iot.create_policy_version(
        policyName=name,
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [wide]}),
        setAsDefault=True,
    )["policyVersionId"]
    try:
        yield
    finally:
        iot.set_default_policy_version(policyName=name, policyVersionId=first)
        iot.delete_policy_version(policyName=name, policyVersionId=version)


@contextlib.contextmanager
def disabled_template(stack):
    iot, name = stack.client("iot"), stack.template(TEMPLATE)["name"]
    iot.update_provisioning_template(templateName=name, enabled=False)
    try:
        yield
    finally:
        iot.update_provisioning_template(templateName=name, enabled=True)


def test_where_all_is_well_it_says_so_and_leaves_nothing(guarded):
    before = what_there_is(guarded)
    verification = verified(guarded)
    assert [check for check in verification.checks if not check.passed] == []
    assert verification.passed
    assert what_there_is(guarded) == before
    assert shadows_of(guarded, verification.checks[-1].detail) == []


def test_the_command_says_the_same_and_what_only_an_account_can_answer(guarded, tmp_path):
    endpoint, stack = guarded.endpoint, tmp_path / "stack.json"
    stack.write_text(json.dumps({name: {"value": one} for name, one in guarded.outputs.items()}))
    place = ["--account", endpoint.account_id, "--region", endpoint.region, "--stack", str(stack)]
    broker = ["--address", endpoint.mqtt_host, "--port", str(endpoint.mqtt_port)]
    trusted = ["--ca-file", endpoint.ca_file] if endpoint.ca_file else []
    with using(endpoint):
        asked = ["verify", *place, *broker, *trusted, "--device-type", KIND, "--points", "--json"]
        result = CliRunner().invoke(cli, asked)
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert told["passed"]
        assert told["points"][0]["seen"].startswith("refused with 403")
        assert all(point["seen"] for point in told["points"])

        elsewhere = CliRunner().invoke(cli, [*asked, "--account", "999988887777"])
    assert elsewhere.exit_code == 2
    assert f"The credentials are those of account {endpoint.account_id}" in elsewhere.output


@pytest.mark.parametrize(
    ("planted", "check", "cause"),
    [
        (broken_hook, "registration", "The hook is broken"),
        (hook_that_asks_another_table, "registration", "the table that it is told of is gone"),
        (hook_that_nobody_may_call, "registration", "its permission was removed"),
        (role_that_may_not, "registration", "The provisioning role lacks a permission"),
        (missing_policy, "registration", "The policy acme-pressure-sensor is missing"),
        (policy_for_everybody, "another's shadow", "lets devices publish for others"),
        (disabled_template, "stack", "is disabled"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_found_and_named(guarded, planted, check, cause):
    before = what_there_is(guarded)
    with planted(guarded):
        verification = verified(guarded)
    failed = [one for one in verification.checks if not one.passed and one.detail != NOT_REACHED]
    assert [one.name for one in failed] == [check]
    assert cause in failed[0].detail
    names = [one.name for one in verification.checks]
    after = verification.checks[names.index(check) + 1 : -1]
    assert {one.detail for one in after} == {NOT_REACHED}
    removal = verification.checks[-1]
    # Nothing was made by a run that found the stack itself at fault.
    assert removal.passed == (check != Name.STACK)
    if removal.passed:
        assert shadows_of(guarded, removal.detail) == []
    assert what_there_is(guarded) == before


def test_a_table_that_there_never_was_is_named(guarded):
    verification = verified(guarded, registry_table_name="acme-elsewhere")
    assert "The registry's table acme-elsewhere is gone" in verification.checks[0].detail
    assert {one.detail for one in verification.checks[1:]} == {NOT_REACHED}


@pytest.mark.drill
def test_a_table_that_is_gone_is_found_and_named(auth_endpoint, tmp_path):
    """The registry of a stack of its own, which is of no use to anybody afterwards."""
    account = new_account(auth_endpoint)
    variables = {
        "name_prefix": "acme",
        "device_types": {KIND: {}},
        "templates": {TEMPLATE: {}},
        "device_lifecycle": {"enabled": False},
        "monitoring": {"enabled": False},
        "prune_template_versions": False,
    }
    workspace = root_module(support.stage(tmp_path / "copy"), account, variables)
    workspace.apply()
    stack = Stack(workspace.outputs(), account, tmp_path / "devices")
    stack.transport.close()
    assert verified(stack).passed

    table, name = stack.client("dynamodb"), stack.outputs["registry_table_name"]
    table.update_table(TableName=name, DeletionProtectionEnabled=False)
    table.delete_table(TableName=name)
    table.get_waiter("table_not_exists").wait(TableName=name)
    verification = verified(stack)
    assert not verification.passed
    assert f"The registry's table {name} is gone" in verification.checks[0].detail
    assert {one.detail for one in verification.checks[1:]} == {NOT_REACHED}


@pytest.fixture(scope="module")
def function_name(guarded, tmp_path_factory):
    """The scheduled function, in an account that has the rest already."""
    table_name = guarded.outputs["registry_table_name"]
    table = guarded.client("dynamodb").describe_table(TableName=table_name)["Table"]
    parameters = f"/iot-provisioning/{guarded.name_prefix}/device-types"
    stack = {
        "name_prefix": guarded.name_prefix,
        "table_name": table_name,
        "table_arn": table["TableArn"],
        "kms_key_arn": table["SSEDescription"]["KMSMasterKeyArn"],
        "template": {
            name: guarded.template(TEMPLATE)[name] for name in ("name", "claim_client_id_prefix")
        },
        "device_type": KIND,
        "first_shadow_parameter_name": f"{parameters}/{KIND}/first-shadow",
    }
    workspace = Workspace(
        support.stage(tmp_path_factory.mktemp("canary")),
        "tests/terraform/fixtures/canary",
        guarded.endpoint,
        {"stack": stack},
    )
    workspace.init().apply()
    yield workspace.outputs()["canary"]["function_name"]
    workspace.destroy("-refresh=false")


def test_the_scheduled_function_runs_as_its_own_role(guarded, function_name):
    abandoned, young = registry.serial_number(), registry.serial_number()
    assert status_shard(Status.ENROLLED, abandoned).endswith(registry.SHARD)
    long_ago = int(time.time()) - registry.ABANDONED_SECONDS - 60
    before = what_there_is(guarded)
    guarded.enrol(young, device_type=KIND)
    guarded.enrol(abandoned, device_type=KIND)
    guarded.provision(abandoned, KIND, key=TEMPLATE)
    guarded.in_service(abandoned)
    guarded.client("dynamodb").update_item(
        TableName=guarded.outputs["registry_table_name"],
        Key={"serialNumber": {"S": abandoned}},
        UpdateExpression="SET enrolledAt = :then, enrolledBy = :by, homeRegion = :home",
        ExpressionAttributeValues={
            ":then": {"N": str(long_ago)},
            ":by": {"S": names.CANARY},
            ":home": {"S": guarded.endpoint.region},
        },
    )

    checks = run_canary(guarded, function_name)

    assert [check for check in checks if not check["passed"]] == []
    assert abandoned in checks[-1]["detail"]
    things, certificates, records, members = what_there_is(guarded)
    assert (things, certificates, records - {young}, members) == before
    assert young in records
    guarded.client("dynamodb").delete_item(
        TableName=guarded.outputs["registry_table_name"], Key={"serialNumber": {"S": young}}
    )
    runs = [
        line
        for line in guarded.log_entries(f"/aws/lambda/{function_name}")
        if line.get("event") == "canary"
    ]
    assert [(run["outcome"], run["failed"]) for run in runs] == [("passed", 0)]
