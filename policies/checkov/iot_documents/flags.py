"""Attributes that are true or false."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkov.common.models.enums import CheckResult

from iot_documents.values import is_missing, known


def is_on(conf: Mapping[str, Any], name: str) -> CheckResult:
    """PASSED where an attribute is true, FAILED where it is not, nor set by anybody."""
    if is_missing(conf, name):
        return CheckResult.FAILED
    # Anything else is an expression, or an object of which checkov did not find the part meant.
    results = {"true": CheckResult.PASSED, "false": CheckResult.FAILED}
    return results.get(str(known(conf, name)), CheckResult.UNKNOWN)


def is_off(conf: Mapping[str, Any], name: str) -> CheckResult:
    """PASSED where an attribute is not true, nor set by anybody, FAILED where it is."""
    opposite = {CheckResult.PASSED: CheckResult.FAILED, CheckResult.FAILED: CheckResult.PASSED}
    return opposite.get(is_on(conf, name), CheckResult.UNKNOWN)
