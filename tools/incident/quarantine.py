"""Quarantines a device: no provisioning, no connection, and a group that shows where it stands.

The record is suspended, its certificates are switched off, and its thing joins the quarantine
group, if there is one; in this order, so that the device is out before the rest. Every step may be
repeated.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry import names
from device_registry.aws_errors import error_code, is_not_found
from device_registry.certificates import PENDING, status_of
from device_registry.record import Status
from device_registry.retirement import retirement_update
from device_registry.transitions import Action
from tools.aws_errors import RUN_ENDING
from tools.registry import raw
from tools.registry.certificates import SWITCHES, short
from tools.registry.operate import Report, Result, operate
from tools.registry.table import ConditionFailedError, RegistryTable, StoredItem

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

GROUP_SUFFIX = "quarantine"


def group_name(name_prefix: str) -> str:
    """Return what a stack's quarantine group is called."""
    return f"{name_prefix}-{GROUP_SUFFIX}"


def group_of(iot: "IoTClient", name_prefix: str) -> str | None:
    """Return the name of the stack's quarantine group; None where it has none."""
    name = group_name(name_prefix)
    try:
        iot.describe_thing_group(thingGroupName=name)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return name


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """Puts devices into quarantine, and lets them out.

    Args:
        registry: the table.
        iot: the client.
        name_prefix: the stack's.
        group: the quarantine group; None for none.
        by: who does it, an ARN.
        reason: why, for whoever reads the record later.
        sleep: waits for a number of seconds.
    """

    registry: RegistryTable
    iot: "IoTClient"
    name_prefix: str
    group: str | None
    by: str
    reason: str
    sleep: Callable[[float], None] = time.sleep

    def put(self, serial_number: str) -> Report:
        """Cut one device off. What is revoked stays so, and its certificates are revoked.

        Raises:
            ClientError, BotoCoreError: AWS cannot be used at all, for any device.
        """
        item = self._read(serial_number)
        revoked = item is not None and raw.text(item, "status") == Status.REVOKED
        report = self._operate(serial_number, Action.REVOKE if revoked else Action.SUSPEND)
        if item is None or self.group is None:
            return report
        return self._in_group(report, self._thing(item), self.group, joins=True)

    def lift(self, serial_number: str) -> Report:
        """Let one device go on where it was, and out of the group.

        Raises:
            ClientError, BotoCoreError: AWS cannot be used at all, for any device.
        """
        return self._out(self._operate(serial_number, Action.RESUME))

    def give_back(self, serial_number: str) -> Report:
        """Free a serial number that a stranger took: its certificates die, a new claim may come.

        They are revoked first, for good: nothing that resumes the record meanwhile brings them
        back. A claim that is newer than that is not the stranger's, and left alone.

        Raises:
            ClientError, BotoCoreError: AWS cannot be used at all, for any device.
        """
        item = self._read(serial_number)
        if item is not None and raw.text(item, "status") == Status.SUSPENDED:
            for certificate_id in sorted(raw.certificate_ids(item)):
                if status_of(self.iot, certificate_id) in SWITCHES[Action.REVOKE].when:
                    self.iot.update_certificate(certificateId=certificate_id, newStatus="REVOKED")
            resumed = self._operate(serial_number, Action.RESUME, certificates=False)
            if not resumed.ok:
                return resumed
            item = self._read(serial_number)
        present = raw.text(item, "certificateId") if item else None
        if present is not None and status_of(self.iot, present) not in (None, "REVOKED"):
            return Report(
                serial_number=serial_number,
                result=Result.REFUSED,
                sentence=(
                    f"{serial_number} is not in quarantine, and its certificate {short(present)} "
                    "is none that was taken from a stranger: left alone. Put it into quarantine "
                    "first, or use `release`."
                ),
            )
        return self._out(self._operate(serial_number, Action.RELEASE, certificate_id=present))

    def switch_off(self, serial_number: str, certificate_id: str) -> Report:
        """Switch one certificate off for good that is not its device's present one.

        The record is told first: a suspension that is under way, or comes before the certificate
        is off, may note it as one to bring back, and what is retired never is.

        Raises:
            ClientError, BotoCoreError: AWS cannot be used at all, for any certificate.
        """
        named = f"certificate {short(certificate_id)} of {serial_number}"
        plan = SWITCHES[Action.SUSPEND]
        try:
            unnoted = self._retire(serial_number, certificate_id)
        except ConditionFailedError:
            return Report(
                serial_number=serial_number,
                result=Result.FAILED,
                sentence=(
                    f"{named} became its present one meanwhile, and was left alone: run the "
                    "command again."
                ),
            )
        try:
            status = status_of(self.iot, certificate_id)
            if status in plan.when:
                self.iot.update_certificate(certificateId=certificate_id, newStatus=plan.to)
        except ClientError as error:
            if error_code(error) in RUN_ENDING:
                raise
            return Report(
                serial_number=serial_number,
                result=Result.FAILED,
                sentence=f"{named} could not be switched off ({error}).",
            )
        if status in plan.when:
            result, became = Result.CHANGED, f"is now {plan.to}"
        elif status == PENDING:
            result, became = Result.ALREADY, f"is {PENDING}: it cannot connect"
        else:
            result, became = Result.ALREADY, f"is {status or 'deleted'} already"
        if unnoted is not None:
            result = Result.FAILED
            became += f"; its record could not say so ({unnoted}): `resume` may bring it back"
        return Report(serial_number=serial_number, result=result, sentence=f"{named} {became}.")

    def _retire(self, serial_number: str, certificate_id: str) -> ClientError | None:
        """Note in the record, if there is one, that a certificate had its turn.

        Returns:
            Why it could not be noted, which is no reason to leave the certificate on.

        Raises:
            ConditionFailedError: the device has it for its present one.
            ClientError, BotoCoreError: AWS cannot be used at all.
        """
        try:
            self.registry.update(retirement_update(serial_number, certificate_id))
        except ConditionFailedError as error:
            if error.item is not None:
                raise
        except ClientError as error:
            if error_code(error) in RUN_ENDING:
                raise
            return error
        return None

    def _read(self, serial_number: str) -> StoredItem | None:
        valid = names.matches(names.SERIAL_NUMBER, serial_number)
        return self.registry.get(serial_number) if valid else None

    def _operate(
        self,
        serial_number: str,
        action: Action,
        *,
        certificates: bool = True,
        certificate_id: str | None = None,
    ) -> Report:
        return operate(
            self.registry,
            self.iot if certificates else None,
            serial_number,
            action,
            by=self.by,
            reason=self.reason,
            certificate_id=certificate_id,
            sleep=self.sleep,
        )

    def _thing(self, item: StoredItem) -> str:
        named = raw.text(item, "thingName")
        return named or names.thing_name(self.name_prefix, item["serialNumber"]["S"])

    def _out(self, report: Report) -> Report:
        item = self._read(report.serial_number)
        if self.group is None or item is None or not report.ok:
            return report
        return self._in_group(report, self._thing(item), self.group, joins=False)

    def _in_group(self, report: Report, thing: str, group: str, *, joins: bool) -> Report:
        """Let a thing join or leave the group; what does not work stops nothing else.

        A thing that does not exist, because the device never finished, has nothing to join.
        """
        change = (
            self.iot.add_thing_to_thing_group if joins else self.iot.remove_thing_from_thing_group
        )
        told = report.sentence.removesuffix(".")
        try:
            change(thingGroupName=group, thingName=thing)
        except ClientError as error:
            if is_not_found(error):
                return report
            result = Result.FAILED if report.ok else report.result
            failure = f"thing {thing} could not {'join' if joins else 'leave'} {group} ({error})"
            return replace(report, result=result, sentence=f"{told}; {failure}.")
        became = f"thing {thing} is {'in' if joins else 'out of'} {group}"
        return replace(report, sentence=f"{told}; {became}.")
