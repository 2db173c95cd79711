from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.results import worst
from iot_documents.templates import AUTHORITY, TEMPLATE, Body, bodies


class IoTTemplateInlinePolicy(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a provisioning template names its AWS IoT policies and holds none itself",
            id="CKV_AWSIOT_6",
            categories=(CheckCategories.IAM,),
            supported_resources=(TEMPLATE, AUTHORITY),
            guideline=(
                "From a PolicyDocument in a template AWS IoT makes a policy that Terraform does not"
                " know: nobody reviews, versions or tightens it afterwards, and the provisioning"
                " role needs iot:CreatePolicy, with which it could make any policy at all. Make an"
                " aws_iot_policy and refer to it by PolicyName. AWS: Developer Guide, Provisioning"
                " templates, policy resources."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["template_body", "registration_config/[0]/template_body"]
        return worst(map(_judged, bodies(conf, self.entity_type)))


def _judged(found: Body | None) -> CheckResult:
    if found is None:
        return CheckResult.UNKNOWN
    policies = found.properties("AWS::IoT::Policy")
    inline = any("PolicyDocument" in properties for properties in policies)
    return found.outcome(is_wrong=inline)


check = IoTTemplateInlinePolicy()
