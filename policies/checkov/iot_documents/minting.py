"""Whether a policy lets its holder give any AWS IoT certificate any right."""

from __future__ import annotations

from collections.abc import Iterable

from checkov.common.models.enums import CheckResult

from iot_documents.arns import reaches
from iot_documents.statements import UNSEEN, Statement
from iot_documents.values import is_unresolved

WRITE = ("iot:CreatePolicy", "iot:CreatePolicyVersion")
ATTACH = ("iot:AttachPolicy", "iot:AttachPrincipalPolicy")
# What matches these, which nobody has, matches all policies or all certificates.
SAMPLES = ("policy/~", "cert/~")
# Any other condition says who asks, and how, and not what for.
NARROWING = ("iot:", "aws:resourcetag/")


def can_mint(statements: Iterable[Statement]) -> CheckResult:
    """Whether these statements together allow writing any IoT policy and attaching it to anything.

    Statements with a condition on what they are for are taken to be narrow, and a policy without
    actions of AWS IoT is not judged.
    """
    about_iot = [s for s in statements if s.allows and _is_about_iot(s)]
    if not about_iot:
        return CheckResult.UNKNOWN
    wide = [s for s in about_iot if not _is_narrowed(s) and _is_everywhere(s)]
    if all(any(s.covers(action) for s in wide for action in kind) for kind in (WRITE, ATTACH)):
        is_clear = not any(s.conditions_on(UNSEEN) for s in wide)
        return CheckResult.FAILED if is_clear else CheckResult.UNKNOWN
    if any(is_unresolved(text) for s in about_iot for text in (*s.actions, *s.resources)):
        return CheckResult.UNKNOWN
    return CheckResult.PASSED


def _is_about_iot(statement: Statement) -> bool:
    if statement.not_actions:
        return True
    return any(action == "*" or action.lower().startswith("iot:") for action in statement.actions)


def _is_narrowed(statement: Statement) -> bool:
    return any(c.key.lower().startswith(NARROWING) for c in statement.conditions)


def _is_everywhere(statement: Statement) -> bool:
    return bool(statement.not_resources) or any(
        reaches(resource, "iot", sample) for resource in statement.resources for sample in SAMPLES
    )
