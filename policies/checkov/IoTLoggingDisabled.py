from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.flags import is_off
from iot_documents.results import worst
from iot_documents.values import known


class IoTLoggingDisabled(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure AWS IoT writes its log",
            id="CKV_AWSIOT_42",
            categories=(CheckCategories.LOGGING,),
            supported_resources=("aws_iot_logging_options",),
            guideline=(
                "Why a device was refused, at its connection or by a hook, stands in the log of AWS"
                " IoT and nowhere else. Set default_log_level to ERROR or more and leave"
                " disable_all_logs out. AWS: Device Defender, Logging disabled."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["default_log_level", "disable_all_logs"]
        return worst((_has_level(conf), is_off(conf, "disable_all_logs")))


def _has_level(conf: dict[str, list[Any]]) -> CheckResult:
    level = known(conf, "default_log_level")
    if level is None:
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if level == "DISABLED" else CheckResult.PASSED


check = IoTLoggingDisabled()
