"""Results of parts put together to the result of the whole."""

from __future__ import annotations

from collections.abc import Iterable

from checkov.common.models.enums import CheckResult

ORDER = (CheckResult.FAILED, CheckResult.UNKNOWN, CheckResult.PASSED)


def worst(results: Iterable[CheckResult]) -> CheckResult:
    """What is wrong anywhere is wrong; what is unknown anywhere is not known to be right.

    Nothing to judge is UNKNOWN too, which checkov leaves out of its report.
    """
    return min(results, key=ORDER.index, default=CheckResult.UNKNOWN)
