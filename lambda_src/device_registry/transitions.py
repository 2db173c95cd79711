"""What an operator may do to a record: suspend, resume, revoke, release.

Pure: each returns the UpdateItem arguments, conditional on the status that was read and on when it
was reached, so that a claim or another operator in between makes the write fail and not go astray.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from device_registry import certificates
from device_registry.record import DeviceRecord, Status, status_shard


class Action(StrEnum):
    """An operator's action on one device."""

    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    RELEASE = "release"


ALLOWED_FROM = {
    Action.SUSPEND: frozenset({Status.ENROLLED, Status.PROVISIONING, Status.ACTIVE}),
    Action.RESUME: frozenset({Status.SUSPENDED}),
    Action.REVOKE: frozenset(Status) - {Status.REVOKED},
    Action.RELEASE: frozenset({Status.PROVISIONING, Status.ACTIVE}),
}


class TransitionRefusedError(ValueError):
    """The record's status does not allow the action; the message says what would."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Who changes a status, why, and when (seconds since 1970)."""

    by: str
    reason: str
    at: int


def target(record: DeviceRecord, action: Action) -> Status:
    """Return the status that the action leads to.

    Raises:
        TransitionRefusedError: the action is not for a record in this status.
    """
    if record.status not in ALLOWED_FROM[action]:
        raise TransitionRefusedError(
            f"{record.serial_number} is {record.status}; {action} is for devices that are "
            f"{', '.join(sorted(ALLOWED_FROM[action]))}."
        )
    if action is Action.SUSPEND:
        return Status.SUSPENDED
    if action is Action.REVOKE:
        return Status.REVOKED
    if action is Action.RELEASE:
        return Status.ENROLLED
    return record.suspended_from or Status.ENROLLED


# What a released claim leaves behind is certificateIds: those certificates had their turn. They are
# in retiredCertificateIds too, so that the next claim's record still says that they are out.
CLAIM_ATTRIBUTES = (
    "certificateId, certificatePem, claimCertificateId, templateName, claimedAt, claimedIn,"
    " leaseExpiresAt"
)
SUSPENSION_ATTRIBUTES = "suspendedFrom, suspendedCertificateIds"


def transition_update(
    record: DeviceRecord,
    action: Action,
    change: Change,
    *,
    suspended_certificate_ids: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return the UpdateItem arguments, without the table, that carry out the action.

    Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html.

    Args:
        record: the record as it was read.
        action: what to do.
        change: who, why and when.
        suspended_certificate_ids: the certificates that go INACTIVE with a suspension, so that
            resuming brings back these and no others.

    Raises:
        TransitionRefusedError: the action is not for a record in this status.
        MalformedRecordError: the record would lack what the status it goes back to needs.
    """
    to = target(record, action)
    replace(record, status=to)
    values: dict[str, dict[str, Any]] = {
        ":from": {"S": record.status.value},
        ":since": {"N": str(record.status_changed_at)},
        ":to": {"S": to.value},
        ":statusShard": {"S": status_shard(to, record.serial_number)},
        ":at": {"N": str(change.at)},
        ":by": {"S": change.by},
        ":reason": {"S": change.reason},
    }
    update = (
        "SET #status = :to, statusShard = :statusShard, statusChangedAt = :at,"
        " statusChangedBy = :by, statusReason = :reason"
    )
    if action is Action.SUSPEND:
        update += ", suspendedFrom = :from"
        if suspended_certificate_ids:
            update += ", suspendedCertificateIds = :suspended"
            values[":suspended"] = {"SS": sorted(suspended_certificate_ids)}
    elif action is Action.RELEASE:
        update += (
            f", retiredCertificateIds = :retired REMOVE {SUSPENSION_ATTRIBUTES}, {CLAIM_ATTRIBUTES}"
        )
        values[":retired"] = {"SS": sorted(certificates.of_device(record))}
    else:
        if action is Action.RESUME:
            # Whoever missed the resumption still sees that this suspension is over.
            update += ", lastSuspendedAt = :since"
        update += f" REMOVE {SUSPENSION_ATTRIBUTES}"
    return {
        "Key": {"serialNumber": {"S": record.serial_number}},
        "ConditionExpression": "#status = :from AND statusChangedAt = :since",
        "UpdateExpression": update,
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
    }


def release_while_suspended_update(record: DeviceRecord) -> dict[str, Any]:
    """Return the UpdateItem arguments that release a suspended device's claim; SUSPENDED it stays.

    No operator's action: a claim goes so that was released and is back in a record that somebody
    suspended.

    Args:
        record: the record as it was read, SUSPENDED, with a certificate.
    """
    return {
        "Key": {"serialNumber": {"S": record.serial_number}},
        "ConditionExpression": (
            "#status = :suspended AND statusChangedAt = :since AND certificateId = :certificateId"
        ),
        "UpdateExpression": (
            "SET suspendedFrom = :enrolled, retiredCertificateIds = :retired"
            f" REMOVE suspendedCertificateIds, {CLAIM_ATTRIBUTES}"
        ),
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":suspended": {"S": Status.SUSPENDED.value},
            ":since": {"N": str(record.status_changed_at)},
            ":certificateId": {"S": str(record.certificate_id)},
            ":enrolled": {"S": Status.ENROLLED.value},
            ":retired": {"SS": sorted(certificates.of_device(record))},
        },
    }
