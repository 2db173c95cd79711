from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.documents import document
from iot_documents.results import worst
from iot_documents.statements import is_whole, statements
from iot_documents.trust import judged


class IoTRoleTrustSource(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a role that AWS IoT assumes names the account and the source it trusts",
            id="CKV_AWSIOT_1",
            categories=(CheckCategories.IAM,),
            supported_resources=("aws_iam_role",),
            guideline=(
                "A role that trusts iot.amazonaws.com without a condition can be used through AWS"
                " IoT on behalf of any other account (confused deputy). Add to the same statement"
                " StringEquals aws:SourceAccount with the account's id and ArnLike aws:SourceArn"
                ' with "arn:aws:iot:REGION:ACCOUNT:*" or narrower. ...IfExists and'
                " ForAllValues: do not count, which hold without the key, nor does StringLike for"
                " the account. AWS: Developer Guide, Cross-service confused deputy prevention."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["assume_role_policy"]
        policy = document(conf, "assume_role_policy")
        if policy is None:
            return CheckResult.UNKNOWN
        unseen = [] if is_whole(policy) else [CheckResult.UNKNOWN]
        return worst([*judged(statements(policy)), *unseen])


check = IoTRoleTrustSource()
