"""What a record lost to another Region's write comes back to it: to the safe side.

A certificate that the record forgot is remembered as one that had its turn, so that it is switched
off in each Region; REVOKED and SUSPENDED are written again. Each write is conditional and repeats
nothing, since several Regions may see the same loss.
"""

from device_lifecycle import journal
from device_lifecycle.activation import BY
from device_lifecycle.conflicts import Conflict, is_ended
from device_lifecycle.errors import RetryError
from device_lifecycle.runtime import Runtime
from device_registry.record import DeviceRecord, Status
from device_registry.retirement import remembrance_update
from device_registry.transitions import Action, Change, transition_update

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
        action = _due(record, conflict)
        if action is None:
            _remember(runtime, record, conflict)
            return
        change = Change(by=BY, reason=REASON, at=int(runtime.clock()))
        if runtime.store.update(transition_update(record, action, change)):
            _tell(runtime, record, f"{action} was lost", record.certificate_id)
    raise RetryError("the record kept changing")


def _due(record: DeviceRecord, conflict: Conflict) -> Action | None:
    if conflict.status is not None and not is_ended(conflict, record):
        return _AGAIN[conflict.status]
    # It was released; without that, a certificate that had its turn would have another.
    claimed = record.status in (Status.PROVISIONING, Status.ACTIVE)
    return Action.RELEASE if claimed and record.certificate_id in conflict.reinstated else None


def _remember(runtime: Runtime, record: DeviceRecord, conflict: Conflict) -> None:
    known = (record.certificate_ids or frozenset()) & (
        record.retired_certificate_ids or frozenset()
    )
    for certificate_id in sorted((conflict.forgotten | conflict.reinstated) - known):
        # Not done where it holds the claim by now.
        if runtime.store.update(remembrance_update(record.serial_number, certificate_id)):
            _tell(runtime, record, "a certificate was forgotten", certificate_id)


def _tell(runtime: Runtime, record: DeviceRecord, detail: str, certificate_id: str | None) -> None:
    told = {**journal.of_device(record), "detail": detail, "certificateId": certificate_id}
    runtime.journal.tell(journal.REGISTRY_CONFLICT, told, level="WARN")
