"""From PROVISIONING to ACTIVE: the one change of a record that no operator and no device asks for.

Pure, like ``transitions``: the condition names the claim that was confirmed, so that a newer claim,
or an operator in between, makes the write fail. Nothing else than PROVISIONING becomes ACTIVE.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html.
"""

from typing import Any

from device_registry.certificates import of_device
from device_registry.record import DeviceRecord, Status, status_shard
from device_registry.transitions import Change


def confirmation_update(record: DeviceRecord, change: Change) -> dict[str, Any]:
    """Return the UpdateItem arguments, without the table, that confirm a claim.

    Args:
        record: the record as it was read, PROVISIONING.
        change: who, why and when.
    """
    superseded = sorted(set(of_device(record)) - {record.certificate_id})
    values = {":retired": {"SS": superseded}} if superseded else {}
    return {
        "Key": {"serialNumber": {"S": record.serial_number}},
        "ConditionExpression": (
            "#status = :provisioning AND certificateId = :certificateId AND claimedAt = :claimedAt"
        ),
        "UpdateExpression": (
            "SET #status = :active, statusShard = :statusShard, statusChangedAt = :at,"
            " statusChangedBy = :by, statusReason = :reason,"
            " provisionedAt = if_not_exists(provisionedAt, :at)"
            " REMOVE leaseExpiresAt" + (" ADD retiredCertificateIds :retired" if superseded else "")
            # The device is here with its new certificate: the turn of the earlier ones is over.
        ),
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":provisioning": {"S": Status.PROVISIONING.value},
            ":certificateId": {"S": str(record.certificate_id)},
            ":claimedAt": {"N": str(record.claimed_at)},
            ":active": {"S": Status.ACTIVE.value},
            ":statusShard": {"S": status_shard(Status.ACTIVE, record.serial_number)},
            ":at": {"N": str(change.at)},
            ":by": {"S": change.by},
            ":reason": {"S": change.reason},
            **values,
        },
        "ReturnValues": "ALL_NEW",
    }
