"""The answer to AWS IoT: a fresh object for every call.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html.
"""

from typing import Any

from device_registry import identity
from device_registry.record import DeviceRecord


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
    return {
        "allowProvisioning": True,
        "parameterOverrides": identity.parameters(record, name_prefix, claimed_at),
    }
