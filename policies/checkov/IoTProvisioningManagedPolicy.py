from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.results import worst
from iot_documents.values import as_list, is_unresolved, text

BROAD = ":policy/service-role/AWSIoTThingsRegistration"


class IoTProvisioningManagedPolicy(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a provisioning role has a policy of its own, not AWSIoTThingsRegistration",
            id="CKV_AWSIOT_11",
            categories=(CheckCategories.IAM,),
            supported_resources=(
                "aws_iam_role",
                "aws_iam_role_policy_attachment",
                "aws_iam_role_policy_attachments_exclusive",
                "aws_iam_policy_attachment",
            ),
            guideline=(
                "The managed policy AWSIoTThingsRegistration allows iot:CreatePolicy and"
                " iot:AttachPolicy on every resource: who can change a template's body can give any"
                " certificate any right. It is what AWS documents, so this is a warning; a policy"
                " that names the things, groups and policies of the template works as well. AWS:"
                " Developer Guide, AWS managed policies for AWS IoT."
            ),
        )
        self.severity = get_severity("LOW")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["policy_arn", "policy_arns", "managed_policy_arns"]
        return worst(map(_judged, _attached(conf)))


def _attached(conf: dict[str, list[Any]]) -> Iterator[Any]:
    for name in ("policy_arn", "policy_arns", "managed_policy_arns"):
        for value in as_list(conf.get(name)):
            yield from as_list(value)


def _judged(arn: Any) -> CheckResult:
    if text(arn).endswith(BROAD):
        return CheckResult.FAILED
    return CheckResult.UNKNOWN if is_unresolved(arn) else CheckResult.PASSED


check = IoTProvisioningManagedPolicy()
