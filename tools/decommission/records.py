"""What becomes of a device's record when the device is removed.

The record is closed before anything is removed, so that the device cannot come back in between;
it is given back, or deleted, only after.
"""

from collections.abc import Iterable
from enum import StrEnum

from device_registry.record import Status
from device_registry.transitions import Action
from tools.registry import raw
from tools.registry.operate import Report, Result, operate
from tools.registry.table import ConditionFailedError, RegistryTable

REASON = "decommissioned"


class Policy(StrEnum):
    """What to do with the record."""

    REVOKE = "revoke"
    RELEASE = "release"
    DELETE = "delete"
    KEEP = "keep"


_RELEASED = frozenset({Status.PROVISIONING, Status.ACTIVE})
_FATES = {
    Policy.REVOKE: "REVOKED for good",
    Policy.RELEASE: "ENROLLED again",
    Policy.DELETE: "deleted",
}


def concerns(policy: Policy, status: str | None) -> bool:
    """Tell whether a record in this status is to be changed; None stands for no record."""
    match policy:
        case Policy.REVOKE:
            return status not in (None, Status.REVOKED)
        case Policy.RELEASE:
            return status in _RELEASED
        case Policy.DELETE:
            return status is not None
        case Policy.KEEP:
            return False


def fate(policy: Policy, status: str | None) -> str:
    """Say what becomes of one record; a dash for none."""
    if status is None:
        return "-"
    return f"{status}, then {_FATES[policy]}" if concerns(policy, status) else f"{status}, kept"


def fates(policy: Policy, statuses: Iterable[str | None]) -> str:
    """Say what becomes of how many records."""
    stored = [status for status in statuses if status is not None]
    changed = sum(concerns(policy, status) for status in stored)
    kept = len(stored) - changed
    parts = [f"{_many(changed)} {_FATES[policy]}"] if changed else []
    parts += [f"{_many(kept)} left as {'it is' if kept == 1 else 'they are'}"] if kept else []
    return ", ".join(parts) or "no record is concerned"


def _many(count: int) -> str:
    return "1 record is" if count == 1 else f"{count:,} records are"


def before(registry: RegistryTable, serial_number: str, policy: Policy, by: str) -> Report | None:
    """Close the record, if it is not to be used again. None where there is nothing to do."""
    if policy not in (Policy.REVOKE, Policy.DELETE) or registry.get(serial_number) is None:
        return None
    return operate(registry, None, serial_number, Action.REVOKE, by=by, reason=REASON)


def after(registry: RegistryTable, serial_number: str, policy: Policy, by: str) -> Report | None:
    """Give the record back or delete it. None where there is nothing to do.

    A record that an operator suspended or revoked keeps its status: removing what a device left
    at AWS IoT is no reason to let it in again.
    """
    if policy is Policy.DELETE:
        try:
            registry.delete(serial_number, Status.REVOKED)
        except ConditionFailedError:
            return Report(
                serial_number=serial_number,
                result=Result.FAILED,
                sentence=f"The record of {serial_number} changed meanwhile and was kept.",
            )
        return None
    if policy is Policy.RELEASE:
        item = registry.get(serial_number)
        if item is not None and concerns(policy, raw.text(item, "status")):
            return operate(registry, None, serial_number, Action.RELEASE, by=by, reason=REASON)
    return None
