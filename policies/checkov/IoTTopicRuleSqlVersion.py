from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import known

RECOMMENDED = "2016-03-23"


class IoTTopicRuleSqlVersion(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT rule is read by the recommended version of SQL",
            id="CKV_AWSIOT_37",
            categories=(CheckCategories.CONVENTION,),
            supported_resources=("aws_iot_topic_rule",),
            guideline=(
                "2015-10-08 reads nested objects and arrays of a message wrongly, and beta may"
                ' change under a rule that decides about devices. Set sql_version = "2016-03-23".'
                " AWS: Developer Guide, SQL versions."
            ),
        )
        self.severity = get_severity("LOW")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["sql_version"]
        version = known(conf, "sql_version")
        if version is None:
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if version == RECOMMENDED else CheckResult.FAILED


check = IoTTopicRuleSqlVersion()
