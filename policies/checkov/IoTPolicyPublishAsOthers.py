from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import PROVISIONING, IoTPolicyCheck, Policy, Target


class IoTPolicyPublishAsOthers(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a device may publish only below a topic that is its own",
            id="CKV_AWSIOT_27",
            severity="MEDIUM",
            guideline=(
                "Whoever reads topic/sensors/temperature/* cannot tell which device wrote: each may"
                " write below it in the name of all others. Put the device's name and a / before"
                " the *, as topic/sensors/temperature/${iot:Connection.Thing.ThingName}/*; its type"
                " or its address does not do, which others share. A topic without a wildcard is"
                " left alone. AWS: Developer Guide, Thing policy variables."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for _, topic in policy.of("iot:Publish", "iot:RetainPublish"):
            if topic.may_be("topic") and not PROVISIONING.match(topic.name):
                yield _judge(topic)


def _judge(topic: Target) -> CheckResult:
    if not topic.is_known:
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if topic.is_shared else CheckResult.PASSED


check = IoTPolicyPublishAsOthers()
