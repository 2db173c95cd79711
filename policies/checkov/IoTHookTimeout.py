from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.graph import configuration, is_node, nodes, referred
from iot_documents.templates import HOOK, TEMPLATE
from iot_documents.trust import IOT
from iot_documents.values import attribute, is_missing, is_plan, known

FUNCTION = "aws_lambda_function"
# What AWS IoT waits for an answer.
LIMIT_SECONDS = 5


class IoTHookTimeout(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a pre-provisioning hook gives up before AWS IoT does",
            id="CKV_AWSIOT_5",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=(FUNCTION,),
            guideline=(
                "AWS IoT waits 5 seconds for a hook's answer, then refuses the device. A function"
                " with a longer timeout goes on all the same: it writes down as let in a device"
                " that was refused, and that then cannot come back. Set timeout to 5 or less, and"
                " shorter timeouts and few retries for the calls inside. Which function is a hook"
                " is seen from the template's target_arn, and from a permission for a"
                " provisioningtemplate ARN. AWS: Developer Guide, Pre-provisioning hooks."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["timeout"]
        if not any(is_node(node, conf, self.entity_path) for node in _hooks(self.graph)):
            return CheckResult.UNKNOWN
        if is_missing(conf, "timeout"):
            # The default is 3.
            return CheckResult.PASSED
        seconds = known(conf, "timeout")
        if seconds is None:
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if float(seconds) <= LIMIT_SECONDS else CheckResult.FAILED


@functools.lru_cache(maxsize=1)
def _hooks(graph: Any) -> list[dict[str, Any]]:
    return [*_targets(graph), *_permitted(graph)]


def _targets(graph: Any) -> Iterator[dict[str, Any]]:
    for index, _ in nodes(graph, TEMPLATE):
        for target, node in referred(graph, index, HOOK):
            yield from _functions(graph, target, node)


def _permitted(graph: Any) -> Iterator[dict[str, Any]]:
    for index, permission in nodes(graph, "aws_lambda_permission"):
        conf = configuration(permission)
        source = str(attribute(conf, "source_arn"))
        if known(conf, "principal") == IOT and ":provisioningtemplate/" in source:
            for target, node in referred(graph, index, "function_name"):
                yield from _functions(graph, target, node)
            if is_plan(conf):
                yield from _named(graph, known(conf, "function_name"))


def _functions(graph: Any, index: int, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if node["resource_type"] == FUNCTION:
        yield node
    else:
        # An alias.
        yield from (function for _, function in referred(graph, index, "function_name"))


def _named(graph: Any, name: str | None) -> Iterator[dict[str, Any]]:
    for _, node in nodes(graph, FUNCTION):
        if name is not None and known(configuration(node), "function_name") == name:
            yield node


check = IoTHookTimeout()
