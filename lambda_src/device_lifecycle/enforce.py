"""AWS IoT agrees with the record: certificates on or off, and the connection dropped.

Driven by the table's stream, so every path that changes a record has the same effect. The stream's
record only says that something changed. What is done follows from the record as it is now, read
again after each switch, so that a late, repeated or reordered stream record undoes nothing newer.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from device_lifecycle import (
    changes,
    errors,
    identities,
    journal,
    replication,
    resolution,
    sharing,
)
from device_lifecycle.errors import RetryError
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import Enforcement
from device_registry import certificates
from device_registry.certificates import ACTIVE, INACTIVE, REVOKED
from device_registry.record import DeviceRecord, Status

_ATTEMPTS = 5
# What is left undone is delivered again: better than an invocation that is stopped half way.
_RESERVE_SECONDS = 15.0


def run(
    event: Mapping[str, Any], config: Enforcement, runtime: Runtime
) -> dict[str, list[dict[str, str]]]:
    """Act on a batch of the stream's records.

    Returns:
        The records to deliver again, as
        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html has it.
    """
    failures = [
        {"itemIdentifier": stream_record["dynamodb"]["SequenceNumber"]}
        for stream_record in event["Records"]
        if not _act(stream_record, config, runtime)
    ]
    return {"batchItemFailures": failures}


def _act(stream_record: Mapping[str, Any], config: Enforcement, runtime: Runtime) -> bool:
    """Tell of a change and carry it out; False: it must be delivered again."""
    change = changes.read(stream_record)
    regions = config.registry.regions
    share = sharing.read(stream_record, regions.own) if regions.several else None
    if change is None and share is None:
        return True
    if runtime.seconds_left() < _RESERVE_SECONDS:
        return False
    if change is not None:
        runtime.journal.tell(journal.STATE_CHANGE, change.fields)
    serial_number = changes.serial_number(stream_record)
    try:
        try:
            _carry_out(change, share, serial_number, config, runtime)
        except errors.BY_HAND as error:
            # A damaged record is mended by hand; the write that mends it is a change of its own.
            _tell_fault(runtime, serial_number, error, "ERROR")
            if change is not None and change.after == Status.REVOKED:
                _revoke(runtime, change)
    except errors.WORTH_ANOTHER_TRY as error:
        _tell_fault(runtime, serial_number, error, "WARN")
        return False
    return True


def _carry_out(
    change: changes.StateChange | None,
    share: sharing.Share | None,
    serial_number: str,
    config: Enforcement,
    runtime: Runtime,
) -> None:
    """Repair the record, make the copy, and settle: also where the copy could not be made.

    Raises:
        MalformedRecordError, FirstShadowError: not done, and nothing that a repetition mends.
        RetryError, ClientError, BotoCoreError: not done; worth another try.
    """
    due = change is not None and change.concerns_certificates
    resumed = frozenset() if change is None else change.resumed
    failure: Exception | None = None
    if share is not None:
        resumed |= share.resumed
        due |= share.retires or share.conflict is not None
        if share.conflict is not None:
            resolution.resolve(runtime, serial_number, share.conflict)
        if share.withdrawn:
            replication.withdraw(runtime, serial_number, share.withdrawn)
        if share.copies:
            try:
                due |= replication.ensure(runtime, config, serial_number)
            except errors.EITHER as error:
                due, failure = True, error
    if due:
        drop = change is not None and change.is_cut_off
        settle(runtime, serial_number, resumed=resumed, drop=drop)
    if failure is not None:
        raise failure


def _tell_fault(runtime: Runtime, serial_number: str, error: Exception, level: str) -> None:
    detail = {"serialNumber": serial_number, "detail": errors.describe(error)}
    runtime.journal.tell(journal.FAULT, detail, level=level)


def _revoke(runtime: Runtime, change: changes.StateChange) -> None:
    """Revoke what a damaged record names. REVOKED is final, so that its image is enough to go by.

    Raises:
        ClientError, BotoCoreError: AWS refused.
    """
    iot = runtime.clients.iot()
    for certificate_id in sorted(change.certificate_ids):
        status = certificates.status_of(iot, certificate_id)
        if status not in (None, REVOKED):
            identities.switch(iot, certificate_id, REVOKED)
            # It goes where the change goes: to REVOKED.
            told = {**change.fields, "certificateId": certificate_id}
            told |= {"from": status, "reason": change.after}
            runtime.journal.tell(journal.CERTIFICATE_SWITCHED, told)
    thing_name = change.fields["thingName"]
    if thing_name is not None:
        outcome = identities.drop_connection(runtime.clients.iot_data(), thing_name)
        told = {"outcome": outcome, "serialNumber": change.serial_number, "thingName": thing_name}
        runtime.journal.tell(journal.CONNECTION_DROPPED, told)


def settle(
    runtime: Runtime,
    serial_number: str,
    *,
    resumed: frozenset[str] = frozenset(),
    drop: bool = False,
) -> list[str]:
    """Bring a device's certificates to what its record says.

    Args:
        runtime: the means.
        serial_number: the device.
        resumed: the certificates that a suspension, now over, switched off.
        drop: closes the device's connection even if no certificate had to be switched off.

    Returns:
        The certificates that were switched off.

    Raises:
        RetryError: the record keeps changing.
        MalformedRecordError: it is damaged.
        ClientError, BotoCoreError: AWS refused.
    """
    settlement = _Settlement(runtime, set(resumed))
    record = runtime.store.get(serial_number)
    for _ in range(_ATTEMPTS):
        if record is None:
            return settlement.off
        changed = settlement.switch_all(record)
        again = runtime.store.get(serial_number) if changed else record
        if _same(record, again):
            settlement.drop(record, asked=drop)
            return settlement.off
        record = again
    raise RetryError("the record kept changing")


def _same(record: DeviceRecord, again: DeviceRecord | None) -> bool:
    return again is not None and _standing(record) == _standing(again)


def _standing(record: DeviceRecord) -> tuple[object, ...]:
    return (
        record.status,
        record.status_changed_at,
        record.certificate_id,
        record.claimed_at,
        # An operator retires a certificate without any other change.
        record.retired_certificate_ids,
    )


class _Settlement:
    def __init__(self, runtime: Runtime, restorable: set[str]) -> None:
        self._runtime = runtime
        # What only a suspension switched off, so that its end switches it on.
        self._restorable = restorable
        self.off: list[str] = []

    def switch_all(self, record: DeviceRecord) -> bool:
        """Switch what the record says; False: all was as it says.

        Raises:
            ClientError, BotoCoreError: AWS refused for one of them; the others are switched.
        """
        permitted = certificates.permitted(record)
        changed, failure = False, None
        for each in certificates.of_device(record):
            step = self._restore if each in permitted else self._cut_off
            try:
                changed |= step(record, each)
            except (ClientError, BotoCoreError) as error:
                failure = error
        if failure is not None:
            raise failure
        return changed

    def _restore(self, record: DeviceRecord, certificate_id: str) -> bool:
        if certificate_id not in self._restorable:
            return False
        iot = self._runtime.clients.iot()
        if certificates.status_of(iot, certificate_id) != INACTIVE:
            return False
        identities.switch(iot, certificate_id, ACTIVE)
        self._tell(record, certificate_id, INACTIVE, ACTIVE)
        return True

    def _cut_off(self, record: DeviceRecord, certificate_id: str) -> bool:
        iot = self._runtime.clients.iot()
        status = certificates.status_of(iot, certificate_id)
        to = certificates.cut_off(record, status)
        suspended = record.status is Status.SUSPENDED
        if to is None:
            # Off since an earlier suspension that this one followed: its end is this one's end.
            carried = suspended and certificate_id in self._restorable and status == INACTIVE
            noted = certificate_id in (record.suspended_certificate_ids or ())
            return carried and not noted and not self._remember(record, certificate_id)
        if suspended:
            if not self._remember(record, certificate_id):
                return True
            self._restorable.add(certificate_id)
        identities.switch(iot, certificate_id, to)
        self.off.append(certificate_id)
        self._tell(record, certificate_id, str(status), to)
        return True

    def _remember(self, record: DeviceRecord, certificate_id: str) -> bool:
        """Note what a suspension switches off, if the record is still SUSPENDED."""
        return self._runtime.store.update(
            {
                "Key": {"serialNumber": {"S": record.serial_number}},
                "ConditionExpression": "#status = :suspended",
                "UpdateExpression": "ADD suspendedCertificateIds :certificateIds",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    ":suspended": {"S": Status.SUSPENDED.value},
                    ":certificateIds": {"SS": [certificate_id]},
                },
            }
        )

    def drop(self, record: DeviceRecord, *, asked: bool) -> None:
        """Close the connection of a device that may not connect.

        Where it may, the connection under its thing's name is its own, with another certificate.
        """
        due = asked or bool(self.off)
        if not due or record.thing_name is None or certificates.permitted(record):
            return
        outcome = identities.drop_connection(self._runtime.clients.iot_data(), record.thing_name)
        told = {"outcome": outcome, **journal.of_device(record)}
        self._runtime.journal.tell(journal.CONNECTION_DROPPED, told)

    def _tell(self, record: DeviceRecord, certificate_id: str, before: str, to: str) -> None:
        told = {**journal.of_device(record), "certificateId": certificate_id}
        told |= {"from": before, "to": to, "reason": record.status}
        self._runtime.journal.tell(journal.CERTIFICATE_SWITCHED, told)
