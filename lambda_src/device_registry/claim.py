"""Taking the claim on a serial number: one conditional write, and the reading of its answer.

The condition lets DynamoDB decide, so two devices that ask at the same moment cannot both win. The
item as it was before the write comes back either way; ``judge`` reads from it which rule applied.
``CLAIMABLE`` and ``judge`` state the same rules: the tests hold one against the other.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html.
"""

from dataclasses import dataclass
from typing import Any

from device_registry.reasons import Denial, Grant
from device_registry.record import (
    SCHEMA_VERSION,
    DeviceRecord,
    ReprovisionPolicy,
    Status,
    status_shard,
)


@dataclass(frozen=True, kw_only=True)
class ClaimRequest:
    """Who asks for which serial number. ``manufacturer`` is empty when the device named none."""

    serial_number: str
    device_type: str
    manufacturer: str
    certificate_id: str
    claim_certificate_id: str
    template_name: str
    thing_name: str


CLAIMABLE = (
    "attribute_exists(serialNumber)"
    " AND schemaVersion = :schemaVersion"
    " AND deviceType = :deviceType"
    " AND (attribute_not_exists(manufacturer) OR manufacturer = :manufacturer)"
    " AND (attribute_not_exists(requiredClaimCertificateId)"
    " OR requiredClaimCertificateId = :claimCertificateId)"
    " AND ("
    "(#status IN (:enrolled, :provisioning)"
    " AND (attribute_not_exists(enrolmentExpiresAt) OR enrolmentExpiresAt > :now)"
    " AND (#status = :enrolled"
    " OR (leaseExpiresAt <= :now"
    " AND (certificateId = :certificateId"
    " OR NOT contains(certificateIds, :certificateId)))))"
    " OR (#status = :active"
    " AND reprovisionPolicy = :replace"
    " AND certificateId <> :certificateId"
    " AND NOT contains(certificateIds, :certificateId))"
    ")"
)

TAKE = (
    "SET #status = :provisioning, statusShard = :statusShard, statusChangedAt = :now,"
    " thingName = :thingName, certificateId = :certificateId,"
    " claimCertificateId = :claimCertificateId, templateName = :templateName,"
    " claimedAt = :now, leaseExpiresAt = :leaseExpiresAt"
    " ADD provisionCount :one, certificateIds :certificateIds"
)


REFUSED_BY_STATUS = {Status.REVOKED: Denial.REVOKED, Status.SUSPENDED: Denial.SUSPENDED}


def claim_update(request: ClaimRequest, now: int, lease_seconds: int) -> dict[str, Any]:
    """Return the UpdateItem arguments, without the table, that test and take the claim at once.

    Args:
        request: who asks.
        now: seconds since 1970.
        lease_seconds: how long no other certificate may take the claim.
    """
    return {
        "Key": {"serialNumber": {"S": request.serial_number}},
        "ConditionExpression": CLAIMABLE,
        "UpdateExpression": TAKE,
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":schemaVersion": {"N": str(SCHEMA_VERSION)},
            ":deviceType": {"S": request.device_type},
            ":manufacturer": {"S": request.manufacturer},
            ":claimCertificateId": {"S": request.claim_certificate_id},
            ":certificateId": {"S": request.certificate_id},
            ":certificateIds": {"SS": [request.certificate_id]},
            ":templateName": {"S": request.template_name},
            ":thingName": {"S": request.thing_name},
            ":enrolled": {"S": Status.ENROLLED.value},
            ":provisioning": {"S": Status.PROVISIONING.value},
            ":active": {"S": Status.ACTIVE.value},
            ":replace": {"S": ReprovisionPolicy.REPLACE.value},
            ":statusShard": {"S": status_shard(Status.PROVISIONING, request.serial_number)},
            ":now": {"N": str(now)},
            ":leaseExpiresAt": {"N": str(now + lease_seconds)},
            ":one": {"N": "1"},
        },
        "ReturnValues": "ALL_OLD",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def judge(record: DeviceRecord, request: ClaimRequest, now: int) -> Grant | Denial:
    """Say what the record, as it was before the write, grants the request, or why it does not.

    Args:
        record: the record, as it was before the write.
        request: who asks.
        now: seconds since 1970, the same instant as in ``claim_update``.
    """
    refusal = REFUSED_BY_STATUS.get(record.status) or _mismatch(record, request)
    if refusal is not None:
        return refusal
    if record.status is Status.ACTIVE:
        return _judge_active(record, request)
    if record.status is Status.PROVISIONING:
        return _judge_provisioning(record, request, now)
    return _unless_expired(record, now, Grant.FIRST_CLAIM)


def _mismatch(record: DeviceRecord, request: ClaimRequest) -> Denial | None:
    if record.device_type != request.device_type:
        return Denial.WRONG_DEVICE_TYPE
    if record.manufacturer not in (None, request.manufacturer):
        return Denial.WRONG_MANUFACTURER
    if record.required_claim_certificate_id not in (None, request.claim_certificate_id):
        return Denial.WRONG_CLAIM
    return None


def _judge_active(record: DeviceRecord, request: ClaimRequest) -> Grant | Denial:
    if record.certificate_id == request.certificate_id:
        return Grant.REPEAT
    if record.reprovision_policy is not ReprovisionPolicy.REPLACE:
        return Denial.ALREADY_ACTIVE
    return Denial.CLAIMED_BY_OTHER_CERTIFICATE if _lost(record, request) else Grant.REPLACEMENT


def _judge_provisioning(record: DeviceRecord, request: ClaimRequest, now: int) -> Grant | Denial:
    holds = record.certificate_id == request.certificate_id
    lease_is_over = record.lease_expires_at is not None and record.lease_expires_at <= now
    if not lease_is_over:
        return Grant.REPEAT if holds else Denial.CLAIMED_BY_OTHER_CERTIFICATE
    if not holds and _lost(record, request):
        return Denial.CLAIMED_BY_OTHER_CERTIFICATE
    return _unless_expired(record, now, Grant.LEASE_EXPIRED)


def _lost(record: DeviceRecord, request: ClaimRequest) -> bool:
    """Tell whether this certificate once held the claim: what it lost it does not get back."""
    return request.certificate_id in (record.certificate_ids or ())


def _unless_expired(record: DeviceRecord, now: int, grant: Grant) -> Grant | Denial:
    expires_at = record.enrolment_expires_at
    return Denial.ENROLMENT_EXPIRED if expires_at is not None and expires_at <= now else grant
