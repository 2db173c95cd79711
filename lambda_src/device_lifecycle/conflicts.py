"""A record that took a step which no code path takes: another Region's later write undid one here.

Replicas of a global table are written to independently, and the later write to a record wins as a
whole. The stream of each replica shows what became of it, so the Region whose write lost sees its
own as the old image. AWS may put several changes of one Region into one: what is looked for here
survives any number of legal steps. Pure; the images are read without trust.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_lifecycle.changes import certificate_ids, text
from device_registry.record import DeviceRecord, Status

Image = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What a record lost.

    ``forgotten`` are certificates that held its claim, ``reinstated`` those that were retired;
    ``unconfirmed`` is the certificate that was confirmed and is waited for again; ``status`` is
    REVOKED or SUSPENDED where it was left, ``since`` (seconds since 1970) when that began.
    """

    forgotten: frozenset[str]
    reinstated: frozenset[str]
    unconfirmed: str | None
    status: Status | None
    since: int


def find(old: Image, new: Image) -> Conflict | None:
    """Return what a step lost; None where nothing did. A record that is deleted loses nothing."""
    if not (old and new):
        return None
    forgotten = ever(old) - ever(new)
    reinstated = _retired(old) - _retired(new) - forgotten
    unconfirmed, status = _unconfirmed(old, new), _left(old, new)
    if not (forgotten or reinstated or unconfirmed or status):
        return None
    return Conflict(
        forgotten=forgotten,
        reinstated=reinstated,
        unconfirmed=unconfirmed,
        status=status,
        since=_number(old, "statusChangedAt"),
    )


def is_ended(conflict: Conflict, record: DeviceRecord) -> bool:
    """Tell whether the status that was left is over by right, or back, in the record as it is."""
    if conflict.status is Status.SUSPENDED:
        resumed = (record.last_suspended_at or 0) >= conflict.since
        return resumed or record.status in (Status.SUSPENDED, Status.REVOKED)
    return conflict.status is None or record.status is Status.REVOKED


def _unconfirmed(old: Image, new: Image) -> str | None:
    statuses = text(old, "status"), text(new, "status")
    before, after = text(old, "certificateId"), text(new, "certificateId")
    # To another certificate it is a replacement; to the same one no claim leads back.
    undone = statuses == (Status.ACTIVE, Status.PROVISIONING) and before == after
    return before if undone else None


def _left(old: Image, new: Image) -> Status | None:
    before, after = text(old, "status"), text(new, "status")
    if before == Status.REVOKED and after != Status.REVOKED:
        return Status.REVOKED
    if before != Status.SUSPENDED or after in (Status.SUSPENDED, Status.REVOKED):
        return None
    # Whatever came after a resumption, the record says which suspension it ended.
    resumed = _number(new, "lastSuspendedAt") >= _number(old, "statusChangedAt")
    return None if resumed else Status.SUSPENDED


def ever(image: Image) -> frozenset[str]:
    """Return the ids of every certificate that ever held a record's claim."""
    return certificate_ids(image, "certificateId", "certificateIds")


def _retired(image: Image) -> frozenset[str]:
    return certificate_ids(image, "retiredCertificateIds")


def _number(image: Image, attribute: str) -> int:
    value = image.get(attribute, {}).get("N", "")
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else 0
