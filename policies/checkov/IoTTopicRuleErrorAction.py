from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import is_dynamic, is_missing


class IoTTopicRuleErrorAction(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT rule keeps what its actions could not deliver",
            id="CKV_AWSIOT_36",
            categories=(CheckCategories.LOGGING,),
            supported_resources=("aws_iot_topic_rule",),
            guideline=(
                "When an action fails AWS IoT tries again for a while and then drops the message:"
                " an audit trail has a hole, a device stays unconfirmed, and nothing says so. Add"
                " an error_action block, to a queue for example, and an alarm on that queue. AWS:"
                " Developer Guide, Error handling (error action)."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["error_action"]
        if is_dynamic(conf, "error_action"):
            return CheckResult.UNKNOWN
        return CheckResult.FAILED if is_missing(conf, "error_action") else CheckResult.PASSED


check = IoTTopicRuleErrorAction()
