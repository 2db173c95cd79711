"""Which DynamoDB table is a device registry, and the base of the checks that judge one.

A table whose hash key is a device's identity, or whose name says that it is a device registry. The
environment variable CKV_AWSIOT_REGISTRY_KEYS adds further names of hash keys, with commas between
them; upper case, `_` and `-` make no difference.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.settings import names, plain
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
    hash_key = known(conf, "hash_key")
    keys = KEYS | names("CKV_AWSIOT_REGISTRY_KEYS")
    if hash_key is not None and plain(hash_key) in keys:
        return True
    return bool(NAME.search(str(attribute(conf, "name"))))


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
