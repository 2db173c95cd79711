"""Devices with a claim: what claim certificates, the hook and the template's role need."""

import contextlib
import json
import secrets
from collections.abc import Iterator

from botocore.exceptions import ClientError

from device_registry.record import ReprovisionPolicy
from tests.e2e.fleet import Fleet
from tests.least_privilege.flows.flow import Broken, flow, forget, see, serial, soon, step
from tests.least_privilege.stacks import CHOICES, CLAIM, COMPLETE, GATEWAY
from tests.support.stack import Stack
from tools.claims import csr
from tools.device.model import DeviceSpec, registration_parameters
from tools.device.session import SdkSession

KEYS = "$aws/certificates/create"
CSR = "$aws/certificates/create-from-csr"
BY_JSON = "iot:Publish iot:Subscribe iot:Receive iot:*/json iot:*/json/*"
BY_CBOR = "iot:Publish?on?*/cbor iot:Subscribe?on?*/cbor/*"
REGISTRATION = (
    "iot:CreateThing iot:AttachThingPrincipal iot:AddThingToThingGroup iot:UpdateCertificate "
    "iot:AttachPolicy"
)


@contextlib.contextmanager
def enrolled(stack: Stack, **fields: object) -> Iterator[str]:
    """The serial number of a gateway that may come."""
    number = serial()
    stack.enrol(number, device_type=GATEWAY, **fields)
    try:
        yield number
    finally:
        forget(stack, number)


@flow(
    "a device with a claim certificate is registered",
    COMPLETE,
    {
        ("*-provision", "provisioning-role"): REGISTRATION,
        ("*-provision", "provisioning-trust"): "sts:AssumeRole",
        ("provisioning-hook", "registry-claim"): "dynamodb:UpdateItem",
        ("called by a provisioning template", "lambda-permission"): "lambda:InvokeFunction",
    },
)
def registered(stack: Fleet) -> None:
    with enrolled(stack) as number, step("registration"):
        stack.admit(number, GATEWAY, line=CLAIM)


@flow(
    "a device in service gets a new certificate",
    COMPLETE,
    {("*-provision", "provisioning-role"): "iot:UpdateThing"},
)
def replaced(stack: Fleet) -> None:
    with enrolled(stack, reprovision_policy=ReprovisionPolicy.REPLACE) as number:
        stack.client("iot").create_thing(
            thingName=f"{stack.name_prefix}-{number}",
            thingTypeName=f"{stack.name_prefix}-{GATEWAY}",
            attributePayload={"attributes": {"location": "elsewhere"}},
        )
        with step("registration"):
            stack.admit(number, GATEWAY, line=CLAIM)


@flow(
    "a device leaves the group that it was in",
    CHOICES,
    {("*-provision", "provisioning-role"): "iot:RemoveThingFromThingGroup"},
)
def moved(stack: Fleet) -> None:
    with enrolled(stack) as number:
        iot, name = stack.client("iot"), f"{stack.name_prefix}-{number}"
        group = f"{stack.name_prefix}-{secrets.token_hex(4)}"
        iot.create_thing_group(thingGroupName=group)
        iot.create_thing(thingName=name, thingTypeName=f"{stack.name_prefix}-{GATEWAY}")
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=name)
        with step("registration"):
            stack.provision(number, GATEWAY)


@flow(
    "a device asks for keys and is registered, topic by topic",
    COMPLETE,
    {
        ("every claim", "claim-register"): f"iot:Connect {BY_JSON}",
        ("every claim, keys", "claim-certificate"): (
            "iot:Publish iot:Subscribe iot:Receive iot:*/json iot:Subscribe?*/json/* "
            "iot:*/json/accepted"
        ),
    },
)
def topics(stack: Fleet) -> None:
    client_id = f"{stack.template()['claim_client_id_prefix']}{serial()}"
    template = f"$aws/provisioning-templates/{stack.template()['name']}/provision"
    claim = stack.claims[CLAIM].credentials()
    with (
        enrolled(stack) as number,
        step("claim"),
        stack.session(claim, client_id) as session,
    ):
        for topic in (f"{KEYS}/json", f"{template}/json"):
            session.subscribe(f"{topic}/accepted")
            session.subscribe(f"{topic}/rejected")
        issued = answer(session, f"{KEYS}/json", b"{}", "accepted")
        request = {
            "certificateOwnershipToken": issued["certificateOwnershipToken"],
            "parameters": registration_parameters(DeviceSpec(number, GATEWAY)),
        }
        answer(session, f"{template}/json", b"no json", "rejected")
        answer(session, f"{template}/json", json.dumps(request).encode(), "accepted")


def answer(session: SdkSession, topic: str, payload: bytes, outcome: str) -> dict:
    """Publish, and return what comes on `accepted` or `rejected`."""
    session.publish(topic, payload)
    wanted = f"{topic}/{outcome}"

    def heard() -> list[bytes]:
        return [message.payload for message in session.messages() if message.topic == wanted]

    see(soon(heard, 5), f"nothing arrives on {outcome}")
    return json.loads(heard()[-1])


@flow(
    "a device sends its signing request",
    COMPLETE,
    {
        ("every claim, CSR", "claim-certificate"): (
            "iot:Publish iot:Subscribe iot:Publish?on?*/json iot:Subscribe?on?*/json/*"
        )
    },
)
def signing_request(stack: Fleet) -> None:
    ask(stack, f"{CSR}/json", json.dumps({"certificateSigningRequest": new_request()}).encode())


@flow(
    "a device speaks CBOR",
    COMPLETE,
    {
        ("every claim", "claim-register"): BY_CBOR,
        ("every claim, keys", "claim-certificate"): BY_CBOR,
        ("every claim, CSR", "claim-certificate"): BY_CBOR,
    },
)
def cbor(stack: Fleet) -> None:
    empty_map = b"\xa0"
    template = f"$aws/provisioning-templates/{stack.template()['name']}/provision"
    for topic in (KEYS, CSR, template):
        ask(stack, f"{topic}/cbor", empty_map)


def ask(stack: Fleet, topic: str, payload: bytes) -> None:
    """Subscribe to the answers and send a request; whether somebody answers is another matter."""
    client_id = f"{stack.template()['claim_client_id_prefix']}{serial()}"
    with step("claim"), stack.session(stack.claims[CLAIM].credentials(), client_id) as session:
        session.subscribe(f"{topic}/accepted")
        session.subscribe(f"{topic}/rejected")
        session.publish(topic, payload)


def new_request() -> str:
    """A signing request."""
    return csr.create(csr.KeyType.EC_P256, "device")[1].decode()


@flow(
    "a trusted user issues a claim",
    COMPLETE,
    {("*-trusted-user", "trusted-user"): "iot:CreateProvisioningClaim iot:DescribeEndpoint"},
)
def trusted(stack: Fleet) -> None:
    iot = stack.client("iot", **stack.user(stack.template()["trusted_user_policy_arn"]))
    with step("claim"):
        iot.create_provisioning_claim(templateName=stack.template()["name"])
        iot.describe_endpoint(endpointType="iot:Data-ATS")


@flow(
    "attack: another template of the account calls the hook",
    COMPLETE,
    {("called by a provisioning template", "lambda-permission"): "AWS:SourceArn"},
)
def other_template(stack: Fleet) -> None:
    ours, iot = stack.describe_template(), stack.client("iot")
    name = f"other-{secrets.token_hex(4)}"
    try:
        iot.create_provisioning_template(
            templateName=name,
            templateBody=ours["templateBody"],
            provisioningRoleArn=ours["provisioningRoleArn"],
            preProvisioningHook=ours["preProvisioningHook"],
        )
    except ClientError as error:
        if "lambda validation" not in str(error):
            raise
        return
    iot.delete_provisioning_template(templateName=name)
    raise Broken("the attack gets through: AWS IoT accepts the hook for a foreign template")
