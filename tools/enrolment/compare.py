"""Holds a row against the stored record and says what has to be done. Pure.

Enrolment may describe a device that waits to be provisioned, and nothing else: a record that was
claimed, suspended or revoked is never changed by it, and never revived. It gives a new record its
home Region, and moves no record from one to another: the home may be granting it at this moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_registry.record import (
    DeviceRecord,
    MalformedRecordError,
    Status,
    attribute_name,
    from_item,
    to_item,
)
from tools.enrolment.rows import Enrolment

_COMPARED = (
    "device_type",
    "manufacturer",
    "batch",
    "enrolment_expires_at",
    "required_claim_certificate_id",
    "reprovision_policy",
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who enrols, and the second in which the run began: it marks every record of the run.

    ``default_home`` is the home of records that name none; None where nobody said.
    """

    by: str
    at: int
    default_home: str | None = None


@dataclass(frozen=True)
class Insert:
    """There is no record yet: write this one."""

    item: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """The record says something else: the UpdateItem arguments, without the table."""

    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Unchanged:
    """The record says the same already."""


@dataclass(frozen=True)
class Refused:
    """The row is not for this record; a sentence says why and what to do."""

    problem: str


Verdict = Insert | Change | Unchanged | Refused


def judge(enrolment: Enrolment, item: Mapping[str, Any] | None, run: Run) -> Verdict:
    """Return what a row asks for, given what is stored.

    Args:
        enrolment: the row.
        item: the stored item, None where there is none.
        run: the run that the row belongs to.
    """
    if item is None:
        return _refused_when_expired(enrolment, run) or Insert(_new_item(enrolment, run))
    try:
        record = from_item(item)
    except MalformedRecordError as error:
        return Refused(
            f"The stored record of {enrolment.serial_number} is malformed ({error}). Mend or "
            "delete it."
        )
    return _judge_record(enrolment, record, run)


def _judge_record(enrolment: Enrolment, record: DeviceRecord, run: Run) -> Verdict:
    serial = record.serial_number
    different = [name for name in _COMPARED if getattr(record, name) != getattr(enrolment, name)]
    if record.status is Status.REVOKED:
        return Refused(
            f"{serial} is REVOKED, which is final; the device needs a new serial number."
        )
    home = record.home_region or run.default_home
    if enrolment.home_region not in (None, home):
        return Refused(
            f"The home of {serial} is {home or 'the default Region'}, and enrolling moves none to "
            f"{enrolment.home_region}. Leave homeRegion out, or use `take-over` in "
            f"{enrolment.home_region}."
        )
    if not different:
        return Unchanged()
    names = ", ".join(attribute_name(name) for name in different)
    if record.status is not Status.ENROLLED:
        return Refused(
            f"{serial} is {record.status} and differs in {names}; an enrolment can only change "
            f"before the device is provisioned. {_way_back(record.status)}"
        )
    if (record.enrolled_by, record.enrolled_at) == (run.by, run.at):
        return Refused(
            f"{serial} appears more than once in this run with different {names}; the row that "
            "was written first stands."
        )
    return _refused_when_expired(enrolment, run) or Change(_update(enrolment, record, run))


def _way_back(status: Status) -> str:
    if status is Status.SUSPENDED:
        return "Use `resume` first."
    return "Use `release` to let it be provisioned once more."


def _refused_when_expired(enrolment: Enrolment, run: Run) -> Refused | None:
    expires_at = enrolment.enrolment_expires_at
    if expires_at is None or expires_at > run.at:
        return None
    return Refused(f"The enrolment of {enrolment.serial_number} would expire in the past.")


def _new_item(enrolment: Enrolment, run: Run) -> Mapping[str, Any]:
    return to_item(
        DeviceRecord(
            serial_number=enrolment.serial_number,
            device_type=enrolment.device_type,
            status=Status.ENROLLED,
            enrolled_at=run.at,
            enrolled_by=run.by,
            reprovision_policy=enrolment.reprovision_policy,
            manufacturer=enrolment.manufacturer,
            batch=enrolment.batch,
            enrolment_expires_at=enrolment.enrolment_expires_at,
            required_claim_certificate_id=enrolment.required_claim_certificate_id,
            home_region=enrolment.home_region,
            status_changed_at=run.at,
        )
    )


def _update(enrolment: Enrolment, record: DeviceRecord, run: Run) -> dict[str, Any]:
    """Return the write that changes what differs and leaves the device's history alone.

    The condition holds the record to what was read: a claim or another enrolment in between makes
    the write fail, and the row is judged again.
    """
    wanted = _new_item(enrolment, run)
    attributes = [attribute_name(name) for name in _COMPARED]
    values = {name: wanted[name] for name in attributes if name in wanted}
    values |= {"enrolledAt": wanted["enrolledAt"], "enrolledBy": wanted["enrolledBy"]}
    gone = [name for name in attributes if name not in wanted]
    assignments = ", ".join(f"#{name} = :{name}" for name in values)
    removal = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
    return {
        "Key": {"serialNumber": {"S": enrolment.serial_number}},
        "ConditionExpression": "#status = :enrolled AND #enrolledAt = :readEnrolledAt",
        "UpdateExpression": f"SET {assignments}{removal}",
        # Some of these are words that DynamoDB reserves, "batch" and "status" among them.
        "ExpressionAttributeNames": {f"#{name}": name for name in ("status", *values, *gone)},
        "ExpressionAttributeValues": {
            **{f":{name}": value for name, value in values.items()},
            ":enrolled": {"S": Status.ENROLLED.value},
            ":readEnrolledAt": {"N": str(record.enrolled_at)},
        },
    }
