"""The steps at AWS IoT that let a device in or keep it out. Each may be repeated at any time.

A function may be stopped between any two of them, and many run for one certificate at the same
time, since the event is published at each connection. So every step asks for a state and not for a
change, and none undoes what another run did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry.aws_errors import EXISTS, error_code, is_not_found
from device_registry.certificates import ACTIVE, PENDING, status_of
from jitr_gate.request import IgnoredError, Reason
from jitr_gate.settings import RefusedStatus

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

# Thing attributes, by the name of the hook's answer that holds the value.
ATTRIBUTES = {
    "serialNumber": "SerialNumber",
    "deviceType": "DeviceType",
    "manufacturer": "Manufacturer",
    "provisionedAt": "ProvisionedAt",
}


@dataclass(frozen=True)
class Description:
    """A certificate that waits for a decision, or that one let in."""

    arn: str
    pem: str
    status: str


def describe(iot: "IoTClient", certificate_id: str, ca_certificate_id: str) -> Description:
    """Return a certificate that is PENDING_ACTIVATION or ACTIVE.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeCertificate.html.

    Raises:
        IgnoredError: it is neither, is another CA's, or is gone.
        ClientError, BotoCoreError: AWS IoT refused, for another reason.
    """
    try:
        found = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    except ClientError as error:
        if is_not_found(error):
            raise IgnoredError(Reason.UNKNOWN_CERTIFICATE) from None
        raise
    if found.get("caCertificateId") != ca_certificate_id:
        raise IgnoredError(Reason.OTHER_CA)
    status = found["status"]
    if status not in (PENDING, ACTIVE):
        raise IgnoredError(Reason.NOT_PENDING, status)
    return Description(arn=found["certificateArn"], pem=found["certificatePem"], status=status)


def prepare(iot: "IoTClient", certificate_arn: str, overrides: Mapping[str, str]) -> None:
    """Make everything that the device needs but the right to connect.

    Args:
        iot: the client.
        certificate_arn: the device's certificate.
        overrides: what the hook would have a template fill in.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    _ensure_thing(iot, overrides)
    thing_name = overrides["ThingName"]
    iot.add_thing_to_thing_group(thingName=thing_name, thingGroupName=overrides["ThingGroupName"])
    iot.attach_thing_principal(thingName=thing_name, principal=certificate_arn)
    iot.attach_policy(policyName=overrides["PolicyName"], target=certificate_arn)


def activate(iot: "IoTClient", certificate_id: str) -> None:
    """Let a certificate that still waits for it connect.

    Raises:
        IgnoredError: it is INACTIVE, REVOKED or gone since: whoever did that knew more.
        ClientError, BotoCoreError: AWS IoT refused.
    """
    status = status_of(iot, certificate_id)
    if status is None:
        raise IgnoredError(Reason.UNKNOWN_CERTIFICATE)
    if status == PENDING:
        iot.update_certificate(certificateId=certificate_id, newStatus=ACTIVE)
    elif status != ACTIVE:
        raise IgnoredError(Reason.NOT_PENDING, status)


def shut_out(
    iot: "IoTClient", certificate_id: str, *, when: str, refused_status: RefusedStatus
) -> None:
    """Keep a certificate from connecting for good, if its status is still the one expected.

    Asked again right before: between the verdict and this, another run may have let the device in
    by a newer verdict, or an operator may have revoked it, which is never to be made less.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    if status_of(iot, certificate_id) == when:
        iot.update_certificate(certificateId=certificate_id, newStatus=refused_status)


def _ensure_thing(iot: "IoTClient", overrides: Mapping[str, str]) -> None:
    """Make the thing, or bring the one that exists up to date.

    CreateThing succeeds again for the same thing, so runs at the same time agree on one. A thing
    that is as it should be is not written: each write would be an event for others.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
    and https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateThing.html.
    """
    name, type_name = overrides["ThingName"], overrides["ThingTypeName"]
    attributes = {attribute: overrides[key] for attribute, key in ATTRIBUTES.items()}
    try:
        iot.create_thing(
            thingName=name, thingTypeName=type_name, attributePayload={"attributes": attributes}
        )
    except ClientError as error:
        if error_code(error) != EXISTS:
            raise
        _update_thing(iot, name, type_name, attributes)


def _update_thing(
    iot: "IoTClient", name: str, type_name: str, attributes: Mapping[str, str]
) -> None:
    """Write what differs; attributes that others set are left alone."""
    thing = iot.describe_thing(thingName=name)
    same_type = thing.get("thingTypeName") == type_name
    if not (same_type and attributes.items() <= thing["attributes"].items()):
        iot.update_thing(
            thingName=name,
            thingTypeName=type_name,
            attributePayload={"attributes": dict(attributes), "merge": True},
        )
