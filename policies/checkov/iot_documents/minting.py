"""Whether a policy lets its holder give any AWS IoT certificate any right."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checkov.common.models.enums import CheckResult

from iot_documents.statements import Statement
from iot_documents.values import is_unresolved

WRITE = ("iot:CreatePolicy", "iot:CreatePolicyVersion")
ATTACH = ("iot:AttachPolicy", "iot:AttachPrincipalPolicy")
# All policies, or all certificates, of some account.
EVERYTHING = re.compile(r"\*|arn:[^:]*:iot:[^:]*:[^:]*:(?:\*|(?:policy|cert)/\*)")


def can_mint(statements: Iterable[Statement]) -> CheckResult:
    """Whether these statements together allow writing any IoT policy and attaching it to anything.

    Statements with a condition are taken to be narrow, and a policy without actions of AWS IoT is
    not judged.
    """
    about_iot = [s for s in statements if s.allows and _is_about_iot(s)]
    if not about_iot:
        return CheckResult.UNKNOWN
    wide = [s for s in about_iot if not s.conditions and _is_everywhere(s)]
    if all(any(s.covers(action) for s in wide for action in kind) for kind in (WRITE, ATTACH)):
        return CheckResult.FAILED
    if any(is_unresolved(text) for s in about_iot for text in (*s.actions, *s.resources)):
        return CheckResult.UNKNOWN
    return CheckResult.PASSED


def _is_about_iot(statement: Statement) -> bool:
    if statement.not_actions:
        return True
    return any(action == "*" or action.lower().startswith("iot:") for action in statement.actions)


def _is_everywhere(statement: Statement) -> bool:
    return bool(statement.not_resources) or any(map(EVERYTHING.fullmatch, statement.resources))
