"""Devices with certificates of their makers: what the JITP role and the gate need."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from device_registry.record import Status
from tests.e2e.just_in_time import GATEWAY, GATEWAYS, Device, JustInTime
from tests.least_privilege.flows.flow import flow, forget, invoke, see, serial, soon, status
from tests.least_privilege.stacks import CHOICES, JUST_IN_TIME, Choices
from tools.device.failures import ConnectionRefused

HASH = re.compile("[0-9a-f]{64}")
STAND_IN = (
    "iot:CreateThing iot:DescribeThing iot:AttachThingPrincipal iot:AddThingToThingGroup "
    "iot:UpdateCertificate iot:AttachPolicy iot:GetPolicy"
)


@flow(
    "a sensor of a known maker is provisioned just in time",
    JUST_IN_TIME,
    {
        ("*-jitp", "provisioning-role"): STAND_IN,
        ("*-jitp", "provisioning-trust"): "sts:AssumeRole",
    },
)
def provisioned(stack: JustInTime) -> None:
    device = stack.sensor()
    stack.knock(device)
    active = soon(lambda: stack.status(device) == "ACTIVE", 3)
    see(active, f"its certificate stays {stack.status(device)}")
    see(stack.has_thing(device), "it has no thing")


@flow(
    "a sensor whose thing exists is provisioned just in time",
    JUST_IN_TIME,
    {("*-jitp", "provisioning-role"): "iot:UpdateThing"},
)
def provisioned_again(stack: JustInTime) -> None:
    device = stack.sensor()
    stack.client("iot").create_thing(
        thingName=device.thing_name, attributePayload={"attributes": {"location": "elsewhere"}}
    )
    stack.knock(device)
    active = soon(lambda: stack.status(device) == "ACTIVE", 3)
    see(active, f"its certificate stays {stack.status(device)}")


@flow(
    "a lamp's policy is made just in time",
    CHOICES,
    {("*-jitp", "provisioning-role"): "iot:CreatePolicy"},
)
def policy_made(stack: Choices) -> None:
    iot, name = stack.client("iot"), f"{stack.name_prefix}-lamp-{serial()}"
    remove_made_policies(iot)
    device = Device(stack.maker.device({"CommonName": name}), name, name)
    with contextlib.suppress(ConnectionRefused):
        stack.own_name.connect(device.credentials, name).close()
    active = soon(lambda: status(stack, device.certificate_id) == "ACTIVE", 3)
    see(active, "its certificate stays PENDING_ACTIVATION")


def remove_made_policies(iot: Any) -> None:
    """Remove the policy that the last lamp has, which is named by the hash of its document."""
    for policy in iot.list_policies()["policies"]:
        name = policy["policyName"]
        if HASH.fullmatch(name):
            for target in iot.list_targets_for_policy(policyName=name)["targets"]:
                iot.detach_policy(policyName=name, target=target)
            iot.delete_policy(policyName=name)


@contextlib.contextmanager
def at_the_gate(stack: JustInTime) -> Iterator[Device]:
    """An enrolled gateway whose certificate waits for a decision."""
    device = stack.enrolled_gateway()
    stack.knock(device)
    try:
        yield device
    finally:
        forget(stack, device.serial_number)


def decided(stack: JustInTime, device: Device) -> None:
    """Let the gate decide, and see that the device is in."""
    invoke(stack, stack.ca(GATEWAYS)["function_name"], stack.event(device))
    see(stack.status(device) == "ACTIVE", f"its certificate is {stack.status(device)}")
    see(stack.has_thing(device), "it has no thing")


@flow(
    "an enrolled gateway is let in at the gate",
    JUST_IN_TIME,
    {
        ("*-gw-gate", "jitr-gate"): (
            "iot:DescribeCertificate iot:UpdateCertificate iot:AttachPolicy iot:CreateThing "
            "iot:AttachThingPrincipal iot:AddThingToThingGroup"
        ),
        ("*-gw-gate", "jitr-crl"): "s3:GetObject",
        ("*-gw-gate", "registry-claim"): "dynamodb:UpdateItem",
    },
)
def admitted(stack: JustInTime) -> None:
    with at_the_gate(stack) as device:
        decided(stack, device)
        record = stack.record(device.serial_number)
        see(record and record.status is Status.PROVISIONING, "the claim was not taken")


@flow(
    "a gateway whose thing exists is let in at the gate",
    JUST_IN_TIME,
    {("*-gw-gate", "jitr-gate"): "iot:DescribeThing iot:UpdateThing"},
)
def admitted_again(stack: JustInTime) -> None:
    with at_the_gate(stack) as device:
        stack.client("iot").create_thing(
            thingName=device.thing_name,
            thingTypeName=f"{stack.name_prefix}-{GATEWAY}",
            attributePayload={"attributes": {"location": "elsewhere"}},
        )
        decided(stack, device)
