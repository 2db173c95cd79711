"""The function's log lines: one for each check, and one for the run, which metrics are taken from.

No line holds a key, a token or a certificate's PEM.
"""

from collections.abc import Callable, Sequence

from canary.checks import Check, failed
from canary.settings import MisconfiguredError
from device_registry import decision_log

CHECK = "canary-check"
RUN = "canary"

_MAX_CHARACTERS = 512


class Journal:
    """Writes one invocation's log lines.

    Args:
        request_id: the invocation's id.
        clock: returns seconds since 1970.
    """

    def __init__(self, request_id: str, clock: Callable[[], float]) -> None:
        self._request_id = request_id
        self._clock = clock

    def ran(self, checks: Sequence[Check]) -> None:
        """Tell of each check, and then how many did not pass."""
        for check in checks:
            outcome = "passed" if check.passed else "failed"
            level = "INFO" if check.passed else "ERROR"
            self._tell(CHECK, level, outcome, check.name, check.detail)
        not_passed = failed(checks)
        first = not_passed[0] if not_passed else None
        self._tell(
            RUN,
            "INFO" if first is None else "ERROR",
            "passed" if first is None else "failed",
            None if first is None else first.name,
            None if first is None else first.detail,
            len(not_passed),
        )

    def did_not_run(self, error: Exception) -> None:
        """Tell why nothing could be looked at: a run that fails, all the same."""
        reason = f"{error} is missing or wrong" if isinstance(error, MisconfiguredError) else None
        self._tell(RUN, "ERROR", "failed", None, reason or type(error).__name__, 1)

    def _tell(
        self,
        event: str,
        level: str,
        outcome: str,
        check: str | None,
        detail: str | None,
        number: int | None = None,
    ) -> None:
        told = {
            "outcome": outcome,
            "check": check,
            "detail": detail,
            "requestId": self._request_id,
        }
        line = decision_log.line(event, level, told, self._clock(), characters=_MAX_CHARACTERS)
        decision_log.write(line if number is None else {**line, "failed": number})
