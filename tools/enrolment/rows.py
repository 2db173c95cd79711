"""One row of an enrolment file: what it must hold, and a sentence for each mistake."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from device_registry import names
from device_registry.record import ReprovisionPolicy

REQUIRED_COLUMNS = ("serialNumber", "deviceType")
COLUMNS = (
    *REQUIRED_COLUMNS,
    "manufacturer",
    "batch",
    "enrolmentExpiresAt",
    "requiredClaimCertificateId",
    "reprovisionPolicy",
)
MAX_BATCH_CHARACTERS = 128
# Seconds since 1970 have ten digits until the year 2286; thirteen are milliseconds.
_LONGEST_EPOCH = 10
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_SPREADSHEET_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)

Catalogue = Mapping[str, ReprovisionPolicy]


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What a row wants to be true of one device. Times are seconds since 1970."""

    serial_number: str
    device_type: str
    reprovision_policy: ReprovisionPolicy
    manufacturer: str | None = None
    batch: str | None = None
    enrolment_expires_at: int | None = None
    required_claim_certificate_id: str | None = None


class RowRefusedError(ValueError):
    """The row cannot be used; ``problems`` holds a sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def unknown_column(name: str) -> str:
    """Return the sentence for a column or key that no record has."""
    near = get_close_matches(name.lower(), {column.lower(): column for column in COLUMNS}, n=1)
    suggestion = next((c for c in COLUMNS if near and c.lower() == near[0]), None)
    hint = f"Did you mean {suggestion}?" if suggestion else f"Known are {', '.join(COLUMNS)}."
    return f"There is no column {name!r}. {hint}"


def to_enrolment(cells: Mapping[str, str], catalogue: Catalogue | None) -> Enrolment:
    """Read the cells of one row.

    Args:
        cells: known columns only; an empty or blank cell is as good as none.
        catalogue: the stack's device types with their re-provisioning policy, None if unknown.

    Raises:
        RowRefusedError: with every mistake that the row has.
    """
    values = {name: text for name, cell in cells.items() if (text := cell.strip(" \t"))}
    problems = [
        f"{name} holds characters that cannot be used: {_visible(value)}."
        for name, value in values.items()
        if not value.isprintable()
    ]
    if problems:
        raise RowRefusedError(problems)
    problems = [
        *_serial_number(values.get("serialNumber")),
        *_device_type(values.get("deviceType"), catalogue),
        *_manufacturer(values.get("manufacturer")),
        *_batch(values.get("batch")),
        *_claim_certificate(values.get("requiredClaimCertificateId")),
        *_policy(values.get("reprovisionPolicy")),
    ]
    expires_at: int | None = None
    try:
        expires_at = _expiry(values.get("enrolmentExpiresAt"))
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise RowRefusedError(problems)
    device_type = values["deviceType"]
    default = (catalogue or {}).get(device_type, ReprovisionPolicy.NEVER)
    return Enrolment(
        serial_number=values["serialNumber"],
        device_type=device_type,
        reprovision_policy=ReprovisionPolicy(values.get("reprovisionPolicy", default)),
        manufacturer=values.get("manufacturer"),
        batch=values.get("batch"),
        enrolment_expires_at=expires_at,
        required_claim_certificate_id=values.get("requiredClaimCertificateId"),
    )


def _visible(value: str) -> str:
    # A byte that is not UTF-8 was read as a lone surrogate, U+DC80 to U+DCFF.
    if _STRAY_BYTE.search(value):
        shown = _STRAY_BYTE.sub(lambda stray: f"<{ord(stray[0]) - 0xDC00:02X}>", value)
        return f"{shown[:80]!r} is not UTF-8"
    return repr(value[:80])


def _serial_number(value: str | None) -> list[str]:
    if value is None:
        return ["serialNumber is missing."]
    if value.startswith(names.RESERVED_SERIAL_PREFIX):
        rule = f"{names.RESERVED_SERIAL_PREFIX!r} is reserved for devices that verify a stack"
        return [f"serialNumber {value[:80]!r} cannot be enrolled: {rule}. Choose another."]
    if names.matches(names.SERIAL_NUMBER, value):
        return []
    rule = "1 to 64 letters, digits, '_' and '-', beginning with a letter or a digit"
    hint = (
        " A spreadsheet seems to have rewritten it: format the column as text."
        if _SPREADSHEET_NUMBER.fullmatch(value)
        else ""
    )
    return [f"serialNumber {value[:80]!r} is not {rule}.{hint}"]


def _device_type(value: str | None, catalogue: Catalogue | None) -> list[str]:
    if value is None:
        return ["deviceType is missing."]
    if catalogue is not None and value not in catalogue:
        near = get_close_matches(value.lower(), catalogue, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has {_some(sorted(catalogue))}."
        return [f"The stack has no device type {value[:80]!r}. {hint}"]
    if not names.matches(names.DEVICE_TYPE, value):
        rule = "1 to 32 lower-case letters, digits and '-', beginning with a letter or a digit"
        return [f"deviceType {value[:80]!r} is not {rule}."]
    return []


def _some(known: list[str]) -> str:
    shown = ", ".join(known[:8])
    return f"{shown} and {len(known) - 8} more" if len(known) > 8 else shown  # noqa: PLR2004


def _manufacturer(value: str | None) -> list[str]:
    if value is None or names.matches(names.ATTRIBUTE_VALUE, value):
        return []
    rule = "letters, digits and _.,@/:#=[]- only, without spaces, at most 800"
    return [f"manufacturer {value[:80]!r} cannot be a thing's attribute: {rule}."]


def _batch(value: str | None) -> list[str]:
    if value is None or len(value) <= MAX_BATCH_CHARACTERS:
        return []
    return [f"batch has {len(value)} characters; at most {MAX_BATCH_CHARACTERS} are kept."]


def _claim_certificate(value: str | None) -> list[str]:
    if value is None or names.matches(names.CERTIFICATE_ID, value):
        return []
    rule = "64 digits and letters a to f, in lower case, without the rest of the ARN"
    return [f"requiredClaimCertificateId {value[:80]!r} is not a certificate id: {rule}."]


def _policy(value: str | None) -> list[str]:
    if value is None or value in set(ReprovisionPolicy):
        return []
    return [f"reprovisionPolicy {value[:80]!r} is neither 'never' nor 'replace'."]


def _expiry(value: str | None) -> int | None:
    """Return seconds since 1970 for RFC 3339 or for such seconds.

    Raises:
        ValueError: it is neither; the message is a sentence.
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        if len(value) > _LONGEST_EPOCH:
            raise ValueError(
                f"enrolmentExpiresAt {value[:80]} has too many digits for seconds since 1970; "
                "are these milliseconds?"
            )
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"enrolmentExpiresAt {value[:80]!r} is neither RFC 3339 (2027-01-31T12:00:00Z) nor "
            "seconds since 1970."
        ) from None
    if moment.tzinfo is None:
        raise ValueError(
            f"enrolmentExpiresAt {value[:80]!r} names no time zone: end it with Z or +01:00."
        )
    return int(moment.timestamp())
