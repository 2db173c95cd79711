"""Whether a trust policy keeps other accounts from using AWS IoT as their deputy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.arns import split
from iot_documents.results import worst
from iot_documents.statements import EVERYBODY, UNSEEN, Condition, Statement
from iot_documents.values import is_unresolved

IOT = "iot.amazonaws.com"
# `...IfExists` and `ForAllValues:` also hold where the key is absent.
ACCOUNT_OPERATORS = ("StringEquals",)
ARN_OPERATORS = ("ArnLike", "ArnEquals", "StringEquals", "StringLike")
# checkov drops the leading zeros of what looks like a number.
ACCOUNT = re.compile(r"\d{1,12}")
CALLER = re.compile(r"(?:\$\{)?data\.aws_caller_identity\.[\w-]+(?:\[0\])?\.account_id\}?")


def judged(statements: Iterable[Statement]) -> Iterator[CheckResult]:
    """A result for each statement by which AWS IoT assumes the role, or may do so."""
    for statement in statements:
        if statement.effect == "Deny":
            continue
        services = statement.services
        if {IOT, EVERYBODY} & set(services):
            yield is_guarded(statement) if statement.allows else CheckResult.UNKNOWN
        elif any(map(is_unresolved, services)):
            yield CheckResult.UNKNOWN


def is_guarded(statement: Statement) -> CheckResult:
    """Whether the statement names the account, and an ARN of AWS IoT, on whose behalf it trusts."""
    return worst(
        (
            _any_holds(statement.conditions_on("aws:SourceAccount"), ACCOUNT_OPERATORS, account),
            _any_holds(statement.conditions_on("aws:SourceArn"), ARN_OPERATORS, iot_arn),
        )
    )


def account(value: str) -> CheckResult:
    """Whether a text is the id of one account."""
    if ACCOUNT.fullmatch(value) or CALLER.fullmatch(value):
        return CheckResult.PASSED
    return CheckResult.UNKNOWN if is_unresolved(value) else CheckResult.FAILED


def iot_arn(value: str) -> CheckResult:
    """Whether a text is an ARN, possibly with wildcards, of AWS IoT in one account."""
    arn = split(value)
    if arn is None:
        return CheckResult.UNKNOWN if is_unresolved(value) else CheckResult.FAILED
    if arn.service != "iot":
        return CheckResult.UNKNOWN if is_unresolved(arn.service) else CheckResult.FAILED
    return CheckResult.PASSED if is_unresolved(arn.account) else account(arn.account)


def _any_holds(
    conditions: Iterable[Condition],
    operators: tuple[str, ...],
    judge: Callable[[str], CheckResult],
) -> CheckResult:
    """Conditions narrow each other, so one that is strong enough will do."""
    judged = [
        worst(map(judge, condition.values))
        for condition in conditions
        if condition.operator in (*operators, UNSEEN) and condition.values
    ]
    if CheckResult.PASSED in judged:
        return CheckResult.PASSED
    return CheckResult.UNKNOWN if CheckResult.UNKNOWN in judged else CheckResult.FAILED
