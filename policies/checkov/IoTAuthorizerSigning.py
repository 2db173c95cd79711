from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.flags import is_off


class IoTAuthorizerSigning(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT custom authorizer checks the signature of the token",
            id="CKV_AWSIOT_40",
            categories=(CheckCategories.IAM,),
            supported_resources=("aws_iot_authorizer",),
            guideline=(
                "With signing_disabled = true anybody on the internet can have the function invoked"
                " with a token of their making. Leave it out and set token_key_name and"
                " token_signing_public_keys; it cannot be changed later, so make a new authorizer."
                " AWS: Developer Guide, Creating an authorizer; Config rule"
                " iot-authorizer-token-signing-enabled."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["signing_disabled"]
        return is_off(conf, "signing_disabled")


check = IoTAuthorizerSigning()
