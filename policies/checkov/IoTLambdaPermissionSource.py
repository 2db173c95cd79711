from __future__ import annotations

import re
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.arns import split
from iot_documents.results import worst
from iot_documents.trust import IOT, account, iot_arn
from iot_documents.values import attribute, is_missing, known

WILDCARD = re.compile(r"[*?]")


class IoTLambdaPermissionSource(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure AWS IoT may call a function for one source of one account only",
            id="CKV_AWSIOT_3",
            categories=(CheckCategories.IAM,),
            supported_resources=("aws_lambda_permission",),
            guideline=(
                "A permission for iot.amazonaws.com without source_arn and source_account lets a"
                " template or a rule of any account call the function: somebody else's template"
                " then asks your hook, and somebody else's rule feeds your data. Set"
                " source_account, and source_arn to the exact ARN (.../provisioningtemplate/NAME,"
                " .../rule/NAME); with a wildcard in it, every template that is ever made may call."
                " One permission per template. AWS: Developer Guide, Pre-provisioning hooks."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["principal", "source_arn", "source_account"]
        if known(conf, "principal") != IOT:
            return CheckResult.UNKNOWN
        return worst(
            (
                _judged(conf, "source_account", account),
                _judged(conf, "source_arn", _exact_arn),
            )
        )


def _judged(conf: dict[str, list[Any]], name: str, judge: Any) -> CheckResult:
    if is_missing(conf, name):
        return CheckResult.FAILED
    value = attribute(conf, name)
    return CheckResult.UNKNOWN if value is None else judge(str(value))


def _exact_arn(value: str) -> CheckResult:
    arn = split(value)
    if arn is not None and WILDCARD.search(value):
        return CheckResult.FAILED
    return iot_arn(value)


check = IoTLambdaPermissionSource()
