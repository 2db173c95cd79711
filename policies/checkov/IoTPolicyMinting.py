from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.documents import document
from iot_documents.minting import can_mint
from iot_documents.results import worst
from iot_documents.statements import is_whole, statements
from iot_documents.values import blocks

ROLE = "aws_iam_role"
INLINE = "inline_policy"


class IoTPolicyMinting(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure no IAM policy allows writing and attaching any AWS IoT policy",
            id="CKV_AWSIOT_12",
            categories=(CheckCategories.IAM,),
            supported_resources=(
                "aws_iam_policy",
                "aws_iam_role_policy",
                "aws_iam_user_policy",
                "aws_iam_group_policy",
                ROLE,
            ),
            guideline=(
                "iot:CreatePolicy (or CreatePolicyVersion) together with iot:AttachPolicy (or"
                " AttachPrincipalPolicy), each on every resource, is the right to give any"
                " certificate any right: a function or a provisioning role that has both is one bug"
                " away from a device that reads the whole fleet. Leave out iot:CreatePolicy, make"
                " the policies with Terraform, and name the policies and certificates that may be"
                " attached. AWS: Service Authorization Reference, AWS IoT."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["policy", INLINE]
        if self.entity_type != ROLE:
            return _judged(conf)
        return worst(map(_judged, blocks(conf, INLINE)))


def _judged(conf: dict[str, Any]) -> CheckResult:
    policy = document(conf, "policy")
    if policy is None:
        return CheckResult.UNKNOWN
    unseen = [] if is_whole(policy) else [CheckResult.UNKNOWN]
    return worst([can_mint(statements(policy)), *unseen])


check = IoTPolicyMinting()
