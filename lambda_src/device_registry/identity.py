"""What a device gets at AWS IoT under its own name: one rule, for every way in.

The names follow from the prefix and the record. Each step may be repeated at any time: it asks for
a state and not for a change, so that runs at the same time agree.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry import names
from device_registry.aws_errors import EXISTS, error_code
from device_registry.record import DeviceRecord

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

UNKNOWN = "unknown"

# Thing attributes, by the name of the hook's answer that holds the value.
ATTRIBUTES = {
    "serialNumber": "SerialNumber",
    "deviceType": "DeviceType",
    "manufacturer": "Manufacturer",
    "provisionedAt": "ProvisionedAt",
}


def parameters(record: DeviceRecord, name_prefix: str, claimed_at: int) -> dict[str, str]:
    """Return the names and attributes of a device, as a template's parameters.

    Args:
        record: the device's record.
        name_prefix: the prefix of every name.
        claimed_at: seconds since 1970; a repeat of the request gets the same.
    """
    shared_name = names.catalog_name(name_prefix, record.device_type)
    return {
        "ThingName": names.thing_name(name_prefix, record.serial_number),
        "ThingTypeName": shared_name,
        "ThingGroupName": shared_name,
        "PolicyName": shared_name,
        "SerialNumber": record.serial_number,
        "DeviceType": record.device_type,
        "Manufacturer": record.manufacturer or UNKNOWN,
        "ProvisionedAt": _timestamp(claimed_at),
    }


def _timestamp(seconds: int) -> str:
    """Return ``2026-01-31T12:00:00Z``: a "+" would not be accepted in a thing attribute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def prepare(
    iot: "IoTClient",
    certificate_arn: str,
    overrides: Mapping[str, str],
    *,
    exclusive: bool = False,
) -> None:
    """Make everything that the device needs but the right to connect.

    Args:
        iot: the client.
        certificate_arn: the device's certificate.
        overrides: what the hook would have a template fill in.
        exclusive: lets the certificate never be another thing's.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    _ensure_thing(iot, overrides)
    thing_name = overrides["ThingName"]
    iot.add_thing_to_thing_group(thingName=thing_name, thingGroupName=overrides["ThingGroupName"])
    iot.attach_policy(policyName=overrides["PolicyName"], target=certificate_arn)
    # Last, so that a certificate which is attached to its thing has everything.
    if exclusive:
        iot.attach_thing_principal(
            thingName=thing_name,
            principal=certificate_arn,
            thingPrincipalType="EXCLUSIVE_THING",
        )
    else:
        iot.attach_thing_principal(thingName=thing_name, principal=certificate_arn)


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
