from __future__ import annotations

import re
from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import IoTPolicyCheck, Policy


class IoTPolicyMqttWildcard(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure no topic in an AWS IoT policy holds an MQTT wildcard",
            id="CKV_AWSIOT_26",
            severity="LOW",
            guideline=(
                "In a policy # and + are characters like any other. No message has them in its"
                " topic, so topic/devices/# grants nothing, and reads as if it granted much. Use *"
                " and ?, which are a policy's wildcards, and mind that * does not end at a /."
                " topicfilter/devices/+ is left alone: it allows subscribing with exactly that"
                " filter. AWS: Developer Guide, Publish/Subscribe policy examples."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for _, topic in policy.of("iot:Publish", "iot:Receive", "iot:RetainPublish"):
            if topic.kind == "topic":
                if re.search(r"(?:^|/)[+#](?:/|$)", topic.plain):
                    yield CheckResult.FAILED
                else:
                    yield CheckResult.PASSED if topic.is_known else CheckResult.UNKNOWN


check = IoTPolicyMqttWildcard()
