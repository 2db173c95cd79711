"""Carries out an operator's action on one device: its record and its certificates.

A device is cut off record first: it cannot come back through provisioning meanwhile. It is let in
again certificates first: the record says which, until it is resumed. Either way, what an
interruption leaves undone is done by running the command again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from device_registry import names
from device_registry.aws_errors import error_code
from device_registry.certificates import ACTIVE, PENDING, of_device, status_of
from device_registry.record import (
    DeviceRecord,
    MalformedRecordError,
    Status,
    from_item,
    status_shard,
)
from device_registry.transitions import (
    SUSPENSION_ATTRIBUTES,
    Action,
    Change,
    TransitionRefusedError,
    transition_update,
)
from tools.aws_errors import RUN_ENDING
from tools.registry import raw
from tools.registry.certificates import SWITCHES, short
from tools.registry.table import ConditionFailedError, RegistryTable, StoredItem

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

_ATTEMPTS = 5
# AWS IoT asks the hook first and activates the certificate after: for so long, a device that the
# hook let in just before its record was closed may still be given its certificate.
_IN_FLIGHT_SECONDS = 60
_LOOKS_AGAIN = 3
_PAUSE_SECONDS = 2.0

# What a record is called that needs the action no more.
_ALREADY = {
    Action.SUSPEND: frozenset({Status.SUSPENDED}),
    Action.RESUME: frozenset({Status.ENROLLED, Status.PROVISIONING, Status.ACTIVE}),
    Action.REVOKE: frozenset({Status.REVOKED}),
    Action.RELEASE: frozenset({Status.ENROLLED}),
}


class Result(StrEnum):
    """How an action ended."""

    CHANGED = "changed"
    ALREADY = "already"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of one device, with the sentence that the operator reads."""

    serial_number: str
    result: Result
    sentence: str

    @property
    def ok(self) -> bool:
        """Whether the device is as the operator wants it."""
        return self.result in (Result.CHANGED, Result.ALREADY)


def operate(
    registry: RegistryTable,
    iot: "IoTClient | None",
    serial_number: str,
    action: Action,
    *,
    by: str,
    reason: str,
    certificate_id: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Carry out an action on one device.

    Args:
        registry: the table.
        iot: switches the certificates too; None leaves them alone.
        serial_number: the device.
        action: what to do.
        by: who does it, an ARN.
        reason: why, for whoever reads the record later.
        certificate_id: releases this certificate's claim only, so that a release may be repeated
            after the device was claimed anew.
        sleep: waits for a number of seconds.

    Raises:
        ClientError, BotoCoreError: AWS cannot be used at all, for any device.
    """
    operation = _Operation(
        registry=registry,
        iot=iot,
        serial_number=serial_number,
        action=action,
        by=by,
        reason=reason,
        certificate_id=certificate_id,
        sleep=sleep,
    )
    if not names.matches(names.SERIAL_NUMBER, serial_number):
        return operation.report(Result.REFUSED, f"{serial_number!r} is not a serial number.")
    return operation.run()


@dataclass(kw_only=True)
class _Switched:
    """What became of certificates: sentences, problems, and those seen in a status that counts."""

    done: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seen_active: set[str] = field(default_factory=set)
    pending: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class _Operation:
    registry: RegistryTable
    iot: "IoTClient | None"
    serial_number: str
    action: Action
    by: str
    reason: str
    certificate_id: str | None
    sleep: Callable[[float], None]

    def report(self, result: Result, sentence: str) -> Report:
        return Report(serial_number=self.serial_number, result=result, sentence=sentence)

    def run(self) -> Report:
        first: DeviceRecord | None = None
        for _ in range(_ATTEMPTS):
            item = self.registry.get(self.serial_number)
            if item is None:
                return self.report(Result.REFUSED, f"{self.serial_number} is not enrolled.")
            try:
                record = from_item(item)
                first = first or record
                return self._attempt(first, record)
            except MalformedRecordError as error:
                return self._on_malformed(item, error)
            except TransitionRefusedError as error:
                return self.report(Result.REFUSED, str(error))
            except ConditionFailedError:
                continue
        return self.report(
            Result.FAILED,
            f"{self.serial_number} kept changing while it was being written. Run the command "
            "again.",
        )

    def _attempt(self, first: DeviceRecord, record: DeviceRecord) -> Report:
        if (refusal := self._became_another(first, record)) is not None:
            return self.report(Result.REFUSED, refusal)
        if self.certificate_id is not None and record.certificate_id is not None:
            if self.certificate_id not in of_device(record):
                sentence = f"That certificate never held the claim on {self.serial_number}."
                return self.report(Result.REFUSED, sentence)
            if self.certificate_id != record.certificate_id:
                return self._cut_off(
                    Result.ALREADY,
                    f"{self.serial_number} was claimed anew since, and that claim is left alone",
                    [self.certificate_id],
                    closed_at=record.claimed_at or record.status_changed_at,
                )
        if record.status in _ALREADY[self.action]:
            sentence = f"{self.serial_number} is {record.status} already"
            return self._conclude(Result.ALREADY, sentence, record)
        return self._change(record)

    def _became_another(self, first: DeviceRecord, record: DeviceRecord) -> str | None:
        """Say why what the operator saw is not what the action would meet."""
        if self.action is Action.RELEASE and record.status is not Status.ENROLLED:
            claims = [(each.certificate_id, each.claimed_at) for each in (first, record)]
            if claims[0] != claims[1]:
                return (
                    f"{self.serial_number} was claimed anew meanwhile, by certificate "
                    f"{short(record.certificate_id or '?')}: that claim was not released. If it "
                    "is not the device's, run the command again."
                )
        if (
            self.action is Action.RESUME
            and record.status is Status.SUSPENDED
            and record.status_changed_at != first.status_changed_at
        ):
            return f"{self.serial_number} was suspended anew meanwhile: it was not resumed."
        return None

    def _change(self, record: DeviceRecord) -> Report:
        change = Change(by=self.by, reason=self.reason, at=int(time.time()))
        suspending = self.action is Action.SUSPEND
        arguments = transition_update(
            record,
            self.action,
            change,
            suspended_certificate_ids=self._active(record) if suspending else frozenset(),
        )
        if self.action is Action.RESUME:
            return self._resume(record, arguments)
        after = from_item(self.registry.update(arguments))
        sentence = f"{self.serial_number} is now {after.status} (was {record.status})"
        # A release takes the present certificate out of the record, so it is named as it was.
        known = replace(after, certificate_id=record.certificate_id, claimed_at=record.claimed_at)
        return self._conclude(Result.CHANGED, sentence, known)

    def _active(self, record: DeviceRecord) -> frozenset[str]:
        """Return the certificates that a suspension will switch, as far as they can be read."""
        if self.iot is None:
            return frozenset()
        try:
            return frozenset(
                each for each in of_device(record) if status_of(self.iot, each) == ACTIVE
            )
        except (BotoCoreError, ClientError):
            # The record is closed all the same; switching meets the error again, after that.
            return frozenset()

    def _resume(self, record: DeviceRecord, arguments: dict[str, Any]) -> Report:
        switched = _Switched()
        retired = record.retired_certificate_ids or frozenset()
        suspended = sorted((record.suspended_certificate_ids or frozenset()) - retired)
        self.switch_all(suspended, switched)
        if switched.problems:
            return self._told(Result.FAILED, f"{self.serial_number} stays SUSPENDED", switched)
        try:
            after = from_item(self.registry.update(arguments))
        except ConditionFailedError as error:
            self._take_back(suspended, error.item)
            raise
        self._retire(
            sorted((after.retired_certificate_ids or frozenset()) & {*suspended}), switched
        )
        sentence = f"{self.serial_number} is now {after.status} (was {record.status})"
        if self.iot is None:
            sentence += "; its certificates were left alone"
        return self._told(Result.CHANGED, sentence, switched)

    def _take_back(self, certificate_ids: Sequence[str], item: StoredItem | None) -> None:
        """Switch off again what was activated for a device that somebody cut off meanwhile."""
        closed = {Status.SUSPENDED: Action.SUSPEND, Status.REVOKED: Action.REVOKE}
        for status, action in closed.items():
            if item is not None and raw.text(item, "status") == status:
                replace(self, action=action).switch_all(certificate_ids, _Switched())

    def _retire(self, certificate_ids: Sequence[str], switched: _Switched) -> None:
        """Switch off again what was retired while it was activated."""
        off = _Switched()
        replace(self, action=Action.SUSPEND).switch_all(certificate_ids, off, remember=False)
        switched.done += off.done
        switched.problems += off.problems

    def _conclude(self, result: Result, sentence: str, record: DeviceRecord) -> Report:
        """Cut the device's certificates off, where that is asked for, and tell what was done."""
        if self.action is Action.RESUME:
            return self.report(result, f"{sentence}; its certificates were left alone.")
        return self._cut_off(
            result,
            sentence,
            of_device(record),
            claimed_at=record.claimed_at,
            closed_at=record.status_changed_at,
        )

    def _on_malformed(self, item: StoredItem, error: MalformedRecordError) -> Report:
        """Cut the device off by what can be read of a damaged record."""
        damaged = f"The record of {self.serial_number} is malformed ({error})"
        now = int(time.time())
        certificate_ids = sorted(raw.certificate_ids(item))
        if self.action is Action.REVOKE:
            result = Result.ALREADY
            if raw.text(item, "status") != Status.REVOKED:
                try:
                    self.registry.update(self._blind_revocation(now))
                except ConditionFailedError:
                    return self.report(Result.REFUSED, f"{self.serial_number} is not enrolled.")
                result = Result.CHANGED
            return self._cut_off(
                result, f"{damaged}; it is REVOKED all the same", certificate_ids, closed_at=now
            )
        sentence = (
            f"{damaged}: the hook refuses the device, and the record stays as it is. Mend or "
            "delete it in the table"
        )
        if self.action is Action.SUSPEND:
            return self._cut_off(
                Result.REFUSED,
                f"{sentence}, or use `revoke`; `resume` will not activate its certificates",
                certificate_ids,
                closed_at=now,
                remember=False,
            )
        return self.report(Result.REFUSED, f"{sentence}.")

    def _blind_revocation(self, now: int) -> dict[str, Any]:
        """Return a write that needs to know nothing: from every status, REVOKED is allowed."""
        return {
            "Key": {"serialNumber": {"S": self.serial_number}},
            "ConditionExpression": "attribute_exists(serialNumber)",
            "UpdateExpression": (
                "SET #status = :to, statusShard = :statusShard, statusChangedAt = :at,"
                f" statusChangedBy = :by, statusReason = :reason REMOVE {SUSPENSION_ATTRIBUTES}"
            ),
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":to": {"S": Status.REVOKED.value},
                ":statusShard": {"S": status_shard(Status.REVOKED, self.serial_number)},
                ":at": {"N": str(now)},
                ":by": {"S": self.by},
                ":reason": {"S": self.reason},
            },
        }

    def _cut_off(
        self,
        result: Result,
        sentence: str,
        certificate_ids: Sequence[str],
        *,
        closed_at: int,
        claimed_at: int | None = None,
        remember: bool = True,
    ) -> Report:
        """Switch certificates, and look again where AWS IoT may be about to activate one.

        Args:
            result: how it ended with the record.
            sentence: that in words.
            certificate_ids: the certificates.
            closed_at: when provisioning began to refuse the device.
            claimed_at: when the device was let in last.
            remember: whether a suspension notes what it switches, for `resume`.
        """
        if self.iot is None:
            return self.report(result, f"{sentence}; its certificates were left alone.")
        switched = _Switched()
        self.switch_all(certificate_ids, switched, remember=remember)
        if closed_at > time.time() - _IN_FLIGHT_SECONDS:
            fresh = claimed_at is not None and claimed_at > closed_at - _IN_FLIGHT_SECONDS
            in_flight = bool(certificate_ids) and (fresh or bool(switched.pending))
            for _ in range(_LOOKS_AGAIN if in_flight else 0):
                self.sleep(_PAUSE_SECONDS)
                self.switch_all(certificate_ids, switched, remember=remember)
                if switched.seen_active and not switched.pending:
                    break
            if self.action is not Action.REVOKE:
                switched.problems += [
                    f"certificate {short(each)} is PENDING_ACTIVATION and AWS IoT may be about to "
                    f"activate it: {self._again(each)} in a minute"
                    for each in sorted(switched.pending)
                ]
        return self._told(result, sentence, switched)

    def switch_all(
        self, certificate_ids: Sequence[str], switched: _Switched, *, remember: bool = True
    ) -> None:
        """Switch each certificate as the action demands; one that cannot be stops no other.

        Raises:
            ClientError, BotoCoreError: AWS IoT cannot be used at all.
        """
        switched.problems.clear()
        switched.pending.clear()
        if self.iot is None:
            return
        for each in certificate_ids:
            try:
                self._switch(self.iot, each, switched, remember=remember)
            except ConditionFailedError:
                switched.problems.append(
                    f"certificate {short(each)} was left alone, since the record changed "
                    "meanwhile: run the command again"
                )
            except ClientError as error:
                if error_code(error) in RUN_ENDING:
                    raise
                switched.problems.append(
                    f"certificate {short(each)} could not be switched ({error}): "
                    f"{self._again(each)}"
                )

    def _again(self, certificate_id: str) -> str:
        """Say how to finish; a release must not hit who claims the device in between."""
        if self.action is Action.RELEASE:
            return f"run it again with --certificate {certificate_id}"
        return "run the same command again"

    def _switch(
        self, iot: "IoTClient", certificate_id: str, switched: _Switched, *, remember: bool
    ) -> None:
        plan = SWITCHES[self.action]
        status = status_of(iot, certificate_id)
        if status in (ACTIVE, PENDING):
            (switched.seen_active if status == ACTIVE else switched.pending).add(certificate_id)
        if status not in plan.when:
            return
        if self.action is Action.SUSPEND and remember:
            self._remember(certificate_id)
        iot.update_certificate(certificateId=certificate_id, newStatus=plan.to)
        switched.done.append(f"certificate {short(certificate_id)} is now {plan.to}")

    def _remember(self, certificate_id: str) -> None:
        """Note in the suspended record what is about to go INACTIVE; a repeat changes nothing.

        Written for every certificate, so that none is switched for a device resumed meanwhile.

        Raises:
            ConditionFailedError: the record is not SUSPENDED any more.
        """
        self.registry.update(
            {
                "Key": {"serialNumber": {"S": self.serial_number}},
                "ConditionExpression": "#status = :suspended",
                "UpdateExpression": "ADD suspendedCertificateIds :certificateIds",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    ":suspended": {"S": Status.SUSPENDED.value},
                    ":certificateIds": {"SS": [certificate_id]},
                },
            }
        )

    def _told(self, result: Result, sentence: str, switched: _Switched) -> Report:
        sentences = "; ".join([sentence, *switched.done, *switched.problems])
        if switched.problems and result is not Result.REFUSED:
            result = Result.FAILED
        elif switched.done and result is Result.ALREADY:
            result = Result.CHANGED
        return self.report(result, f"{sentences}.")
