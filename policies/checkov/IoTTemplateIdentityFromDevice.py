from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.results import worst
from iot_documents.templates import FLEET, TEMPLATE, Body, body, has_hook, refs, template_type

# The check cannot read the hook's code: whoever calls the parameters otherwise says so here.
VARIABLE = "CKV_AWSIOT_HOOK_PARAMETERS"
BY_HOOK = "ThingName,ThingTypeName,ThingGroupName,PolicyName"
# AWS IoT sets it itself.
BY_SERVICE = "AWS::IoT::Certificate::Id"
IDENTITY = {
    "AWS::IoT::Thing": ("ThingName", "ThingTypeName", "ThingGroups", "BillingGroup"),
    "AWS::IoT::Policy": ("PolicyName", "PolicyDocument"),
}


class IoTTemplateIdentityFromDevice(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure the hook, not the device, decides on name, type, groups and policy",
            id="CKV_AWSIOT_7",
            categories=(CheckCategories.IAM,),
            supported_resources=(TEMPLATE,),
            guideline=(
                "A device sends the parameters of a fleet template as it likes. Where ThingName,"
                " ThingTypeName, ThingGroups or PolicyName is taken from one of them, it chooses"
                " its own rights or takes another device's place. Use a fixed name, or a parameter"
                " that the hook overrides in every answer (parameterOverrides). The check takes"
                f" these for such parameters: {BY_HOOK.replace(',', ', ')}; if yours are called"
                f" otherwise, name them in the environment variable {VARIABLE}, separated by"
                " commas. Without a hook none is. AWS: Developer Guide, Pre-provisioning hooks."
            ),
        )
        self.severity = get_severity("CRITICAL")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["template_body"]
        found = body(conf)
        if found is None or template_type(conf) != FLEET:
            return CheckResult.UNKNOWN
        taken = set(_identity(found)) - {BY_SERVICE}
        names = {name.strip() for name in os.environ.get(VARIABLE, BY_HOOK).split(",")}
        seen = found.outcome(is_wrong=bool(taken - names))
        return worst((seen, has_hook(conf))) if taken else seen


def _identity(found: Body) -> Iterator[str]:
    for kind, names in IDENTITY.items():
        for properties in found.properties(kind):
            for name in names:
                yield from refs(properties.get(name))


check = IoTTemplateIdentityFromDevice()
