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

OPERATION = (
    r"\$aws/(?:certificates/create(?:-from-csr)?"
    r"|provisioning-templates/[^/*?]+/provision)"
)
REQUEST = re.compile(OPERATION + r"/(?:json|cbor)")
ANSWER = re.compile(
    OPERATION + r"/(?:(?:json|cbor)/(?:accepted|rejected|\*)|\*/(?:accepted|rejected))"
)
OF_TEMPLATE = re.compile(r"\$aws/provisioning-templates/([^/]+)/")
# Without a mark at its end `claim*` is also the beginning of `claimed-1`.
OWN_PREFIX = re.compile(r"[^*?]+[-_/:][*?]")
TOPICS = {"iot:publish": REQUEST, "iot:receive": ANSWER, "iot:subscribe": ANSWER}
KIND = {
    "iot:connect": "client",
    "iot:publish": "topic",
    "iot:receive": "topic",
    "iot:subscribe": "topicfilter",
}


class IoTClaimPolicyBeyondProvisioning(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a claim policy allows nothing but to be provisioned by one template",
            id="CKV_AWSIOT_29",
            severity="HIGH",
            guideline=(
                "A claim certificate is in every device of a batch and on the way there in many"
                " hands. A policy that may publish to $aws/certificates/create... or"
                " $aws/provisioning-templates/... is one of those. It should allow iot:Publish on"
                " the request topics with their format (.../create-from-csr/json,"
                " .../TEMPLATE/provision/json), iot:Receive and iot:Subscribe on /accepted and"
                " /rejected below these, and iot:Connect with a client id prefix of its own"
                " that ends in a mark, as claim-*."
                " .../create/* also matches the requests and the answers of others, a * for the"
                " template every other template, and two templates need two claims."
                " What devices may do belongs into another policy."
                " AWS: Developer Guide, Provisioning devices that don't have device certificates."
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
        if len(set(_templates(policy))) > 1:
            yield CheckResult.FAILED


def _templates(policy: Policy) -> Iterator[str]:
    for _, each in policy.of(*TOPICS):
        found = OF_TEMPLATE.match(each.name)
        if found and not has_expression(found[1]):
            yield found[1]


def _judge(action: str, each: Target) -> CheckResult:
    if not ACTION.fullmatch(action) or each.kind is None:
        return CheckResult.UNKNOWN
    if each.kind == EVERYTHING or action.lower() not in KIND:
        return CheckResult.FAILED
    if each.kind != KIND[action.lower()]:
        # It grants nothing, and CKV_AWSIOT_25 says so.
        return CheckResult.PASSED
    if has_expression(each.name):
        return CheckResult.UNKNOWN
    if each.kind == "client":
        is_apart = not WILDCARD.search(each.name) or OWN_PREFIX.match(each.name)
        return CheckResult.PASSED if is_apart else CheckResult.FAILED
    is_provisioning = TOPICS[action.lower()].fullmatch(each.name)
    return CheckResult.PASSED if is_provisioning else CheckResult.FAILED


check = IoTClaimPolicyBeyondProvisioning()
