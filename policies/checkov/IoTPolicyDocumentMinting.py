from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck

from iot_documents.minting import can_mint
from iot_documents.results import worst
from iot_documents.statements import block_statements, is_composed


class IoTPolicyDocumentMinting(BaseDataCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure no policy document allows writing and attaching any AWS IoT policy",
            id="CKV_AWSIOT_13",
            categories=(CheckCategories.IAM,),
            supported_data=("aws_iam_policy_document",),
            guideline=(
                "iot:CreatePolicy (or CreatePolicyVersion) together with iot:AttachPolicy (or"
                " AttachPrincipalPolicy), each on every resource, is the right to give any"
                " certificate any right. Leave out iot:CreatePolicy, make the policies with"
                " Terraform, and name the policies and certificates that may be attached. A plan"
                " holds no data sources: there CKV_AWSIOT_12 judges the policy that is made of the"
                " document. AWS: Service Authorization Reference, AWS IoT."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_data_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["statement"]
        seen = can_mint(block_statements(conf))
        unseen = [CheckResult.UNKNOWN] if is_composed(conf) else []
        return worst([seen, *unseen])


check = IoTPolicyDocumentMinting()
