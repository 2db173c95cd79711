from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult

from iot_documents.device_registry import DeviceRegistryCheck
from iot_documents.flags import is_on


class IoTDeviceRegistryDeletionProtection(DeviceRegistryCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a device registry is protected from being deleted",
            id="CKV_AWSIOT_34",
            category=CheckCategories.BACKUP_AND_RECOVERY,
            severity="MEDIUM",
            guideline=(
                "A plan that replaces the table, after a change of its key or its name, deletes"
                " every record of the fleet. Set deletion_protection_enabled = true; who really"
                " means it takes it back first. A table is a registry by its hash key"
                " (serialNumber, deviceId, thingName ...; more in CKV_AWSIOT_REGISTRY_KEYS) or by"
                " device-registry in its name. AWS: DynamoDB Developer Guide, Using deletion"
                " protection."
            ),
        )

    def judge(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["deletion_protection_enabled"]
        return is_on(conf, "deletion_protection_enabled")


check = IoTDeviceRegistryDeletionProtection()
