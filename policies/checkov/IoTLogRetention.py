from __future__ import annotations

import re
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import attribute, is_missing, known

NAME = re.compile(r"^/aws/lambda/|AWSIotLogs|(?<![a-z])iot(?![a-z])|provisioning", re.IGNORECASE)


class IoTLogRetention(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure logs of device provisioning are kept for a time that somebody chose",
            id="CKV_AWSIOT_35",
            categories=(CheckCategories.LOGGING,),
            supported_resources=("aws_cloudwatch_log_group",),
            guideline=(
                "Without retention_in_days, or with 0, the group keeps everything for ever: serial"
                " numbers, IP addresses and certificates' ids that somebody may have the right to"
                " see deleted, and a bill that only grows. Set retention_in_days to what your"
                " investigations need. Judged are groups of functions (/aws/lambda/...) and those"
                " with iot or provisioning in their name. AWS: CloudWatch Logs User Guide, Working"
                " with log groups and log streams."
            ),
        )
        self.severity = get_severity("LOW")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["retention_in_days"]
        name = attribute(conf, "name") or attribute(conf, "name_prefix")
        if not NAME.search(str(name)):
            return CheckResult.UNKNOWN
        if is_missing(conf, "retention_in_days"):
            return CheckResult.FAILED
        days = str(known(conf, "retention_in_days"))
        if not days.isdigit():
            return CheckResult.UNKNOWN
        return CheckResult.FAILED if days == "0" else CheckResult.PASSED


check = IoTLogRetention()
