"""The registry table as the functions see it: one request that decides a claim."""

from dataclasses import dataclass

from device_registry.claim import ClaimRequest, claim_update, judge
from device_registry.dynamodb import ConditionFailedError, DynamoDB
from device_registry.reasons import Denial, Grant
from device_registry.record import DeviceRecord, Item, MalformedRecordError, from_item
from device_registry.regions import Regions


@dataclass(frozen=True, kw_only=True)
class Granted:
    """The claim is this certificate's, since ``claimed_at`` (seconds since 1970).

    ``record`` is the record as it was before.
    """

    grant: Grant
    record: DeviceRecord
    claimed_at: int


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The claim was not given. ``detail`` names the attribute where the record is malformed."""

    denial: Denial
    detail: str | None = None


def claim(
    table_name: str,
    dynamodb: DynamoDB,
    request: ClaimRequest,
    *,
    now: int,
    lease_seconds: int | None,
    regions: Regions,
    deadline: float,
) -> Granted | Refused:
    """Try to take the claim, in one DynamoDB request.

    Args:
        table_name: the registry table.
        dynamodb: the connection.
        request: who asks.
        now: seconds since 1970.
        lease_seconds: how long no other certificate may take the claim; None: for good.
        regions: where this is decided.
        deadline: on ``time.monotonic``'s clock, in seconds.

    Raises:
        RegistryUnavailableError: the registry gave no answer; nothing may be allowed.
    """
    arguments = {"TableName": table_name, **claim_update(request, now, lease_seconds, regions)}
    item: Item | None
    try:
        item, taken = dynamodb.update_item(arguments, deadline), True
    except ConditionFailedError as refusal:
        item, taken = refusal.item, False
    if item is None:
        return Refused(denial=Denial.UNKNOWN_SERIAL)
    try:
        record = from_item(item)
    except MalformedRecordError as error:
        return Refused(denial=Denial.MALFORMED_RECORD, detail=str(error))
    verdict = judge(record, request, now, regions)
    if isinstance(verdict, Denial):
        return Refused(denial=verdict)
    if verdict is Grant.REPEAT and record.claimed_at is not None:
        return Granted(grant=verdict, record=record, claimed_at=record.claimed_at)
    if not taken:
        return Refused(denial=Denial.INTERNAL_ERROR, detail="the condition was not met")
    return Granted(grant=verdict, record=record, claimed_at=now)
