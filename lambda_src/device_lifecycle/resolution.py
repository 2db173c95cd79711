"""What a record lost to another Region's write comes back to it: to the safe side.

A certificate that the record forgot is remembered as one that had its turn, so that it is switched
off in each Region; REVOKED and SUSPENDED are written again, a release and a confirmation are done
again. Each write is conditional and repeats nothing, since several Regions may see the same loss.
"""

from typing import Any

from device_lifecycle import journal
from device_lifecycle.activation import BY
from device_lifecycle.conflicts import Conflict, is_ended
from device_lifecycle.errors import RetryError
from device_lifecycle.runtime import Runtime
from device_registry.confirmation import confirmation_update
from device_registry.record import DeviceRecord, Status
from device_registry.retirement import remembrance_update
from device_registry.transitions import (
    ALLOWED_FROM,
    Action,
    Change,
    release_while_suspended_update,
    transition_update,
)

REASON = "it was undone by a later write in another Region"
_ATTEMPTS = 5
_AGAIN = {Status.REVOKED: Action.REVOKE, Status.SUSPENDED: Action.SUSPEND}


def resolve(runtime: Runtime, serial_number: str, conflict: Conflict) -> None:
    """Write what was lost into the record as it is now, as far as it still lacks it.

    Raises:
        RetryError: the record keeps changing.
        MalformedRecordError: it is damaged.
        ClientError, BotoCoreError: DynamoDB refused.
    """
    for _ in range(_ATTEMPTS):
        record = runtime.store.get(serial_number)
        if record is None:
            return
        due = _due(record, conflict, Change(by=BY, reason=REASON, at=int(runtime.clock())))
        if due is None:
            _remember(runtime, record, conflict)
            return
        step, update = due
        if runtime.store.update(update):
            _tell(runtime, record, f"{step} was lost", record.certificate_id)
    raise RetryError("the record kept changing")


def _due(
    record: DeviceRecord, conflict: Conflict, change: Change
) -> tuple[str, dict[str, Any]] | None:
    """Return the step that comes next and its write; None where certificates alone are left."""
    if conflict.status is not None and not is_ended(conflict, record):
        action = _AGAIN[conflict.status]
        return action, transition_update(record, action, change)
    if record.certificate_id in conflict.reinstated:
        # It was released; without that, a certificate that had its turn would have another: the end
        # of a suspension would be enough.
        if record.status is Status.SUSPENDED:
            return Action.RELEASE, release_while_suspended_update(record)
        if record.status in ALLOWED_FROM[Action.RELEASE]:
            return Action.RELEASE, transition_update(record, Action.RELEASE, change)
    # Without that its claim would lapse, although the device is in.
    confirmed = record.certificate_id is not None and record.certificate_id == conflict.unconfirmed
    if confirmed and record.status is Status.PROVISIONING:
        return "confirmation", confirmation_update(record, change)
    return None


def _remember(runtime: Runtime, record: DeviceRecord, conflict: Conflict) -> None:
    known = (record.certificate_ids or frozenset()) & (
        record.retired_certificate_ids or frozenset()
    )
    for certificate_id in sorted((conflict.forgotten | conflict.reinstated) - known):
        # Not done where it holds the claim by now.
        if runtime.store.update(remembrance_update(record.serial_number, certificate_id)):
            forgotten = certificate_id in conflict.forgotten
            detail = "a certificate was forgotten" if forgotten else "a retirement was lost"
            _tell(runtime, record, detail, certificate_id)


def _tell(runtime: Runtime, record: DeviceRecord, detail: str, certificate_id: str | None) -> None:
    told = {**journal.of_device(record), "detail": detail, "certificateId": certificate_id}
    runtime.journal.tell(journal.REGISTRY_CONFLICT, told, level="WARN")
