from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import IoTPolicyCheck, Policy, Target


class IoTPolicyAnyThing(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT policy does not open the shadows and jobs of other things",
            id="CKV_AWSIOT_28",
            severity="HIGH",
            guideline=(
                "These actions are asked of thing/NAME over HTTPS. thing/* or thing/sensor-* lets"
                " each device read and change the shadow, or end the job, of every other. Over MQTT"
                " they are not needed at all: there the topics below"
                " $aws/things/${iot:Connection.Thing.ThingName} decide. For HTTPS use a value out"
                " of the certificate, as thing/${iot:Certificate.Subject.CommonName}. AWS:"
                " Developer Guide, AWS IoT Core policy actions."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for _, thing in policy.of(
            "iot:GetThingShadow",
            "iot:UpdateThingShadow",
            "iot:DeleteThingShadow",
            "iot:ListNamedShadowsForThing",
            "iot:DescribeJobExecution",
            "iot:GetPendingJobExecutions",
            "iot:StartNextPendingJobExecution",
            "iot:UpdateJobExecution",
        ):
            if thing.may_be("thing"):
                yield _judge(thing)


def _judge(thing: Target) -> CheckResult:
    if not thing.is_known:
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if thing.has_wildcard else CheckResult.PASSED


check = IoTPolicyAnyThing()
