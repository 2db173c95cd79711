"""The answer to AWS IoT: a fresh object for every call.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html.
"""

from datetime import UTC, datetime
from typing import Any

from device_registry import names
from device_registry.record import DeviceRecord

UNKNOWN = "unknown"


def denied() -> dict[str, Any]:
    """Return the answer that makes RegisterThing fail with ACCESS_DENIED."""
    return {"allowProvisioning": False, "parameterOverrides": {}}


def allowed(record: DeviceRecord, name_prefix: str, claimed_at: int) -> dict[str, Any]:
    """Return the answer that lets the device in as what the registry says it is.

    Every name is overridden, whether the device sent a parameter of that name or not. Each key
    must be declared in the template's ``Parameters``.

    Args:
        record: the device's record.
        name_prefix: the prefix of every name.
        claimed_at: seconds since 1970; a repeat of the request gets the same.
    """
    shared_name = names.catalog_name(name_prefix, record.device_type)
    return {
        "allowProvisioning": True,
        "parameterOverrides": {
            "ThingName": names.thing_name(name_prefix, record.serial_number),
            "ThingTypeName": shared_name,
            "ThingGroupName": shared_name,
            "PolicyName": shared_name,
            "SerialNumber": record.serial_number,
            "DeviceType": record.device_type,
            "Manufacturer": record.manufacturer or UNKNOWN,
            "ProvisionedAt": _timestamp(claimed_at),
        },
    }


def _timestamp(seconds: int) -> str:
    """Return ``2026-01-31T12:00:00Z``: a "+" would not be accepted in a thing attribute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
