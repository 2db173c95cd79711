"""What a record of the table's stream tells: whose status changed, from what to what, by whom.

The images are read without trust: whatever they hold, nothing here raises.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_registry import names
from device_registry.record import Status

# In the place of a status, for a record that was not there or is not any more.
NONE = "none"

_CLOSED = frozenset({Status.ENROLLED, Status.SUSPENDED, Status.REVOKED})


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """A record that came, went, or changed its status or its certificate."""

    serial_number: str
    before: str
    after: str
    fields: Mapping[str, str | None]
    suspended_certificate_ids: frozenset[str]
    certificate_ids: frozenset[str]

    @property
    def is_cut_off(self) -> bool:
        """Whether the device may not connect any more."""
        # A record that is new and ENROLLED has let nobody in: most of a file that is enrolled.
        return self.after in _CLOSED and (self.before, self.after) != (NONE, Status.ENROLLED)

    @property
    def resumed(self) -> frozenset[str]:
        """The certificates that a suspension switched off, where this is its end."""
        ended = self.before == Status.SUSPENDED and self.after != Status.SUSPENDED
        return self.suspended_certificate_ids if ended else frozenset()

    @property
    def concerns_certificates(self) -> bool:
        """Whether certificates may have to be switched. A new claim switches none."""
        return (
            self.is_cut_off
            or (self.before == Status.SUSPENDED and self.after != NONE)
            or (self.after == Status.ACTIVE and self.before != NONE)
        )


def serial_number(stream_record: Mapping[str, Any]) -> str:
    """Return whose record it is; empty where that cannot be read."""
    return text(stream_record["dynamodb"]["Keys"], "serialNumber") or ""


def images(stream_record: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the item as it was and as it is; empty where there was, or is, none."""
    told = stream_record["dynamodb"]
    return told.get("OldImage", {}), told.get("NewImage", {})


def read(stream_record: Mapping[str, Any]) -> StateChange | None:
    """Return the change; None where neither the status nor the certificate changed."""
    old, new = images(stream_record)
    before, after = text(old, "status") or NONE, text(new, "status") or NONE
    if (before, text(old, "certificateId")) == (after, text(new, "certificateId")):
        return None
    image = new or old
    serial = serial_number(stream_record)
    return StateChange(
        serial_number=serial,
        before=before,
        after=after,
        suspended_certificate_ids=certificate_ids(old, "suspendedCertificateIds"),
        certificate_ids=certificate_ids(new, "certificateId", "certificateIds"),
        fields={
            "serialNumber": serial,
            "deviceType": text(image, "deviceType"),
            "by": _who(old, new, after),
            "from": before,
            "to": after,
            "reason": text(new, "statusReason"),
            "thingName": text(image, "thingName"),
            "certificateId": text(new, "certificateId") or text(old, "certificateId"),
            "claimCertificateId": text(image, "claimCertificateId"),
            "templateName": text(image, "templateName"),
            "batch": text(image, "batch"),
            "changedAt": new.get("statusChangedAt", {}).get("N"),
            "changeId": stream_record.get("eventID"),
        },
    )


def _who(old: Mapping[str, Any], new: Mapping[str, Any], after: str) -> str | None:
    """Return who did it: an operator or a function by name, a device by how it came in."""
    if not new:
        return None
    if not old:
        return text(new, "enrolledBy")
    claimed = text(new, "templateName") if after == Status.PROVISIONING else None
    return text(new, "statusChangedBy") or claimed


def certificate_ids(image: Mapping[str, Any], *attributes: str) -> frozenset[str]:
    """Return what may be a certificate's id, in a text or a set of them."""
    found = (
        value
        for attribute in attributes
        for value in (
            text(image, attribute),
            *image.get(attribute, {}).get("SS", ()),
        )
    )
    return frozenset(value for value in found if names.matches(names.CERTIFICATE_ID, value))


def text(image: Mapping[str, Any], attribute: str) -> str | None:
    """Return an attribute of an image, if it is a text."""
    value = image.get(attribute, {}).get("S")
    return value if isinstance(value, str) else None
