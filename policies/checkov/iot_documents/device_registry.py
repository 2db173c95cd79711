"""Which DynamoDB table is a device registry, and the base of the checks that judge one.

A table whose hash key is a device's identity, or whose name says that it is a device registry. The
environment variable CKV_AWSIOT_REGISTRY_KEYS adds further names of hash keys, with commas between
them; upper case, `_` and `-` make no difference.
"""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import attribute, known

KEYS = {
    "devicename",
    "deviceid",
    "deviceserial",
    "deviceserialnumber",
    "hardwareid",
    "serialnumber",
    "thingid",
    "thingname",
}
NAME = re.compile(r"device[_-]?registry", re.IGNORECASE)


def is_registry(conf: dict[str, list[Any]]) -> bool:
    """Whether a table is recognised as a device registry."""
    added = os.environ.get("CKV_AWSIOT_REGISTRY_KEYS", "").split(",")
    keys = KEYS | {_plain(key) for key in added if key.strip()}
    hash_key = known(conf, "hash_key")
    if hash_key is not None and _plain(hash_key) in keys:
        return True
    return bool(NAME.search(str(attribute(conf, "name") or "")))


def _plain(key: str) -> str:
    return re.sub(r"[\s_-]", "", key).lower()


class DeviceRegistryCheck(BaseResourceCheck):
    """A check of every table that is a device registry."""

    def __init__(
        self,
        name: str,
        id: str,  # noqa: A002
        category: CheckCategories,
        severity: str,
        guideline: str,
    ) -> None:
        super().__init__(
            name=name,
            id=id,
            categories=(category,),
            supported_resources=("aws_dynamodb_table",),
            guideline=guideline,
        )
        self.severity = get_severity(severity)

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        """Judge a registry; UNKNOWN for any other table."""
        return self.judge(conf) if is_registry(conf) else CheckResult.UNKNOWN

    @abstractmethod
    def judge(self, conf: dict[str, list[Any]]) -> CheckResult:
        """The result for a device registry."""
        raise NotImplementedError
