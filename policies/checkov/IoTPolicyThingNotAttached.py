from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import IoTPolicyCheck, Policy
from iot_documents.results import worst
from iot_documents.statements import Condition, Statement
from iot_documents.values import is_unresolved

THING = "${iot:connection.thing."


class IoTPolicyThingNotAttached(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a device may connect as a thing only with a certificate attached to it",
            id="CKV_AWSIOT_23",
            severity="HIGH",
            guideline=(
                "Where a certificate is attached to no thing, or to several, AWS IoT takes the"
                " thing's name from the client id, which the device chose. Without the condition"
                " any certificate that has the policy may connect as any thing. Add to the"
                ' statement Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } }.'
                " BoolIfExists does not do: it holds where the key is missing. AWS: Developer"
                " Guide, Thing policy variables."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for statement, client in policy.of("iot:Connect"):
            if client.kind == "client" and THING in client.name.lower():
                yield _is_attached(statement)


def _is_attached(statement: Statement) -> CheckResult:
    judged = [
        _holds(condition)
        for condition in statement.conditions_on("iot:Connection.Thing.IsAttached")
        if condition.operator == "Bool"
    ]
    if CheckResult.PASSED in judged:
        return CheckResult.PASSED
    return CheckResult.UNKNOWN if CheckResult.UNKNOWN in judged else CheckResult.FAILED


def _holds(condition: Condition) -> CheckResult:
    return worst(
        CheckResult.UNKNOWN
        if is_unresolved(value)
        else CheckResult.PASSED
        if value.lower() == "true"
        else CheckResult.FAILED
        for value in condition.values
    )


check = IoTPolicyThingNotAttached()
