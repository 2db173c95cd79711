from __future__ import annotations

import re
from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import (
    ACTION,
    EVERYTHING,
    WILDCARD,
    IoTPolicyCheck,
    Policy,
    Target,
    has_expression,
    targets,
)

OPERATION = r"\$aws/(?:certificates/create(?:-from-csr)?|provisioning-templates/(?P<template>[^/]+)/provision)"
REQUEST = re.compile(OPERATION + r"/(?:json|cbor)")
ANSWER = re.compile(
    OPERATION + r"/(?:(?:json|cbor)/(?:accepted|rejected|\*)|\*/(?:accepted|rejected))"
)
ALLOWED = {
    "iot:publish": ("topic", REQUEST),
    "iot:receive": ("topic", ANSWER),
    "iot:subscribe": ("topicfilter", ANSWER),
}


class IoTClaimPolicyBeyondProvisioning(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a claim policy allows nothing but to be provisioned by one template",
            id="CKV_AWSIOT_29",
            severity="HIGH",
            guideline=(
                "A claim certificate is in every device of a batch and on the way there in many"
                " hands. Its policy, which is one that may publish to $aws/certificates/create... or"
                " $aws/provisioning-templates/..., should allow iot:Publish on the request topics"
                " with their format, as .../create-from-csr/json and .../TEMPLATE/provision/json,"
                " iot:Receive and iot:Subscribe on /accepted and /rejected below these, and"
                " iot:Connect with a client id prefix of its own. .../create/* also matches the"
                " requests and the answers of others, a * for the template every other template."
                " What devices may do belongs into another policy. AWS: Developer Guide, Provisioning"
                " devices that don't have device certificates."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        if not policy.is_claim:
            return
        for statement in policy.grants:
            if statement.not_actions:
                yield CheckResult.FAILED
            for action in statement.actions:
                for each in targets(statement):
                    yield _judge(action, each)


def _judge(action: str, each: Target) -> CheckResult:
    if not ACTION.fullmatch(action) or each.kind is None:
        return CheckResult.UNKNOWN
    if each.kind == EVERYTHING:
        return CheckResult.FAILED
    if action.lower() == "iot:connect":
        return _prefixed(each)
    if action.lower() not in ALLOWED:
        return CheckResult.FAILED
    kind, topics = ALLOWED[action.lower()]
    if each.kind != kind and each.kind in {"topic", "topicfilter"}:
        # It grants nothing; CKV_AWSIOT_25 says so.
        return CheckResult.PASSED
    found = topics.fullmatch(each.name)
    if not found:
        return CheckResult.UNKNOWN if _may_match(each) else CheckResult.FAILED
    template = found["template"] or ""
    if has_expression(template):
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if WILDCARD.search(template) else CheckResult.PASSED


def _prefixed(client: Target) -> CheckResult:
    if has_expression(client.name):
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if WILDCARD.match(client.name) else CheckResult.PASSED


def _may_match(each: Target) -> bool:
    """Whether only an expression, not what is written, keeps the name from matching."""
    return has_expression(each.name)


check = IoTClaimPolicyBeyondProvisioning()
