"""Which records a take-over concerns, and the write that moves the home of one. Pure.

The write is conditional on the status and the home that were read, so that a claim, an operator or
another take-over in between makes it fail and not go astray.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from device_registry import names
from device_registry.record import (
    DeviceRecord,
    MalformedRecordError,
    ReprovisionPolicy,
    Status,
    from_item,
)

# The statuses in which a record may still be claimed; ACTIVE only where it may be replaced.
CLAIMABLE = (Status.ENROLLED, Status.PROVISIONING, Status.ACTIVE)


@dataclass(frozen=True, kw_only=True)
class TakeOver:
    """Homes in ``lost`` move to ``own``; by whom, and when (seconds since 1970).

    ``own`` is the Region of who takes over, or the one that is handed over to.

    ``default_home`` is the home of records that name none; None where the stack has one Region.
    ``every_status`` moves records, too, that nobody could claim as they are.
    """

    lost: str
    own: str
    default_home: str | None
    every_status: bool
    by: str
    at: int


class Outcome(StrEnum):
    """What becomes of a record."""

    MOVED = "moved"
    HERE = "here"
    ELSEWHERE = "elsewhere"
    NOT_CLAIMABLE = "notClaimable"
    CANARY = "canary"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True)
class Move:
    """The record's home moves: the UpdateItem arguments, without the table."""

    arguments: Mapping[str, Any]


def judge(item: Mapping[str, Any], plan: TakeOver) -> Move | Outcome:
    """Return what a take-over does to a record, or why it leaves it alone.

    Args:
        item: the stored item.
        plan: what moves where.
    """
    try:
        record = from_item(item)
    except MalformedRecordError:
        return Outcome.MALFORMED
    home = record.home_region or plan.default_home or plan.own
    if home == plan.own:
        return Outcome.HERE
    if home != plan.lost:
        return Outcome.ELSEWHERE
    if record.enrolled_by == names.CANARY:
        # Its Region finds by it what a run left there.
        return Outcome.CANARY
    if not (plan.every_status or _may_be_claimed(record)):
        return Outcome.NOT_CLAIMABLE
    return Move(_update(record, plan))


def _may_be_claimed(record: DeviceRecord) -> bool:
    replaceable = record.reprovision_policy is ReprovisionPolicy.REPLACE
    return record.status in CLAIMABLE and (record.status is not Status.ACTIVE or replaceable)


def _update(record: DeviceRecord, plan: TakeOver) -> dict[str, Any]:
    values = {
        ":status": {"S": record.status.value},
        ":since": {"N": str(record.status_changed_at)},
        ":own": {"S": plan.own},
        ":at": {"N": str(plan.at)},
        ":by": {"S": plan.by},
    }
    as_read = "attribute_not_exists(homeRegion)"
    if record.home_region is not None:
        as_read = "homeRegion = :lost"
        values[":lost"] = {"S": plan.lost}
    return {
        "Key": {"serialNumber": {"S": record.serial_number}},
        "ConditionExpression": f"#status = :status AND statusChangedAt = :since AND {as_read}",
        "UpdateExpression": "SET homeRegion = :own, homeChangedAt = :at, homeChangedBy = :by",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": values,
    }
