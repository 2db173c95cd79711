from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import ACTION, EVERYTHING, WILDCARD, IoTPolicyCheck, Policy, targets
from iot_documents.statements import Statement

KIND = {
    "iot:publish": "topic",
    "iot:receive": "topic",
    "iot:retainpublish": "topic",
    "iot:getretainedmessage": "topic",
    "iot:subscribe": "topicfilter",
}


class IoTPolicyTopicKind(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT policy allows subscribing on topicfilter/, all else on topic/",
            id="CKV_AWSIOT_25",
            severity="MEDIUM",
            guideline=(
                "iot:Subscribe is asked of topicfilter/..., iot:Publish and iot:Receive of"
                " topic/... A resource of the other kind grants nothing: the device is thrown out"
                " when it subscribes, and somebody in a hurry mends that with a *. Write a"
                " statement for iot:Subscribe with topicfilter/ and another for iot:Receive with"
                " topic/. AWS: Developer Guide, AWS IoT Core action resources."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for statement in policy.grants:
            yield from _judge(statement)


def _judge(statement: Statement) -> Iterator[CheckResult]:
    actions = {action.lower() for action in statement.actions}
    wanted = {KIND[action] for action in actions & KIND.keys()}
    found = {each.kind for each in targets(statement)}
    if statement.not_actions or any(WILDCARD.search(action) for action in actions):
        return
    if None in found or any(not ACTION.fullmatch(action) for action in actions):
        yield CheckResult.UNKNOWN
        return
    unused = found & set(KIND.values()) - wanted
    missing = set() if EVERYTHING in found else wanted - found
    if unused or missing:
        yield CheckResult.FAILED
    elif wanted:
        yield CheckResult.PASSED


check = IoTPolicyTopicKind()
