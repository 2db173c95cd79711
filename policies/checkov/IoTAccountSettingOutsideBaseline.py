from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.graph.graph_builder import CustomAttributes
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.graph import is_node, nodes
from iot_documents.settings import names, plain
from iot_documents.values import is_plan

HOME = "accountbaseline"
MODULE = re.compile(r"module\.([^.\[]+)")


class IoTAccountSettingOutsideBaseline(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a setting that an account has once per Region is set in one place",
            id="CKV_AWSIOT_38",
            categories=(CheckCategories.CONVENTION,),
            supported_resources=(
                "aws_iot_event_configurations",
                "aws_iot_indexing_configuration",
                "aws_iot_logging_options",
            ),
            guideline=(
                "Events, fleet indexing and logging of AWS IoT exist once per account and Region."
                " Two stacks that set them overwrite each other at every apply, and the one that is"
                " destroyed leaves its values behind. Keep them in one module that is applied once"
                " per account and Region, in a directory account-baseline or called by that name;"
                " CKV_AWSIOT_BASELINE_MODULES adds other names, with commas between them. AWS: API"
                " Reference, UpdateEventConfigurations, UpdateIndexingConfiguration,"
                " SetV2LoggingOptions."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = []
        homes = {HOME} | names("CKV_AWSIOT_BASELINE_MODULES")
        around = MODULE.findall(conf["__address__"]) + self._directories(conf)
        is_home = any(plain(name) in homes for name in around)
        return CheckResult.PASSED if is_home else CheckResult.FAILED

    def _directories(self, conf: dict[str, list[Any]]) -> list[str]:
        """The directory that the resource is written in; a plan does not say it."""
        return [
            PurePath(node[CustomAttributes.FILE_PATH]).parent.name
            for _, node in nodes(self.graph, self.entity_type)
            if not is_plan(conf) and is_node(node, conf, self.entity_path)
        ]


check = IoTAccountSettingOutsideBaseline()
