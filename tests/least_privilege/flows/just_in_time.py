"""Devices with certificates of their makers: what the JITP role and the gate need."""

import contextlib
from collections.abc import Iterator

from device_registry.record import Status
from tests.e2e.just_in_time import GATEWAY, GATEWAYS, Device, JustInTime
from tests.least_privilege.flows.flow import flow, forget, invoke, see, soon
from tests.least_privilege.stacks import JUST_IN_TIME

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
