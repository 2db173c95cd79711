"""What a change of a record that several Regions share asks of this one.

The images are read without trust: whatever they hold, nothing here raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_lifecycle import changes, conflicts
from device_lifecycle.changes import certificate_ids, text
from device_lifecycle.conflicts import Conflict
from device_registry.record import Status

# A change of any of these may be the first that this Region hears of the device's certificate.
_TELLING = ("status", "certificateId", "certificatePem")
_LETTING_IN = frozenset({Status.PROVISIONING, Status.ACTIVE})


@dataclass(frozen=True, kw_only=True)
class Share:
    """What this Region is to look at.

    ``copies``: whether it may lack a certificate that another Region granted; ``retires``: whether
    one had its turn; ``resumed`` is a copy that a suspension, now over, switched off, ``withdrawn``
    those of a record that is gone.
    """

    conflict: Conflict | None
    copies: bool
    retires: bool
    resumed: frozenset[str]
    withdrawn: frozenset[str]


def read(stream_record: Mapping[str, Any], own: str) -> Share | None:
    """Return what a change asks; None where that is nothing.

    Args:
        stream_record: a record of the table's stream.
        own: this Region.
    """
    old, new = changes.images(stream_record)
    elsewhere = text(new or old, "claimedIn") not in (None, own)
    lets_in = elsewhere and text(new, "status") in _LETTING_IN
    # What it was before a suspension was noted in the record, which a later write in another Region
    # may have undone. A copy is what the record says, and nothing else.
    ended = lets_in and text(old, "status") == Status.SUSPENDED
    retired = [certificate_ids(image, "retiredCertificateIds") for image in (old, new)]
    share = Share(
        conflict=conflicts.find(old, new),
        copies=lets_in and any(old.get(each) != new.get(each) for each in _TELLING),
        retires=bool(new) and retired[0] != retired[1],
        resumed=certificate_ids(new, "certificateId") if ended else frozenset(),
        withdrawn=conflicts.ever(old) if elsewhere and not new else frozenset(),
    )
    asks = (share.conflict, share.copies, share.retires, share.withdrawn)
    return share if any(asks) else None
