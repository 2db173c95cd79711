from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult

from iot_documents.device_registry import DeviceRegistryCheck
from iot_documents.flags import is_on
from iot_documents.results import worst
from iot_documents.values import blocks


class IoTDeviceRegistryRecovery(DeviceRegistryCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a device registry can be restored to any point in time",
            id="CKV_AWSIOT_33",
            category=CheckCategories.BACKUP_AND_RECOVERY,
            severity="HIGH",
            guideline=(
                "A lost registry refuses every device, and which were revoked nobody knows."
                " Set point_in_time_recovery { enabled = true }, and point_in_time_recovery = true"
                " in each replica: it is off there unless it is said. A table is a registry by its"
                " hash key (serialNumber, deviceId, thingName ...; more in"
                " CKV_AWSIOT_REGISTRY_KEYS) or by device-registry in its name. AWS: DynamoDB"
                " Developer Guide, Point-in-time backups."
            ),
        )

    def judge(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["point_in_time_recovery/[0]/enabled", "replica"]
        recovery = blocks(conf, "point_in_time_recovery")
        if not recovery:
            return CheckResult.FAILED
        return worst(
            [is_on(recovery[0], "enabled")]
            + [is_on(replica, "point_in_time_recovery") for replica in blocks(conf, "replica")]
        )


check = IoTDeviceRegistryRecovery()
