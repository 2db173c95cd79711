from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.templates import FLEET, TEMPLATE, has_hook, template_type


class IoTFleetTemplateHook(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a fleet provisioning template has a pre-provisioning hook",
            id="CKV_AWSIOT_4",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=(TEMPLATE,),
            guideline=(
                "A claim certificate is shared by many devices and leaves with each of them."
                " Without a hook, whoever has one registers as many devices as they like, under any"
                " name."
                " Add a pre_provisioning_hook block whose function lets in only devices that are"
                " expected, each once. AWS: Developer Guide, Provisioning by claim, recommends the"
                " hook for exactly this. Removing the block from a template that exists does"
                " nothing in the provider: replace the template."
            ),
        )
        self.severity = get_severity("CRITICAL")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["pre_provisioning_hook"]
        return has_hook(conf) if template_type(conf) == FLEET else CheckResult.UNKNOWN


check = IoTFleetTemplateHook()
