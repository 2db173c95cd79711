from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.templates import FLEET, TEMPLATE, body, template_type

# Beside this one AWS IoT fills in nothing for a fleet template.
BY_SERVICE = "AWS::IoT::Certificate::Id"
PSEUDO = "AWS::"


class IoTTemplateUndeclaredParameter(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a fleet template refers to parameters that it declares and somebody fills",
            id="CKV_AWSIOT_43",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=(TEMPLATE,),
            guideline=(
                "A Ref to a name that is not in Parameters stays empty whatever the hook answers:"
                " each device is refused, or gets a name that nobody meant. Of the names"
                " that begin with AWS:: only AWS::IoT::Certificate::Id is filled in:"
                " AWS::IoT::Certificate::Arn is in no documentation. Declare every parameter, also"
                " those that only the hook's parameterOverrides set. AWS: Developer Guide,"
                " Provisioning templates."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["template_body"]
        found = body(conf)
        if found is None or template_type(conf) != FLEET:
            return CheckResult.UNKNOWN
        pseudo = {name for name in found.parameters if name.startswith(PSEUDO)}
        unfilled = (found.references - found.parameters) | pseudo
        return found.outcome(is_wrong=bool(unfilled - {BY_SERVICE}))


check = IoTTemplateUndeclaredParameter()
