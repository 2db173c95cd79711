"""Every rule of a claim as an example: what is on record, what is asked, what must come of it."""

from device_registry.claim import claim_update
from device_registry.reasons import Denial, Grant
from device_registry.record import ReprovisionPolicy, Status
from tests.unit.builders import (
    AT_HOME,
    AWAY,
    CERTIFICATE,
    CLAIM_CERTIFICATE,
    LEASE,
    NOW,
    OTHER_CERTIFICATE,
    REGIONS,
)

HELD = {"certificate_id": CERTIFICATE, "certificate_ids": frozenset({CERTIFICATE})}
LOST = {"certificate_ids": frozenset({CERTIFICATE, OTHER_CERTIFICATE})}
REPLACE = {"reprovision_policy": ReprovisionPolicy.REPLACE}

RULES = [
    ("enrolled", {}, {}, Grant.FIRST_CLAIM),
    ("no manufacturer on record", {"manufacturer": None}, {}, Grant.FIRST_CLAIM),
    ("no manufacturer anywhere", {"manufacturer": None}, {"manufacturer": ""}, Grant.FIRST_CLAIM),
    ("other manufacturer", {}, {"manufacturer": "Other"}, Denial.WRONG_MANUFACTURER),
    ("manufacturer not sent", {}, {"manufacturer": ""}, Denial.WRONG_MANUFACTURER),
    ("other type", {}, {"device_type": "gateway"}, Denial.WRONG_DEVICE_TYPE),
    (
        "the claim it must use",
        {"required_claim_certificate_id": CLAIM_CERTIFICATE},
        {},
        Grant.FIRST_CLAIM,
    ),
    ("another claim", {"required_claim_certificate_id": "ab" * 32}, {}, Denial.WRONG_CLAIM),
    ("enrolment ends now", {"enrolment_expires_at": NOW}, {}, Denial.ENROLMENT_EXPIRED),
    ("enrolment ends next", {"enrolment_expires_at": NOW + 1}, {}, Grant.FIRST_CLAIM),
    (
        "released, by who had it",
        {"certificate_ids": frozenset({CERTIFICATE})},
        {},
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
    ),
    (
        "released, by another",
        {"certificate_ids": frozenset({OTHER_CERTIFICATE})},
        {},
        Grant.FIRST_CLAIM,
    ),
    (
        "enrolment over, but it was provisioned before",
        {"enrolment_expires_at": NOW, "provisioned_at": NOW - 9},
        {},
        Grant.FIRST_CLAIM,
    ),
    ("suspended", {"status": Status.SUSPENDED}, {}, Denial.SUSPENDED),
    ("revoked", {"status": Status.REVOKED}, {}, Denial.REVOKED),
    (
        "revoked comes before anything else",
        {"status": Status.REVOKED},
        {"device_type": "gateway"},
        Denial.REVOKED,
    ),
    (
        "in another's lease",
        {"status": Status.PROVISIONING},
        {},
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
    ),
    ("in its own lease", {"status": Status.PROVISIONING, **HELD}, {}, Grant.REPEAT),
    (
        "in its own lease, enrolment over",
        {"status": Status.PROVISIONING, "enrolment_expires_at": NOW - 1, **HELD},
        {},
        Grant.REPEAT,
    ),
    (
        "another's lease ends next",
        {"status": Status.PROVISIONING, "lease_expires_at": NOW + 1},
        {},
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
    ),
    (
        "another's lease ends now",
        {"status": Status.PROVISIONING, "lease_expires_at": NOW},
        {},
        Grant.LEASE_EXPIRED,
    ),
    (
        "its own lease ends now",
        {"status": Status.PROVISIONING, "lease_expires_at": NOW, **HELD},
        {},
        Grant.LEASE_EXPIRED,
    ),
    (
        "what it lost, after the lease of who has it",
        {"status": Status.PROVISIONING, "lease_expires_at": NOW, **LOST},
        {},
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
    ),
    (
        "lease over, enrolment over",
        {"status": Status.PROVISIONING, "lease_expires_at": NOW, "enrolment_expires_at": NOW},
        {},
        Denial.ENROLMENT_EXPIRED,
    ),
    (
        "lease over, enrolment over, but it was provisioned before",
        {
            "status": Status.PROVISIONING,
            "lease_expires_at": NOW,
            "enrolment_expires_at": NOW,
            "provisioned_at": NOW - 9,
        },
        {},
        Grant.LEASE_EXPIRED,
    ),
    ("active, another's", {"status": Status.ACTIVE}, {}, Denial.ALREADY_ACTIVE),
    (
        "active, another's, lease long over",
        {"status": Status.ACTIVE, "lease_expires_at": NOW - 1},
        {},
        Denial.ALREADY_ACTIVE,
    ),
    ("active, its own", {"status": Status.ACTIVE, **HELD}, {}, Grant.REPEAT),
    ("active, may be replaced", {"status": Status.ACTIVE, **REPLACE}, {}, Grant.REPLACEMENT),
    (
        "active, may be replaced, enrolment long over",
        {"status": Status.ACTIVE, "enrolment_expires_at": NOW - 1, **REPLACE},
        {},
        Grant.REPLACEMENT,
    ),
    (
        "active, was replaced",
        {"status": Status.ACTIVE, **REPLACE, **LOST},
        {},
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
    ),
    (
        "active, may be replaced, its own",
        {"status": Status.ACTIVE, **REPLACE, **HELD},
        {},
        Grant.REPEAT,
    ),
    (
        "active, other type",
        {"status": Status.ACTIVE, **REPLACE},
        {"device_type": "gateway"},
        Denial.WRONG_DEVICE_TYPE,
    ),
]

# What they come to in several Regions: the Region that asks, and the same three things.
HERE, THERE = {"home_region": AWAY.own}, {"home_region": AWAY.default_home}
REGION_RULES = [
    ("at the fleet's home", AT_HOME, {}, {}, Grant.FIRST_CLAIM),
    ("at the record's home", AWAY, HERE, {}, Grant.FIRST_CLAIM),
    ("at the home of both", AT_HOME, THERE, {}, Grant.FIRST_CLAIM),
    ("away from the fleet's home", AWAY, {}, {}, Denial.NOT_HOME_REGION),
    ("away from the record's home", AT_HOME, HERE, {}, Denial.NOT_HOME_REGION),
    ("away from the home of both", AWAY, THERE, {}, Denial.NOT_HOME_REGION),
    ("one Region again, record of another", REGIONS, HERE, {}, Denial.NOT_HOME_REGION),
    ("one Region again, record of this one", REGIONS, THERE, {}, Grant.FIRST_CLAIM),
    (
        "away, for what the home may know better",
        AWAY,
        {},
        {"device_type": "gateway"},
        Denial.NOT_HOME_REGION,
    ),
    (
        "away, another's",
        AWAY,
        {"status": Status.ACTIVE},
        {},
        Denial.NOT_HOME_REGION,
    ),
    (
        "away, may be replaced",
        AWAY,
        {"status": Status.ACTIVE, **REPLACE},
        {},
        Denial.NOT_HOME_REGION,
    ),
    ("away, its own", AWAY, {"status": Status.ACTIVE, **HELD}, {}, Grant.REPEAT),
    ("away, in its own lease", AWAY, {"status": Status.PROVISIONING, **HELD}, {}, Grant.REPEAT),
    (
        "away, its own lease ends now",
        AWAY,
        {"status": Status.PROVISIONING, "lease_expires_at": NOW, **HELD},
        {},
        Denial.NOT_HOME_REGION,
    ),
    ("away, suspended", AWAY, {"status": Status.SUSPENDED}, {}, Denial.SUSPENDED),
    ("away, revoked", AWAY, {"status": Status.REVOKED}, {}, Denial.REVOKED),
]
ALL_RULES = [(name, REGIONS, *rule) for name, *rule in RULES] + REGION_RULES


def writes(verdict):
    """Whether the claim is written: a repeat is granted without."""
    return isinstance(verdict, Grant) and verdict is not Grant.REPEAT


def write(registry, item, request, regions=REGIONS):
    """Run the conditional write; return whether it was done, and the item after it."""
    registry.put_item(TableName="registry", Item=item)
    try:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE, regions))
        done = True
    except registry.exceptions.ConditionalCheckFailedException:
        done = False
    key = {"serialNumber": {"S": request.serial_number}}
    return done, registry.get_item(TableName="registry", Key=key)["Item"]
