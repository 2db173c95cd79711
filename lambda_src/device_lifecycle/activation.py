"""A record becomes ACTIVE, and its device gets the first shadow."""

from typing import Any

from device_lifecycle import first_shadow, journal
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import Lifecycle
from device_registry.confirmation import confirmation_update
from device_registry.record import DeviceRecord
from device_registry.transitions import Change

BY = "device-lifecycle"


def activate(runtime: Runtime, record: DeviceRecord, reason: str) -> bool:
    """Turn a PROVISIONING record ACTIVE; False: its claim is another by now, or it was cut off.

    Raises:
        ClientError, BotoCoreError: DynamoDB refused.
    """
    change = Change(by=BY, reason=reason, at=int(runtime.clock()))
    if not runtime.store.update(confirmation_update(record, change)):
        return False
    told = {"outcome": "activated", "reason": reason, **journal.of_device(record)}
    runtime.journal.tell(journal.ACTIVATION, told)
    return True


def ensure_first_shadow(runtime: Runtime, config: Lifecycle, record: DeviceRecord) -> None:
    """Write the device's first shadow, unless that was done before, and note that it is done.

    Where another Region granted the device, that is the other's to do: what it has here it got with
    its certificate.

    Raises:
        FirstShadowError: the device type's settings cannot be used.
        RetryError, ClientError, BotoCoreError: not done; worth another try.
    """
    done = record.shadow_written_at is not None or config.registry.regions.claimed_elsewhere(record)
    if done or config.shadow_parameters is None or record.thing_name is None:
        return
    clients = runtime.clients
    shadow = runtime.parameters.get(clients.ssm(), config.shadow_parameters, record.device_type)
    if shadow is None:
        return
    written = first_shadow.write(clients.iot_data(), record.thing_name, shadow)
    runtime.store.update(_mark(record, int(runtime.clock())))
    told = {"outcome": "written" if written else "nothing-to-write", **journal.of_device(record)}
    runtime.journal.tell(journal.FIRST_SHADOW, told)


def _mark(record: DeviceRecord, now: int) -> dict[str, Any]:
    return {
        "Key": {"serialNumber": {"S": record.serial_number}},
        "ConditionExpression": (
            "attribute_exists(serialNumber) AND attribute_not_exists(shadowWrittenAt)"
        ),
        "UpdateExpression": "SET shadowWrittenAt = :now",
        "ExpressionAttributeValues": {":now": {"N": str(now)}},
    }
