from __future__ import annotations

import re
from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import EVERYTHING, IoTPolicyCheck, Policy, Target, has_expression

# In a filter the MQTT wildcards are literal too, but a device that may use the filter `#` gets all.
ANY_LEVEL = {"topic": re.compile(r"[*?]+"), "topicfilter": re.compile(r"[*?]+|[+#]")}
RESERVED = ("$aws", "things")


class IoTPolicyAnyTopic(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT policy does not open every topic or every device's shadow",
            id="CKV_AWSIOT_22",
            severity="HIGH",
            guideline=(
                "topic/*, topicfilter/#, topic/$aws/things/* and the resource * let one device read"
                " and write what belongs to every other, its shadow and its jobs included. Begin"
                " each topic with a fixed name and hold the device's own name in it, as"
                " topic/devices/${iot:Connection.Thing.ThingName}/* and"
                " topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*. AWS: Device"
                " Defender, AWS IoT policies overly permissive."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for _, topic in policy.of(
            "iot:Publish",
            "iot:Receive",
            "iot:Subscribe",
            "iot:RetainPublish",
            "iot:GetRetainedMessage",
        ):
            if topic.may_be("topic", "topicfilter"):
                yield _judge(topic)


def _judge(topic: Target) -> CheckResult:
    if topic.kind == EVERYTHING:
        return CheckResult.FAILED
    if topic.kind is None:
        return CheckResult.UNKNOWN
    for place, level in enumerate(topic.name.split("/")):
        if has_expression(level):
            return CheckResult.UNKNOWN
        if ANY_LEVEL[topic.kind].fullmatch(level):
            return CheckResult.FAILED
        if place >= len(RESERVED) or level != RESERVED[place]:
            break
    return CheckResult.PASSED


check = IoTPolicyAnyTopic()
