"""The function's log lines. The audit trail reads them."""

from collections.abc import Callable, Mapping
from typing import Any

from claim_guard.alarm import BudgetAlarm, RefusedError
from claim_guard.guard import Outcome
from device_registry import aws_errors, decision_log
from device_registry.certificates import INACTIVE
from device_registry.reasons import MisconfiguredError

DISABLED = "claim-disabled"
FAULT = "claim-guard-fault"

# The longest name that an alarm can have.
_MAX_CHARACTERS = 255


class Journal:
    """Writes one invocation's log line.

    Args:
        request_id: the invocation's id.
        clock: returns seconds since 1970.
    """

    def __init__(self, request_id: str, clock: Callable[[], float]) -> None:
        self._request_id = request_id
        self._clock = clock

    def done(self, alarm: BudgetAlarm, outcome: Outcome, before: str | None) -> None:
        """Tell what became of a claim certificate that had a status before."""
        told: dict[str, str | None] = {"outcome": outcome, "from": before}
        if outcome is Outcome.DISABLED:
            told["to"] = INACTIVE
        self._tell(DISABLED, "INFO", _of(alarm) | told)

    def refused(self, refused: RefusedError) -> None:
        """Tell of an event that switches nothing off, and of nothing else that it holds."""
        told = {"outcome": "refused", "reason": refused.reason, "alarmName": refused.alarm_name}
        self._tell(FAULT, "ERROR", told)

    def misconfigured(self, error: MisconfiguredError) -> None:
        """Tell which setting nothing can be done without."""
        told = {"outcome": "failed", "reason": error.denial, "detail": str(error)}
        self._tell(FAULT, "ERROR", told)

    def failed(self, alarm: BudgetAlarm, error: Exception) -> None:
        """Tell of an error of AWS, by its code: its message may quote anything."""
        told = {"outcome": "failed", "detail": aws_errors.describe(error)}
        self._tell(FAULT, "WARN", _of(alarm) | told)

    def _tell(self, event: str, level: str, fields: Mapping[str, Any]) -> None:
        told = {**fields, "requestId": self._request_id}
        now = self._clock()
        decision_log.write(decision_log.line(event, level, told, now, characters=_MAX_CHARACTERS))


def _of(alarm: BudgetAlarm) -> dict[str, str | None]:
    return {"alarmName": alarm.name, "claimCertificateId": alarm.claim_certificate_id}
