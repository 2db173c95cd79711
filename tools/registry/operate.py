"""Carries out an operator's action on one device: the record first, its certificates after.

In this order the device cannot come back through provisioning while it is being cut off, and what
an interruption leaves undone is done by running the command again.
"""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry import names
from device_registry.record import DeviceRecord, MalformedRecordError, Status, from_item
from device_registry.transitions import (
    Action,
    Change,
    TransitionRefusedError,
    target,
    transition_update,
)
from tools.aws_errors import RUN_ENDING, error_code
from tools.registry import certificates
from tools.registry.table import ConditionFailedError, RegistryTable

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

_ATTEMPTS = 5

# What a record is called that needs the action no more.
_ALREADY = {
    Action.SUSPEND: frozenset({Status.SUSPENDED}),
    Action.RESUME: frozenset({Status.ENROLLED, Status.PROVISIONING, Status.ACTIVE}),
    Action.REVOKE: frozenset({Status.REVOKED}),
    Action.RELEASE: frozenset({Status.ENROLLED}),
}


class Result(StrEnum):
    """How an action ended."""

    CHANGED = "changed"
    ALREADY = "already"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of one device, with the sentence that the operator reads."""

    serial_number: str
    result: Result
    sentence: str

    @property
    def ok(self) -> bool:
        """Whether the device is as the operator wants it."""
        return self.result in (Result.CHANGED, Result.ALREADY)


def operate(
    registry: RegistryTable,
    iot: "IoTClient | None",
    serial_number: str,
    action: Action,
    *,
    by: str,
    reason: str,
) -> Report:
    """Carry out an action on one device.

    Args:
        registry: the table.
        iot: switches the certificates too; None leaves them alone.
        serial_number: the device.
        action: what to do.
        by: who does it, an ARN.
        reason: why, for whoever reads the record later.

    Raises:
        ClientError, BotoCoreError: AWS cannot be used at all, for any device.
    """

    def report(result: Result, sentence: str) -> Report:
        return Report(serial_number=serial_number, result=result, sentence=sentence)

    if not names.matches(names.SERIAL_NUMBER, serial_number):
        return report(Result.REFUSED, f"{serial_number!r} is not a serial number.")
    try:
        record, was = _change_record(registry, serial_number, action, by=by, reason=reason)
    except _RefusedError as error:
        return report(Result.REFUSED, str(error))
    except _BusyError:
        return report(
            Result.FAILED,
            f"{serial_number} kept changing while it was being written. Run the command again.",
        )
    if was is None:
        result, sentence = Result.ALREADY, f"{serial_number} is {record.status} already"
    else:
        result, sentence = Result.CHANGED, f"{serial_number} is now {record.status} (was {was})"
    if iot is None:
        return report(result, f"{sentence}; its certificates were left alone.")
    try:
        done = certificates.switch(iot, certificates.concerned(record, action), action)
    except ClientError as error:
        if error_code(error) in RUN_ENDING:
            raise
        return report(
            Result.FAILED,
            f"{sentence}, but a certificate could not be switched ({error}). "
            "Run the command again.",
        )
    return report(Result.CHANGED if done else result, "; ".join([sentence, *done]) + ".")


class _RefusedError(Exception):
    pass


class _BusyError(Exception):
    pass


def _change_record(
    registry: RegistryTable, serial_number: str, action: Action, *, by: str, reason: str
) -> tuple[DeviceRecord, Status | None]:
    """Return the record as it is now, and its status before if that was changed."""
    for _ in range(_ATTEMPTS):
        item = registry.get(serial_number)
        if item is None:
            raise _RefusedError(f"{serial_number} is not enrolled.")
        try:
            record = from_item(item)
            if record.status in _ALREADY[action]:
                return record, None
            target(record, action)
            change = Change(by=by, reason=reason, at=int(time.time()))
            return from_item(
                registry.update(transition_update(record, action, change))
            ), record.status
        except MalformedRecordError as error:
            raise _RefusedError(
                f"The record of {serial_number} is malformed ({error}). Mend or delete it in the "
                "table; until then the hook refuses the device."
            ) from error
        except TransitionRefusedError as error:
            raise _RefusedError(str(error)) from error
        except ConditionFailedError:
            continue
    raise _BusyError
