"""The function's log lines: one for each check, and one for the run, which metrics are taken from.

No line holds a key, a token or a certificate's PEM.
"""

from collections.abc import Callable, Mapping, Sequence

from canary.checks import Check, failed
from device_registry import aws_errors, decision_log
from device_registry.reasons import MisconfiguredError

CHECK = "canary-check"
RUN = "canary"

_MAX_CHARACTERS = 512
_PASSED = {"outcome": "passed"}


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
            self._tell(CHECK, _of(check))
        not_passed = failed(checks)
        self._tell(RUN, _of(not_passed[0]) if not_passed else _PASSED, len(not_passed))

    def did_not_run(self, error: Exception) -> None:
        """Tell why nothing could be looked at: a run that fails, all the same."""
        reason = f"{error} is missing or wrong" if isinstance(error, MisconfiguredError) else None
        detail = reason or aws_errors.describe(error)
        self._tell(RUN, {"outcome": "failed", "detail": detail}, 1)

    def _tell(self, event: str, fields: Mapping[str, str], failures: int | None = None) -> None:
        told = {**fields, "requestId": self._request_id}
        level = "INFO" if fields["outcome"] == "passed" else "ERROR"
        line = decision_log.line(event, level, told, self._clock(), characters=_MAX_CHARACTERS)
        decision_log.write(line if failures is None else {**line, "failed": failures})


def _of(check: Check) -> dict[str, str]:
    outcome = "passed" if check.passed else "failed"
    return {"outcome": outcome, "check": check.name, "detail": check.detail}
