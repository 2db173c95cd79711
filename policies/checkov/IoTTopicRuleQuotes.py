from __future__ import annotations

import re
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import attribute

DOUBLE = re.compile(r"\bFROM\s+\\?\"", re.IGNORECASE)
SINGLE = re.compile(r"\bFROM\s+'", re.IGNORECASE)


class IoTTopicRuleQuotes(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure the topic filter of an AWS IoT rule stands in single quotes",
            id="CKV_AWSIOT_45",
            categories=(CheckCategories.CONVENTION,),
            supported_resources=("aws_iot_topic_rule",),
            guideline=(
                "FROM takes a topic filter in single quotes; double quotes are for names."
                " A rule that matches nothing reports no error: the audit trail it was to keep"
                " stays empty. Write for example FROM 'devices/+/telemetry'. AWS:"
                " Developer Guide, FROM clause."
            ),
        )
        self.severity = get_severity("LOW")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["sql"]
        sql = str(attribute(conf, "sql"))
        if DOUBLE.search(sql):
            return CheckResult.FAILED
        return CheckResult.PASSED if SINGLE.search(sql) else CheckResult.UNKNOWN


check = IoTTopicRuleQuotes()
