"""A stack whose registry is another account's: what the table's policy lets in, and no more."""

import dataclasses
import json
import secrets
import time

import pytest
from botocore.exceptions import ClientError

from device_registry.record import Status, to_item
from tests.support import terraform as support
from tests.support.capabilities import Capability, skip_without
from tests.support.endpoint import client, new_account
from tests.support.stack import Stack, root_module
from tests.support.terraform import Workspace
from tools.device.failures import Rejected

pytestmark = [pytest.mark.endpoint, pytest.mark.drill]

KIND = "gateway"


@dataclasses.dataclass(frozen=True)
class Central:
    """Two accounts.

    Attributes:
        registry: Of the account that has the table, and nothing else.
        plant: A stack in the other account, without a table.
        table_arn: Of the table.
    """

    registry: Stack
    plant: Stack
    table_arn: str


@pytest.fixture(scope="module")
def central(auth_endpoint, tmp_path_factory):
    skip_without(Capability.IAM_ENFORCED, auth_endpoint)
    directory = tmp_path_factory.mktemp("central")
    owner, other = new_account(auth_endpoint), new_account(auth_endpoint)
    copy = support.stage(directory / "copy")
    shared = {"shared_with": {other.account_id: {"name_prefix": "plant", "role_path": "/iot/"}}}
    table = Workspace(copy, "tests/terraform/fixtures/device-registry", owner, shared).init()
    table.apply()
    made = table.outputs()
    key = client(other, "kms").create_key()["KeyMetadata"]["Arn"]
    variables = {
        "name_prefix": "plant",
        "device_types": {KIND: {}},
        "templates": {"factory": {}},
        "registry": {
            "existing_table": {"arn": made["table_arn"], "kms_key_arn": made["kms_key_arn"]}
        },
        "logs": {"kms_key_arn": key},
        "iam": {"path": "/iot/"},
        "monitoring": {"enabled": False},
        "prune_template_versions": False,
    }
    workspace = root_module(copy, other, variables)
    workspace.apply()
    assert not workspace.plan().changed
    outputs = {"name_prefix": "plant", "registry_table_name": made["table_name"]}
    registry = Stack(outputs, owner, directory / "nothing")
    plant = Stack(workspace.outputs(), other, directory / "devices")
    yield Central(registry, plant, made["table_arn"])
    for stack in (registry, plant):
        stack.transport.close()


@pytest.fixture
def serial_number(central):
    number = f"SN-{secrets.token_hex(4)}"
    central.registry.enrol(number, device_type=KIND)
    return number


def test_a_device_of_the_other_account_is_let_in_confirmed_and_cut_off(central, serial_number):
    central.plant.provision(serial_number, KIND)
    record = central.registry.in_service(serial_number)
    assert record.thing_name == f"plant-{serial_number}"
    # No stream tells that account: the next sweep does.
    cut = dataclasses.replace(
        record,
        status=Status.SUSPENDED,
        suspended_from=Status.ACTIVE,
        status_changed_at=int(time.time()),
    )
    central.registry.client("dynamodb").put_item(
        TableName=central.registry.outputs["registry_table_name"], Item=to_item(cut)
    )
    sweep = central.plant.outputs["device_lifecycle"]["functions"]["sweep"]["name"]
    answer = central.plant.client("lambda").invoke(FunctionName=sweep, Qualifier="live")
    assert "FunctionError" not in answer, answer["Payload"].read()
    described = central.plant.client("iot").describe_certificate(
        certificateId=record.certificate_id
    )
    assert described["certificateDescription"]["status"] == "INACTIVE"


def test_nobody_else_of_that_account_reads_the_table(central, serial_number):
    with pytest.raises(ClientError) as refused:
        central.plant.client("dynamodb").get_item(
            TableName=central.table_arn, Key={"serialNumber": {"S": serial_number}}
        )
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_without_the_tables_policy_a_device_is_refused(central, serial_number):
    table = central.registry.client("dynamodb")
    policy = table.get_resource_policy(ResourceArn=central.table_arn)["Policy"]
    table.delete_resource_policy(ResourceArn=central.table_arn)
    try:
        with pytest.raises(Rejected) as refused:
            central.plant.provision(serial_number, KIND)
    finally:
        table.put_resource_policy(ResourceArn=central.table_arn, Policy=policy)
    assert refused.value.operation == "RegisterThing"
    decided = [one["reason"] for one in central.plant.decisions(serial_number)]
    assert decided == ["REGISTRY_UNAVAILABLE"]
    assert central.registry.record(serial_number).status is Status.ENROLLED


def test_the_table_names_the_functions_roles_alone(central):
    policy = central.registry.client("dynamodb").get_resource_policy(ResourceArn=central.table_arn)
    statements = json.loads(policy["Policy"])["Statement"]
    named = {arn for one in statements for arn in one["Condition"]["ArnLike"]["aws:PrincipalArn"]}
    prefix, region = "arn:aws:iam::*:role/iot/plant-", central.plant.endpoint.region
    functions = ("provisioning-hook", "*-gate", "lifecycle-confirmation", "lifecycle-sweep")
    assert named == {f"{prefix}{function}-{region}" for function in functions}
