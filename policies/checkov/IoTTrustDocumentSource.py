from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck

from iot_documents.results import worst
from iot_documents.statements import block_statements, is_composed
from iot_documents.trust import judged


class IoTTrustDocumentSource(BaseDataCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a policy document that trusts AWS IoT names the account and the source",
            id="CKV_AWSIOT_2",
            categories=(CheckCategories.IAM,),
            supported_data=("aws_iam_policy_document",),
            guideline=(
                "A role whose trust policy lets iot.amazonaws.com in without a condition can be"
                " used through AWS IoT on behalf of any other account (confused deputy). Add to"
                " the same statement two condition blocks: StringEquals aws:SourceAccount with the"
                ' account\'s id, and ArnLike aws:SourceArn with "arn:aws:iot:REGION:ACCOUNT:*" or'
                " narrower. A plan holds no data sources: there CKV_AWSIOT_1 judges the role."
                " AWS: Developer Guide, Cross-service confused deputy prevention."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_data_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["statement"]
        unseen = [CheckResult.UNKNOWN] if is_composed(conf) else []
        return worst([*judged(block_statements(conf)), *unseen])


check = IoTTrustDocumentSource()
