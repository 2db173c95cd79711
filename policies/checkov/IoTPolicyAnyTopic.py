from __future__ import annotations

import re
from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import EVERYTHING, IoTPolicyCheck, Policy, Target, has_expression

# In a filter the MQTT wildcards are literal too, but a device that may use the filter `#` gets all.
ANY = {"topic": re.compile(r"[*?]"), "topicfilter": re.compile(r"[*?]|^[+#]$")}
# A shared subscription's filter stands behind its group.
GROUP = re.compile(r"^\$share/[^/*?]*/?")
# Levels on the way to the name of a thing.
RESERVED = (("$aws", "$share"), ("things",))


class IoTPolicyAnyTopic(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT policy does not open every topic or every device's shadow",
            id="CKV_AWSIOT_22",
            severity="HIGH",
            guideline=(
                "topic/*, topicfilter/#, topic/$aws/things/line-* and * let one device read"
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
    levels = GROUP.sub("", topic.name).split("/")
    for level, reserved in zip(levels, RESERVED, strict=False):
        if has_expression(level):
            return CheckResult.UNKNOWN
        before = ANY[topic.kind].split(level)[0]
        if before != level:
            is_open = any(name.startswith(before) for name in reserved)
            return CheckResult.FAILED if is_open else CheckResult.PASSED
        if level not in reserved:
            return CheckResult.PASSED
    return _judge_thing(topic.kind, levels[len(RESERVED) :])


def _judge_thing(kind: str, levels: list[str]) -> CheckResult:
    """Whether what stands for the name of a thing is the name of one."""
    name = "".join(levels[:1])
    if has_expression(name):
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if ANY[kind].search(name) else CheckResult.PASSED


check = IoTPolicyAnyTopic()
