from __future__ import annotations

import re
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.graph import ADDRESS, configuration, is_node, nodes, referred
from iot_documents.templates import AUTHORITY
from iot_documents.values import attribute, blocks, is_dynamic, is_missing, is_plan, known

CONFIGURATION = "registration_config"
RULE = "aws_iot_topic_rule"
TEMPLATES = ("template_body", "template_name")
# Other actions of a rule only write down what happened.
ACTING = ("lambda", "sqs", "step_functions")
ANY_CA = re.compile(r"\$aws/events/certificates/(?:registered/[+#]|#)")


class IoTCaAutoRegistration(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure somebody acts on the certificates that a CA registers automatically",
            id="CKV_AWSIOT_9",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=(AUTHORITY,),
            guideline=(
                "With allow_auto_registration and nothing else, every certificate of the CA is"
                " registered at its first connection and stays pending, until somebody activates"
                " it by hand, unseen. Add a registration_config with a just-in-time template, or a"
                " rule in the same module on '$aws/events/certificates/registered/' and the CA's id"
                " (or + for all CAs) whose lambda, sqs or step_functions action decides; or turn"
                " the automatic registration off. AWS: Developer Guide, Just-in-time registration."
            ),
        )
        self.severity = get_severity("HIGH")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["allow_auto_registration", CONFIGURATION]
        automatic = known(conf, "allow_auto_registration")
        if automatic != "true":
            return CheckResult.UNKNOWN if automatic is None else CheckResult.PASSED
        if self._has_gate(conf):
            return CheckResult.PASSED
        if is_dynamic(conf, CONFIGURATION):
            return CheckResult.UNKNOWN
        if found := blocks(conf, CONFIGURATION):
            has_template = any(not is_missing(one, name) for one in found for name in TEMPLATES)
            return CheckResult.PASSED if has_template else _without_template(conf, found)
        return CheckResult.FAILED if is_missing(conf, CONFIGURATION) else CheckResult.UNKNOWN

    def _has_gate(self, conf: dict[str, list[Any]]) -> bool:
        for index, rule in nodes(self.graph, RULE):
            found = configuration(rule)
            if known(found, "enabled") != "true" or not any(blocks(found, act) for act in ACTING):
                continue
            authorities = (ca for _, ca in referred(self.graph, index, "sql"))
            if any(is_node(ca, conf, self.entity_path) for ca in authorities):
                return True
            if ANY_CA.search(str(attribute(found, "sql"))) and _module(rule) == _module(conf):
                return True
        return False


def _without_template(conf: dict[str, list[Any]], found: list[dict[str, Any]]) -> CheckResult:
    """FAILED, but UNKNOWN for a plan that leaves out what is known after the apply."""
    is_left_out = is_plan(conf) and any(name not in one for one in found for name in TEMPLATES)
    return CheckResult.UNKNOWN if is_left_out else CheckResult.FAILED


def _module(resource: Any) -> str:
    return str(resource[ADDRESS]).partition("aws_iot_")[0]


check = IoTCaAutoRegistration()
