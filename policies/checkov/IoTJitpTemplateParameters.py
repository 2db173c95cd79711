from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.results import worst
from iot_documents.templates import (
    AUTHORITY,
    JUST_IN_TIME,
    TEMPLATE,
    Body,
    bodies,
    has_hook,
    template_type,
)

FIELDS = (
    "Country",
    "Organization",
    "OrganizationalUnit",
    "DistinguishedNameQualifier",
    "StateName",
    "CommonName",
    "SerialNumber",
    "Id",
)
PARAMETERS = {f"AWS::IoT::Certificate::{field}" for field in FIELDS}


class IoTJitpTemplateParameters(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a just-in-time template uses the certificate's fields and no hook",
            id="CKV_AWSIOT_8",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=(TEMPLATE, AUTHORITY),
            guideline=(
                "Just-in-time provisioning fills eight parameters from the certificate's subject"
                " (AWS::IoT::Certificate::Country, Organization, OrganizationalUnit,"
                " DistinguishedNameQualifier, StateName, CommonName, SerialNumber and Id) and calls"
                " no hook. Every other parameter stays empty, so that provisioning fails for each"
                " device, and a hook that is never asked protects nothing. Use these parameters"
                " only; to ask a function first, register without a template and act on the event"
                " of the registration. AWS: Developer Guide, Just-in-time provisioning."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["template_body", "registration_config/[0]/template_body"]
        found = [_judged(one) for one in bodies(conf, self.entity_type)]
        if self.entity_type == TEMPLATE:
            if template_type(conf) != JUST_IN_TIME:
                return CheckResult.UNKNOWN
            if has_hook(conf) == CheckResult.PASSED:
                return CheckResult.FAILED
        return worst(found)


def _judged(found: Body | None) -> CheckResult:
    if found is None:
        return CheckResult.UNKNOWN
    used = found.parameters | found.references
    return found.outcome(is_wrong=bool(used - PARAMETERS))


check = IoTJitpTemplateParameters()
