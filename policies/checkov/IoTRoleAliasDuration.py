from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import is_missing, known

LONGEST = 3600


class IoTRoleAliasDuration(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure credentials from an AWS IoT role alias last no longer than an hour",
            id="CKV_AWSIOT_39",
            categories=(CheckCategories.IAM,),
            supported_resources=("aws_iot_role_alias",),
            guideline=(
                "Credentials that a device got outlive its certificate: after a revocation they"
                " work until they expire, up to 12 hours. Leave credential_duration at 3600 or set"
                " it lower; a device may ask again at any time. AWS: Developer Guide,"
                " Authorizing direct calls to AWS services using AWS IoT Core credential provider."
            ),
        )
        self.severity = get_severity("LOW")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["credential_duration"]
        if is_missing(conf, "credential_duration"):
            return CheckResult.PASSED
        seconds = str(known(conf, "credential_duration"))
        if not seconds.isdigit():
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if int(seconds) <= LONGEST else CheckResult.FAILED


check = IoTRoleAliasDuration()
