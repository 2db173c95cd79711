from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult

from iot_documents.device_registry import DeviceRegistryCheck
from iot_documents.flags import is_on
from iot_documents.results import worst
from iot_documents.values import attribute, blocks

OF_AWS = "alias/aws/dynamodb"


class IoTDeviceRegistryKey(DeviceRegistryCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a device registry is encrypted with a key of its own",
            id="CKV_AWSIOT_32",
            category=CheckCategories.ENCRYPTION,
            severity="MEDIUM",
            guideline=(
                "The registry says which devices may exist. Its own KMS key lets you say who reads"
                " it, see in CloudTrail who did, and shut it; enabled = true alone means AWS's key"
                " for all tables. Set server_side_encryption with enabled = true and kms_key_arn,"
                " and a kms_key_arn of its own Region for each replica. A table is a registry by"
                " its hash key (serialNumber, deviceId, thingName ...; more in"
                " CKV_AWSIOT_REGISTRY_KEYS) or by device-registry in its name. AWS: DynamoDB"
                " Developer Guide, Encryption at rest."
            ),
        )

    def judge(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["server_side_encryption/[0]/kms_key_arn", "replica"]
        encryption = blocks(conf, "server_side_encryption")
        if not encryption:
            return CheckResult.FAILED
        return worst(
            [is_on(encryption[0], "enabled"), _has_key(encryption[0])]
            + [_has_key(replica) for replica in blocks(conf, "replica")]
        )


def _has_key(block: dict[str, Any]) -> CheckResult:
    key = attribute(block, "kms_key_arn")
    if key is None:
        # In a plan a key that is not set looks like one that is known after the apply.
        return CheckResult.UNKNOWN if "start_line" in block else CheckResult.FAILED
    if isinstance(key, dict):
        # An object of which checkov did not find the part that is meant.
        return CheckResult.UNKNOWN
    return CheckResult.FAILED if OF_AWS in str(key) else CheckResult.PASSED


check = IoTDeviceRegistryKey()
