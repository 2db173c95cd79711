from __future__ import annotations

from collections.abc import Iterator

from checkov.common.models.enums import CheckResult

from iot_documents.iot_policy import EVERYTHING, WILDCARD, IoTPolicyCheck, Policy, Target


class IoTPolicyAnyClient(IoTPolicyCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT policy does not let a device connect under any client id",
            id="CKV_AWSIOT_21",
            severity="HIGH",
            guideline=(
                "Two connections with one client id throw each other out, and policies, shadows and"
                " presence events go by it. A device that may connect as client/* or client/line-*"
                " can take the place of others, and so it can with a * after its own name, which"
                " theirs may begin with. Allow iot:Connect on"
                " client/${iot:Connection.Thing.ThingName} under the condition Bool"
                " iot:Connection.Thing.IsAttached true. A claim policy, whose bearers have no thing"
                " yet, takes a prefix that no device's name begins with, as client/claim-*. AWS:"
                " Device Defender, AWS IoT policies overly permissive."
            ),
        )

    def judge(self, policy: Policy) -> Iterator[CheckResult]:
        for _, client in policy.of("iot:Connect"):
            if client.may_be("client"):
                yield _judge(client, is_claim=policy.is_claim)


def _judge(client: Target, *, is_claim: bool) -> CheckResult:
    if client.kind == EVERYTHING:
        return CheckResult.FAILED
    if not client.is_known:
        return CheckResult.UNKNOWN
    if not client.has_wildcard:
        return CheckResult.PASSED
    has_prefix = not WILDCARD.match(client.name)
    return CheckResult.PASSED if is_claim and has_prefix else CheckResult.FAILED


check = IoTPolicyAnyClient()
