"""One device's record, and how DynamoDB stores it.

Items are in the low-level format of
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any

from device_registry import names

Item = Mapping[str, Mapping[str, Any]]

SCHEMA_VERSION = 1
STATUS_SHARDS = 16


class Status(StrEnum):
    """Where a device stands. REVOKED is final: no code path leads out of it."""

    ENROLLED = "ENROLLED"
    PROVISIONING = "PROVISIONING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"


class ReprovisionPolicy(StrEnum):
    """What a new certificate of an ACTIVE device may do: nothing, or replace the old one."""

    NEVER = "never"
    REPLACE = "replace"


class MalformedRecordError(ValueError):
    """The stored item is not a record; the message names the attribute, never its value."""


def status_shard(status: Status, serial_number: str) -> str:
    """Return the partition of the ``by-status`` index, spread over 16 keys a status.

    A few million devices in one status would otherwise share one hot partition.
    """
    return f"{status}#{zlib.crc32(serial_number.encode()) % STATUS_SHARDS:02d}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def decode(value: Any) -> str:
        if not names.matches(pattern, value):
            raise ValueError
        return _text(value)

    return decode


def _string_set(value: Any) -> frozenset[str]:
    return frozenset(_text(member) for member in value)


def _stored(wire_type: str, decode: Callable[[Any], Any], **options: Any) -> Any:
    """Declare a field with its DynamoDB type and the function that reads its value."""
    return field(metadata={"type": wire_type, "decode": decode}, **options)


def _optional(wire_type: str, decode: Callable[[Any], Any]) -> Any:
    return _stored(wire_type, decode, default=None)


@dataclass(frozen=True, kw_only=True)
class DeviceRecord:
    """What the registry knows of one device. Times are whole seconds since 1970, UTC.

    ``home_region`` alone may grant the serial number, and a take-over moves it; ``claimed_in`` is
    the Region that granted it last, and ``certificate_pem`` the present certificate, for the other
    Regions.
    ``last_suspended_at`` is when the suspension began that an operator ended last.

    Raises:
        MalformedRecordError: a status that cannot do without a claim comes without one.
    """

    serial_number: str = _stored("S", _matching(names.SERIAL_NUMBER))
    device_type: str = _stored("S", _matching(names.DEVICE_TYPE))
    status: Status = _stored("S", Status)
    enrolled_at: int = _stored("N", int)
    enrolled_by: str = _stored("S", _text)
    status_changed_at: int = _stored("N", int)
    reprovision_policy: ReprovisionPolicy = _stored("S", ReprovisionPolicy)
    schema_version: int = _stored("N", int, default=SCHEMA_VERSION)

    manufacturer: str | None = _optional("S", _matching(names.ATTRIBUTE_VALUE))
    batch: str | None = _optional("S", _text)
    enrolment_expires_at: int | None = _optional("N", int)
    required_claim_certificate_id: str | None = _optional("S", _matching(names.CERTIFICATE_ID))

    thing_name: str | None = _optional("S", _text)
    certificate_id: str | None = _optional("S", _matching(names.CERTIFICATE_ID))
    claim_certificate_id: str | None = _optional("S", _matching(names.CERTIFICATE_ID))
    template_name: str | None = _optional("S", _text)
    claimed_at: int | None = _optional("N", int)
    lease_expires_at: int | None = _optional("N", int)
    certificate_ids: frozenset[str] | None = _optional("SS", _string_set)
    provision_count: int | None = _optional("N", int)
    provisioned_at: int | None = _optional("N", int)

    home_region: str | None = _optional("S", _matching(names.REGION))
    home_changed_at: int | None = _optional("N", int)
    home_changed_by: str | None = _optional("S", _text)
    claimed_in: str | None = _optional("S", _matching(names.REGION))
    certificate_pem: str | None = _optional("S", _text)

    status_changed_by: str | None = _optional("S", _text)
    status_reason: str | None = _optional("S", _text)
    suspended_from: Status | None = _optional("S", Status)
    suspended_certificate_ids: frozenset[str] | None = _optional("SS", _string_set)
    retired_certificate_ids: frozenset[str] | None = _optional("SS", _string_set)
    last_suspended_at: int | None = _optional("N", int)

    shadow_written_at: int | None = _optional("N", int)

    def __post_init__(self) -> None:
        if self.schema_version != SCHEMA_VERSION:
            raise MalformedRecordError("schemaVersion")
        if self.status is Status.PROVISIONING and self.lease_expires_at is None:
            raise MalformedRecordError("leaseExpiresAt")
        if self.status in (Status.PROVISIONING, Status.ACTIVE):
            if self.certificate_id is None:
                raise MalformedRecordError("certificateId")
            if self.claimed_at is None:
                raise MalformedRecordError("claimedAt")


def attribute_name(field_name: str) -> str:
    """Return the item's attribute for a field: ``serial_number`` is stored as ``serialNumber``."""
    head, *tail = field_name.split("_")
    return head + "".join(part.capitalize() for part in tail)


_FIELDS = tuple(
    (f.name, attribute_name(f.name), f.metadata["type"], f.metadata["decode"])
    for f in fields(DeviceRecord)
)
# DynamoDB's type of every attribute: those that each record has, and those it may have.
REQUIRED_TYPES = {
    attribute_name(f.name): str(f.metadata["type"])
    for f in fields(DeviceRecord)
    if f.default is MISSING or f.name == "schema_version"
}
OPTIONAL_TYPES = {
    attribute: wire_type
    for _, attribute, wire_type, _ in _FIELDS
    if attribute not in REQUIRED_TYPES
}


def from_item(item: Item) -> DeviceRecord:
    """Read a record from a DynamoDB item. Attributes it does not know are left alone.

    Raises:
        MalformedRecordError: an attribute is missing, or of another type or shape.
    """
    values: dict[str, Any] = {}
    for name, attribute, wire_type, decode in _FIELDS:
        if attribute not in item:
            continue
        try:
            values[name] = decode(item[attribute][wire_type])
        except (KeyError, TypeError, ValueError):
            raise MalformedRecordError(attribute) from None
    try:
        return DeviceRecord(**values)
    except TypeError:
        raise MalformedRecordError("a required attribute is missing") from None


def to_item(record: DeviceRecord) -> dict[str, dict[str, Any]]:
    """Write a record as a DynamoDB item, with the index key that follows from it."""
    item: dict[str, dict[str, Any]] = {}
    for name, attribute, wire_type, _ in _FIELDS:
        value = getattr(record, name)
        if value is None:
            continue
        item[attribute] = {wire_type: sorted(value) if wire_type == "SS" else str(value)}
    item["statusShard"] = {"S": status_shard(record.status, record.serial_number)}
    return item
