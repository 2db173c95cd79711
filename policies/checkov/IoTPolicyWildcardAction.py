from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import ACTION, WILDCARD, IoTPolicyCheck, Policy


class IoTPolicyWildcardAction(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT policy names each action that it allows",
            id="CKV_AWSIOT_20",
            severity="HIGH",
            guideline=(
                "With iot:* or iot:Publish* a device may do whatever AWS adds under that name, and"
                " with NotAction all but what is listed: retained messages, shadows and jobs of"
                " others among it. Name each action that the device needs: iot:Connect,"
                " iot:Publish, iot:Receive, iot:Subscribe. AWS: Developer Guide, AWS IoT Core"
                " policy actions."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for statement in policy.grants:
            if statement.not_actions:
                yield CheckResult.FAILED
            for action in statement.actions:
                is_wide = ACTION.fullmatch(action) and WILDCARD.search(action)
                yield CheckResult.FAILED if is_wide else CheckResult.PASSED


check = IoTPolicyWildcardAction()
