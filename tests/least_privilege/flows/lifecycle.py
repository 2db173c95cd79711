"""The lifecycle's functions, called as their triggers call them, each with a device of its own."""

import base64
import contextlib
import gzip
import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from device_lifecycle import journal
from device_registry.record import DeviceRecord, ReprovisionPolicy, Status, to_item
from tests.e2e.fleet import Fleet
from tests.least_privilege.flows.flow import (
    Broken,
    certificate,
    flow,
    forget,
    invoke,
    see,
    serial,
    soon,
    status,
)
from tests.least_privilege.stacks import CHOICES, COMPLETE, GATEWAY, Choices
from tests.support.stack import Stack
from tools.checkov.choices import LAMPS
from tools.device.maker import Maker

HOUR = 3_600
# A claim this old is nobody's in the making, and its change is recent all the same.
A_WHILE = 300
PARAMETERS = "/iot-provisioning/{prefix}/device-types/{type}/first-shadow"
SETTINGS = {"interval": 60}

ELSEWHERE = "eu-central-1"

CONFIRMATION, ENFORCEMENT = "lifecycle-confirmation", "lifecycle-enforcement"
AUDIT, SWEEP = "lifecycle-audit", "lifecycle-sweep"


def function(stack: Stack, key: str) -> str:
    """The name of one of the lifecycle's functions."""
    return str(stack.outputs["device_lifecycle"]["functions"][key]["name"])


@contextlib.contextmanager
def record(stack: Stack, status: Status, *, age: int = 0, **fields: Any) -> Iterator[DeviceRecord]:
    """A device's record, with a certificate and a first shadow that has been written."""
    number, now = serial(), int(time.time())
    claimed = {"claimed_at": now - age, "lease_expires_at": now - age + HOUR}
    known = {"device_type": GATEWAY, "shadow_written_at": now} | claimed | fields
    made = DeviceRecord(
        serial_number=number,
        status=status,
        enrolled_at=now - age,
        enrolled_by="test",
        status_changed_at=now - age,
        reprovision_policy=ReprovisionPolicy.NEVER,
        thing_name=f"{stack.name_prefix}-{number}",
        **known,
    )
    table = stack.outputs["registry_table_name"]
    stack.client("dynamodb").put_item(TableName=table, Item=to_item(made))
    try:
        yield made
    finally:
        forget(stack, number)


def now(stack: Stack, before: DeviceRecord) -> DeviceRecord:
    """The record as it is now."""
    found = stack.record(before.serial_number)
    assert found is not None
    return found


def new_type(stack: Stack) -> str:
    """A device type with a first shadow, which no function has asked for yet."""
    name = f"type-{secrets.token_hex(4)}"
    stack.client("ssm").put_parameter(
        Name=PARAMETERS.format(prefix=stack.name_prefix, type=name),
        Value=json.dumps({"name": None, "desired": SETTINGS}),
        Type="String",
    )
    return name


def new_kind(stack: Stack) -> str:
    """The same, with the thing type, the group and the policy that a device of it needs."""
    device_type = new_type(stack)
    iot, name = stack.client("iot"), f"{stack.name_prefix}-{device_type}"
    iot.create_thing_type(thingTypeName=name)
    iot.create_thing_group(thingGroupName=name)
    nothing = {"Effect": "Deny", "Action": "iot:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [nothing]}
    iot.create_policy(policyName=name, policyDocument=json.dumps(policy))
    return device_type


def desired(stack: Stack, thing_name: str) -> Any:
    """The desired part of a thing's shadow, or None."""
    data = stack.client("iot-data")
    try:
        answer = data.get_thing_shadow(thingName=thing_name)
    except data.exceptions.ResourceNotFoundException:
        return None
    return json.loads(answer["payload"].read())["state"]["desired"]


def log(stack: Stack, key: str, **fields: Any) -> list[dict[str, str]]:
    """What one of the functions logged that has these fields."""
    group = stack.outputs["device_lifecycle"]["functions"][key]["log_group_name"]
    return [entry for entry in stack.log_entries(group) if entry.items() >= fields.items()]


def dropped(stack: Stack, key: str, device: DeviceRecord) -> None:
    """Break if the function could not ask for the end of the device's connection.

    Nothing waits for that: the log alone tells.
    """
    told = {"event": journal.CONNECTION_DROPPED, "serialNumber": device.serial_number}
    entries = soon(lambda: log(stack, key, **told), 10)
    see(entries, "no attempt to close the connection is logged")
    outcome = entries[0]["outcome"]
    see(outcome in {"none", "dropped"}, f"closing the connection is logged as {outcome!r}")


# --- confirmation


@flow(
    "the event of a first connection",
    COMPLETE,
    {
        (CONFIRMATION, "lifecycle-registry"): "dynamodb:GetItem dynamodb:UpdateItem",
        (CONFIRMATION, "lifecycle-shadows"): (
            "ssm:GetParameter iot:GetThingShadow iot:UpdateThingShadow"
        ),
        ("every function", "lambda-trust"): "sts:AssumeRole",
    },
)
def first_connection(stack: Fleet) -> None:
    certificate_id = secrets.token_hex(32)
    fields = {"device_type": new_type(stack), "shadow_written_at": None}
    with record(stack, Status.PROVISIONING, certificate_id=certificate_id, **fields) as device:
        stack.client("iot").create_thing(thingName=device.thing_name)
        event = {
            "eventType": "connected",
            "clientId": device.thing_name,
            "principalIdentifier": certificate_id,
        }
        invoke(stack, function(stack, "confirmation"), event)
        see(now(stack, device).status is Status.ACTIVE, "the record stays PROVISIONING")
        see(desired(stack, str(device.thing_name)) == SETTINGS, "there is no first shadow")


def thing_event(thing_name: str) -> dict[str, Any]:
    """What AWS IoT publishes when a thing was changed."""
    return {"eventType": "THING_EVENT", "operation": "UPDATED", "thingName": thing_name}


@flow(
    "the event of a registered thing",
    CHOICES,
    {(CONFIRMATION, "lifecycle-certificates"): ("iot:ListThingPrincipals iot:DescribeCertificate")},
)
def thing_registered(stack: Fleet) -> None:
    certificate_id, arn, _ = certificate(stack)
    with record(stack, Status.PROVISIONING, certificate_id=certificate_id) as device:
        iot = stack.client("iot")
        iot.create_thing(thingName=device.thing_name)
        iot.attach_thing_principal(thingName=device.thing_name, principal=arn)
        invoke(stack, function(stack, "confirmation"), thing_event(str(device.thing_name)))
        see(now(stack, device).status is Status.ACTIVE, "the record stays PROVISIONING")


@contextlib.contextmanager
def stranger(stack: Stack, *, quarantined: bool = False) -> Iterator[tuple[str, str]]:
    """A thing that somebody made by hand, and the id of its certificate."""
    iot, name = stack.client("iot"), f"{stack.name_prefix}-{secrets.token_hex(4)}"
    certificate_id, arn, _ = certificate(stack)
    iot.create_thing(thingName=name)
    iot.attach_thing_principal(thingName=name, principal=arn)
    if quarantined:
        group = stack.outputs["device_lifecycle"]["quarantine_group_name"]
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=name)
    try:
        yield name, certificate_id
    finally:
        iot.detach_thing_principal(thingName=name, principal=arn)
        iot.delete_thing(thingName=name)


@flow(
    "the event of a thing that nobody enrolled",
    CHOICES,
    {
        (CONFIRMATION, "lifecycle-certificates"): "iot:UpdateCertificate",
        (CONFIRMATION, "lifecycle-quarantine"): "iot:AddThingToThingGroup",
        (CONFIRMATION, "lifecycle-registry"): "dynamodb:Query",
    },
)
def quarantined(stack: Fleet) -> None:
    with stranger(stack) as (name, certificate_id):
        invoke(stack, function(stack, "confirmation"), thing_event(name))
        see(status(stack, certificate_id) == "INACTIVE", "its certificate stays ACTIVE")
        groups = stack.client("iot").list_thing_groups_for_thing(thingName=name)["thingGroups"]
        see(groups, "it is not in quarantine")


# --- enforcement


def suspended(device: DeviceRecord) -> dict[str, Any]:
    """What the table's stream tells of a device that was just suspended."""
    after = to_item(device)
    change = {
        "Keys": {"serialNumber": after["serialNumber"]},
        "OldImage": {**after, "status": {"S": Status.ACTIVE.value}},
        "NewImage": after,
        "SequenceNumber": "1",
    }
    return {"Records": [{"eventID": secrets.token_hex(16), "dynamodb": change}]}


@flow(
    "the stream tells of a suspended device",
    COMPLETE,
    {
        (ENFORCEMENT, "lifecycle-registry"): "dynamodb:GetItem dynamodb:UpdateItem",
        (ENFORCEMENT, "lifecycle-certificates"): "iot:DescribeCertificate iot:UpdateCertificate",
        (ENFORCEMENT, "lifecycle-connections"): "iot:DeleteConnection",
    },
)
def cut_off(stack: Fleet) -> None:
    certificate_id, _, _ = certificate(stack)
    with record(stack, Status.SUSPENDED, certificate_id=certificate_id) as device:
        told_to_enforcement(stack, device, suspended(device))
        see(status(stack, certificate_id) == "INACTIVE", "the certificate stays ACTIVE")
        dropped(stack, "enforcement", device)


def told_to_enforcement(stack: Stack, device: DeviceRecord, event: Any) -> None:
    """Break unless the function has done what a change of the record asks for."""
    answer = invoke(stack, function(stack, "enforcement"), event)
    if answer["batchItemFailures"]:
        told = {"event": journal.FAULT, "serialNumber": device.serial_number}
        faults = soon(lambda: log(stack, "enforcement", **told))
        detail = faults[0]["detail"] if faults else "nothing is logged"
        raise Broken(f"the change is to be delivered again ({detail})")


# --- devices that another Region let in

REPLICATION = (
    "iot:DescribeCACertificate iot:RegisterCertificateWithoutCA iot:CreateThing"
    " iot:AddThingToThingGroup iot:AttachPolicy iot:AttachThingPrincipal"
)


# What is there already, for which AWS IoT takes other calls.
KNOWN_HERE = "iot:RegisterCertificate iot:DescribeThing iot:UpdateThing"


@contextlib.contextmanager
def let_in_elsewhere(
    stack: Stack, maker: Maker | None = None, **fields: Any
) -> Iterator[DeviceRecord]:
    """The record of a device whose certificate AWS IoT does not know in this Region."""
    maker = maker or Maker({"CommonName": "elsewhere"})
    pem = maker.device({"CommonName": serial()}).certificate_pem
    certificate_id = x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
    known = {"certificate_id": certificate_id, "claim_certificate_id": secrets.token_hex(32)}
    known |= {"certificate_pem": pem, "claimed_in": ELSEWHERE}
    with record(stack, Status.ACTIVE, **(known | fields)) as device:
        yield device


@contextlib.contextmanager
def known_here(stack: Choices, **fields: Any) -> Iterator[DeviceRecord]:
    """The same, with its CA registered and a thing of its name in this Region."""
    authority = stack.outputs["certificate_authorities"][LAMPS]["certificate_id"]
    fields["claim_certificate_id"] = authority
    with let_in_elsewhere(stack, stack.maker, **fields) as device:
        stack.client("iot").create_thing(
            thingName=device.thing_name,
            thingTypeName=f"{stack.name_prefix}-{GATEWAY}",
            attributePayload={"attributes": {"location": "elsewhere"}},
        )
        yield device


def registered(stack: Stack, device: DeviceRecord) -> None:
    """Break unless the device could connect here."""
    iot = stack.client("iot")
    try:
        there = status(stack, str(device.certificate_id))
        principals = iot.list_thing_principals(thingName=str(device.thing_name))["principals"]
    except ClientError as error:
        raise Broken(f"AWS IoT does not know it ({error.response['Error']['Code']})") from error
    see(there == "ACTIVE" and principals, "its certificate is not attached to its thing")


@flow(
    "the stream tells of a device that another Region let in",
    CHOICES,
    {
        (ENFORCEMENT, "lifecycle-replication"): REPLICATION,
        (ENFORCEMENT, "lifecycle-certificates"): "iot:ListThingPrincipals",
        (ENFORCEMENT, "lifecycle-shadows"): (
            "ssm:GetParameter iot:GetThingShadow iot:UpdateThingShadow"
        ),
    },
)
def replicated(stack: Fleet) -> None:
    with let_in_elsewhere(stack, device_type=new_kind(stack)) as device:
        told_by_the_stream(stack, device)
        see(desired(stack, str(device.thing_name)) == SETTINGS, "there is no first shadow")


@flow(
    "the stream tells of a device that another Region let in, and whose CA and thing are here",
    CHOICES,
    {(ENFORCEMENT, "lifecycle-replication"): KNOWN_HERE},
)
def replicated_beside_its_ca(stack: Choices) -> None:
    with known_here(stack) as device:
        told_by_the_stream(stack, device)


def told_by_the_stream(stack: Stack, device: DeviceRecord) -> None:
    """Break unless a new record makes its device one that could connect here."""
    after = to_item(device)
    change = {
        "Keys": {"serialNumber": after["serialNumber"]},
        "NewImage": after,
        "SequenceNumber": "1",
    }
    event = {"Records": [{"eventID": secrets.token_hex(16), "dynamodb": change}]}
    told_to_enforcement(stack, device, event)
    registered(stack, device)


@flow(
    "the sweep registers a device that another Region let in",
    CHOICES,
    {
        (SWEEP, "lifecycle-replication"): REPLICATION,
        (SWEEP, "lifecycle-certificates"): "iot:ListThingPrincipals",
    },
)
def replicated_by_the_sweep(stack: Fleet) -> None:
    with let_in_elsewhere(stack, age=A_WHILE) as device:
        sweep(stack)
        registered(stack, device)


@flow(
    "the sweep registers a device that another Region let in, and whose CA and thing are here",
    CHOICES,
    {(SWEEP, "lifecycle-replication"): KNOWN_HERE},
)
def replicated_beside_its_ca_by_the_sweep(stack: Choices) -> None:
    with known_here(stack, age=A_WHILE) as device:
        sweep(stack)
        registered(stack, device)


# --- audit trail


def delivered() -> tuple[dict[str, Any], str, datetime]:
    """What a log group's subscription delivers, the id of its line, and the time of that."""
    line, day = secrets.token_hex(16), datetime.now(UTC) - timedelta(days=3)
    told = {"event": "provisioning-decision", "reason": "FIRST_CLAIM"}
    content = {
        "messageType": "DATA_MESSAGE",
        "logGroup": "/aws/lambda/least-privilege",
        "logEvents": [
            {"id": line, "timestamp": int(day.timestamp() * 1000), "message": json.dumps(told)}
        ],
    }
    packed = base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()
    return {"awslogs": {"data": packed}}, line, day


@flow(
    "a decision reaches the audit trail on a new day",
    COMPLETE,
    {(AUDIT, "lifecycle-audit"): "logs:CreateLogStream logs:PutLogEvents"},
)
def audited(stack: Fleet) -> None:
    event, line, day = delivered()
    logs = stack.client("logs")
    group = stack.outputs["device_lifecycle"]["audit_log_group_name"]
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_stream(logGroupName=group, logStreamName=day.strftime("%Y/%m/%d"))
    invoke(stack, function(stack, "audit"), event)
    kept = [entry for entry in stack.log_entries(group) if entry["id"] == line]
    see(kept, "the trail does not have the entry")


@flow(
    "a decision reaches the archive",
    CHOICES,
    {(AUDIT, "lifecycle-audit"): "s3:PutObject"},
)
def archived(stack: Fleet) -> None:
    event, line, _ = delivered()
    s3, bucket = stack.client("s3"), stack.outputs["device_lifecycle"]["archive_bucket_name"]
    # Functions reach the endpoint by plain HTTP on loopback, which the bucket's policy denies.
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        invoke(stack, function(stack, "audit"), event)
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found]
    see(any(line.encode() in body for body in bodies), "the archive does not have the entry")


# --- sweep


def sweep(stack: Stack) -> None:
    """Start the sweep, and wait for its end."""
    invoke(stack, function(stack, "sweep"), {"source": "aws.events"})


def fault(stack: Stack, device: DeviceRecord) -> str:
    """What the sweep says of a device that it could do nothing about."""
    told = {"event": journal.FAULT, "serialNumber": device.serial_number}
    entries = soon(lambda: log(stack, "sweep", **told))
    return f" ({entries[0]['detail']})" if entries else ""


@flow(
    "the sweep cuts off a device whose event was lost",
    COMPLETE,
    {
        (SWEEP, "lifecycle-registry"): "dynamodb:GetItem dynamodb:UpdateItem dynamodb:Query",
        (SWEEP, "lifecycle-certificates"): "iot:DescribeCertificate iot:UpdateCertificate",
        (SWEEP, "lifecycle-connections"): "iot:DeleteConnection",
    },
)
def swept(stack: Fleet) -> None:
    certificate_id, _, _ = certificate(stack)
    with record(stack, Status.SUSPENDED, age=A_WHILE, certificate_id=certificate_id) as device:
        sweep(stack)
        switched = status(stack, certificate_id) == "INACTIVE"
        see(switched, "the certificate stays ACTIVE" + ("" if switched else fault(stack, device)))
        dropped(stack, "sweep", device)


@flow(
    "the sweep writes a first shadow that is missing",
    COMPLETE,
    {(SWEEP, "lifecycle-shadows"): "ssm:GetParameter iot:GetThingShadow iot:UpdateThingShadow"},
)
def shadowed(stack: Fleet) -> None:
    fields = {"device_type": new_type(stack), "shadow_written_at": None}
    certificate_id = secrets.token_hex(32)
    with record(
        stack, Status.ACTIVE, age=A_WHILE, certificate_id=certificate_id, **fields
    ) as device:
        stack.client("iot").create_thing(thingName=device.thing_name)
        sweep(stack)
        written = desired(stack, str(device.thing_name)) == SETTINGS
        see(written, "there is no first shadow" + ("" if written else fault(stack, device)))


@flow(
    "the sweep confirms a registered thing whose event was lost",
    CHOICES,
    {(SWEEP, "lifecycle-certificates"): "iot:ListThingPrincipals"},
)
def confirmed(stack: Fleet) -> None:
    certificate_id, arn, _ = certificate(stack)
    with record(stack, Status.PROVISIONING, age=A_WHILE, certificate_id=certificate_id) as device:
        iot = stack.client("iot")
        iot.create_thing(thingName=device.thing_name)
        iot.attach_thing_principal(thingName=device.thing_name, principal=arn)
        sweep(stack)
        active = now(stack, device).status is Status.ACTIVE
        see(active, "the record stays PROVISIONING" + ("" if active else fault(stack, device)))


@flow(
    "the sweep switches off what somebody switched on in quarantine",
    CHOICES,
    {(SWEEP, "lifecycle-quarantined"): ("iot:ListThingsInThingGroup iot:ListThingGroupsForThing")},
)
def kept_out(stack: Fleet) -> None:
    with stranger(stack, quarantined=True) as (_, certificate_id):
        sweep(stack)
        see(status(stack, certificate_id) == "INACTIVE", "its certificate stays ACTIVE")


# --- what the bucket refuses


@flow(
    "attack: writing to the archive without TLS",
    CHOICES,
    {("archive bucket", "lifecycle-archive-bucket"): "deny?s3:[*]"},
)
def plain_http(stack: Fleet) -> None:
    """As a user who may: only the bucket itself can refuse."""
    bucket = stack.outputs["device_lifecycle"]["archive_bucket_name"]
    may = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    writer = stack.user(documents={"write": {"Version": "2012-10-17", "Statement": [may]}})
    s3, key = stack.client("s3", **writer), f"plain/{secrets.token_hex(4)}"
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=b"", ChecksumAlgorithm="SHA256")
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return
    raise Broken("the attack gets through: the object is written over plain HTTP")
