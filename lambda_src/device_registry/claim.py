"""Taking the claim on a serial number: one conditional write, and the reading of its answer.

The condition lets DynamoDB decide, so two devices that ask at the same moment cannot both win. The
item as it was before the write comes back either way; ``judge`` reads from it which rule applied.
``CLAIMABLE`` and ``judge`` state the same rules: the tests hold one against the other.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html.
"""

from dataclasses import dataclass
from typing import Any

from device_registry.certificates import verified_pem
from device_registry.reasons import Denial, Grant
from device_registry.record import (
    OPTIONAL_TYPES,
    REQUIRED_TYPES,
    SCHEMA_VERSION,
    DeviceRecord,
    ReprovisionPolicy,
    Status,
    status_shard,
)
from device_registry.regions import Regions


@dataclass(frozen=True, kw_only=True)
class ClaimRequest:
    """Who asks for which serial number. ``manufacturer`` is empty when the device named none.

    ``certificate_pem`` is what the caller was given as the certificate, in PEM; nothing in it is
    trusted.
    """

    serial_number: str
    device_type: str
    manufacturer: str
    certificate_id: str
    claim_certificate_id: str
    template_name: str
    thing_name: str
    certificate_pem: str | None = None


# DynamoDB's reserved words among the attributes.
NAMES = {"#status": "status", "#batch": "batch"}
_PLACEHOLDERS = {attribute: placeholder for placeholder, attribute in NAMES.items()}


def _has_type(attribute: str, wire_type: str) -> str:
    return f"attribute_type({_PLACEHOLDERS.get(attribute, attribute)}, :{wire_type})"


def _is_absent(attribute: str) -> str:
    return f"attribute_not_exists({_PLACEHOLDERS.get(attribute, attribute)})"


def _well_formed() -> str:
    """Say that every attribute has its type: a damaged record is refused, and stays as it is."""
    required = (_has_type(*entry) for entry in REQUIRED_TYPES.items())
    optional = (
        f"({_is_absent(attribute)} OR {_has_type(attribute, wire_type)})"
        for attribute, wire_type in OPTIONAL_TYPES.items()
    )
    return " AND ".join((*required, *optional))


CLAIMABLE = (
    "schemaVersion = :schemaVersion"
    " AND deviceType = :deviceType"
    " AND reprovisionPolicy IN (:never, :replace)"
    " AND (attribute_not_exists(manufacturer) OR manufacturer = :manufacturer)"
    " AND (attribute_not_exists(requiredClaimCertificateId)"
    " OR requiredClaimCertificateId = :claimCertificateId)"
    " AND ("
    "((#status = :enrolled OR (#status = :provisioning AND leaseExpiresAt <= :now))"
    " AND (attribute_exists(provisionedAt)"
    " OR attribute_not_exists(enrolmentExpiresAt)"
    " OR enrolmentExpiresAt > :now)"
    " AND (certificateId = :certificateId"
    " OR NOT contains(certificateIds, :certificateId)))"
    " OR (#status = :active"
    " AND reprovisionPolicy = :replace"
    " AND certificateId <> :certificateId"
    " AND NOT contains(certificateIds, :certificateId))"
    ")"
)
# The home of the record, for the Region that is home where a record names none, and for others.
AT_DEFAULT_HOME = "(attribute_not_exists(homeRegion) OR homeRegion = :region)"
AT_NAMED_HOME = "homeRegion = :region"
WELL_FORMED = _well_formed()

TAKE = (
    "SET #status = :provisioning, statusShard = :statusShard, statusChangedAt = :now,"
    " thingName = :thingName, certificateId = :certificateId,"
    " claimCertificateId = :claimCertificateId, templateName = :templateName,"
    " claimedAt = :now, claimedIn = :region, leaseExpiresAt = :leaseExpiresAt{keep}"
    " REMOVE statusChangedBy, statusReason{forget}"
    " ADD provisionCount :one, certificateIds :certificateIds"
)
# The other Regions make their copy of the certificate from it; an earlier one's would mislead them.
KEEP_PEM = {"keep": ", certificatePem = :certificatePem", "forget": ""}
FORGET_PEM = {"keep": "", "forget": ", certificatePem"}

# The end of the lease of a claim that does not lapse: the last second of the year 9999.
NEVER = 253_402_300_799

REFUSED_BY_STATUS = {Status.REVOKED: Denial.REVOKED, Status.SUSPENDED: Denial.SUSPENDED}
# What is said wherever it is asked. Away from home anything else may be a matter of seconds: the
# home knows of a claim, or of an operator's correction, before this Region does.
_ANYWHERE = frozenset({Grant.REPEAT, *REFUSED_BY_STATUS.values()})


def claim_update(
    request: ClaimRequest, now: int, lease_seconds: int | None, regions: Regions
) -> dict[str, Any]:
    """Return the UpdateItem arguments, without the table, that test and take the claim at once.

    Args:
        request: who asks.
        now: seconds since 1970.
        lease_seconds: how long no other certificate may take the claim; None: for good.
        regions: where this is decided.
    """
    lease_expires_at = NEVER if lease_seconds is None else now + lease_seconds
    at_home = AT_DEFAULT_HOME if regions.is_default_home else AT_NAMED_HOME
    pem = request.certificate_pem if regions.several else None
    if pem is not None:
        pem = verified_pem(pem, request.certificate_id)
    return {
        "Key": {"serialNumber": {"S": request.serial_number}},
        "ConditionExpression": f"{WELL_FORMED} AND {CLAIMABLE} AND {at_home}",
        "UpdateExpression": TAKE.format_map(FORGET_PEM if pem is None else KEEP_PEM),
        "ExpressionAttributeNames": NAMES,
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
            ":never": {"S": ReprovisionPolicy.NEVER.value},
            ":replace": {"S": ReprovisionPolicy.REPLACE.value},
            ":statusShard": {"S": status_shard(Status.PROVISIONING, request.serial_number)},
            ":now": {"N": str(now)},
            ":leaseExpiresAt": {"N": str(lease_expires_at)},
            ":region": {"S": regions.own},
            **({} if pem is None else {":certificatePem": {"S": pem}}),
            ":one": {"N": "1"},
            ":S": {"S": "S"},
            ":N": {"S": "N"},
            ":SS": {"S": "SS"},
        },
        "ReturnValues": "ALL_OLD",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def judge(
    record: DeviceRecord, request: ClaimRequest, now: int, regions: Regions
) -> Grant | Denial:
    """Say what the record, as it was before the write, grants the request, or why it does not.

    Args:
        record: the record, as it was before the write.
        request: who asks.
        now: seconds since 1970, the same instant as in ``claim_update``.
        regions: where this is decided, as in ``claim_update``.
    """
    verdict = _judge_at_home(record, request, now)
    if verdict in _ANYWHERE or regions.is_home_of(record):
        return verdict
    return Denial.NOT_HOME_REGION


def _judge_at_home(record: DeviceRecord, request: ClaimRequest, now: int) -> Grant | Denial:
    refusal = REFUSED_BY_STATUS.get(record.status) or _mismatch(record, request)
    if refusal is not None:
        return refusal
    if record.status is Status.ACTIVE:
        return _judge_active(record, request)
    if record.status is Status.PROVISIONING:
        return _judge_provisioning(record, request, now)
    return _judge_free(record, request, now, Grant.FIRST_CLAIM)


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
    if record.lease_expires_at is not None and record.lease_expires_at <= now:
        return _judge_free(record, request, now, Grant.LEASE_EXPIRED)
    holds = record.certificate_id == request.certificate_id
    return Grant.REPEAT if holds else Denial.CLAIMED_BY_OTHER_CERTIFICATE


def _judge_free(
    record: DeviceRecord, request: ClaimRequest, now: int, grant: Grant
) -> Grant | Denial:
    if record.certificate_id != request.certificate_id and _lost(record, request):
        return Denial.CLAIMED_BY_OTHER_CERTIFICATE
    expires_at = record.enrolment_expires_at
    first_time = record.provisioned_at is None
    over = first_time and expires_at is not None and expires_at <= now
    return Denial.ENROLMENT_EXPIRED if over else grant


def _lost(record: DeviceRecord, request: ClaimRequest) -> bool:
    """Tell whether this certificate once held the claim: what it lost it does not get back."""
    return request.certificate_id in (record.certificate_ids or ())
