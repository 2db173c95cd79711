"""The rules of a claim: what ``judge`` says, and that DynamoDB's condition says the same."""

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from device_registry.claim import claim_update, judge
from device_registry.reasons import Denial, Grant
from device_registry.record import ReprovisionPolicy, Status, from_item, to_item
from tests.unit.builders import (
    CERTIFICATE,
    CLAIM_CERTIFICATE,
    LEASE,
    NOW,
    OTHER_CERTIFICATE,
    claim_request,
    record,
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
    ("active, another's", {"status": Status.ACTIVE}, {}, Denial.ALREADY_ACTIVE),
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


@pytest.mark.parametrize(
    ("record_changes", "request_changes", "expected"),
    [rule[1:] for rule in RULES],
    ids=[rule[0] for rule in RULES],
)
def test_rule(record_changes, request_changes, expected):
    assert judge(record(**record_changes), claim_request(**request_changes), NOW) is expected


@pytest.fixture(scope="module")
def registry(monkeypatch_module):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch_module.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="registry",
            AttributeDefinitions=[{"AttributeName": "serialNumber", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "serialNumber", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def write(registry, item, request):
    """Run the conditional write; return whether it was done, and the item after it."""
    registry.put_item(TableName="registry", Item=item)
    try:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE))
        done = True
    except registry.exceptions.ConditionalCheckFailedException:
        done = False
    key = {"serialNumber": {"S": request.serial_number}}
    return done, registry.get_item(TableName="registry", Key=key)["Item"]


@pytest.mark.parametrize(
    ("record_changes", "request_changes", "expected"),
    [rule[1:] for rule in RULES],
    ids=[rule[0] for rule in RULES],
)
def test_the_condition_writes_exactly_what_judge_grants(
    registry, record_changes, request_changes, expected
):
    before = to_item(record(**record_changes))
    done, after = write(registry, before, claim_request(**request_changes))
    assert done is (isinstance(expected, Grant) and expected is not Grant.REPEAT)
    if not done:
        assert after == before


certificates = st.sampled_from([CERTIFICATE, OTHER_CERTIFICATE, "ab" * 32])
moments = st.sampled_from([None, NOW - 1, NOW, NOW + 1])
records = st.builds(
    record,
    status=st.sampled_from(Status),
    device_type=st.sampled_from(["temperature-sensor", "gateway"]),
    manufacturer=st.sampled_from([None, "AcmeIoT", "Other"]),
    reprovision_policy=st.sampled_from(ReprovisionPolicy),
    enrolment_expires_at=moments,
    required_claim_certificate_id=st.sampled_from([None, CLAIM_CERTIFICATE, "ab" * 32]),
    certificate_id=certificates,
    certificate_ids=st.none() | st.frozensets(certificates, min_size=1),
    lease_expires_at=st.sampled_from([NOW - 1, NOW, NOW + 1]),
    claimed_at=st.just(NOW - 10),
)


@settings(max_examples=300, deadline=None)
@given(before=records, manufacturer=st.sampled_from(["", "AcmeIoT"]))
def test_the_condition_and_judge_never_disagree(registry, before, manufacturer):
    request = claim_request(manufacturer=manufacturer)
    verdict = judge(before, request, NOW)
    done, _ = write(registry, to_item(before), request)
    assert done is (isinstance(verdict, Grant) and verdict is not Grant.REPEAT)


@pytest.mark.parametrize(
    "damage",
    [
        {"schemaVersion": {"N": "2"}},
        {"schemaVersion": {"S": "1"}},
        {"status": {"S": "UNHEARD-OF"}},
        {"status": {"N": "1"}},
        {"deviceType": {"SS": ["temperature-sensor"]}},
    ],
    ids=str,
)
def test_a_damaged_record_is_not_claimed(registry, damage):
    done, _ = write(registry, {**to_item(record()), **damage}, claim_request())
    assert not done


def test_a_serial_that_nobody_enrolled_gets_no_record(registry):
    request = claim_request(serial_number="STRANGER")
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException) as refused:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE))
    assert "Item" not in refused.value.response
    key = {"serialNumber": {"S": "STRANGER"}}
    assert "Item" not in registry.get_item(TableName="registry", Key=key)


def test_a_claim_writes_who_holds_it_and_until_when(registry):
    before = record(status=Status.PROVISIONING, lease_expires_at=NOW, provision_count=4)
    done, item = write(registry, to_item(before), claim_request())
    assert done
    after = from_item(item)
    assert after.status is Status.PROVISIONING
    assert after.certificate_id == CERTIFICATE
    assert after.claim_certificate_id == CLAIM_CERTIFICATE
    assert after.template_name == "acme-default"
    assert after.thing_name == "acme-SN-0001"
    assert after.claimed_at == after.status_changed_at == NOW
    assert after.lease_expires_at == NOW + LEASE
    assert after.certificate_ids == {CERTIFICATE, OTHER_CERTIFICATE}
    assert after.provision_count == 5
    assert after.enrolled_at == before.enrolled_at
    assert item["statusShard"] == to_item(after)["statusShard"]


def test_the_write_answers_with_the_item_as_it_was(registry):
    registry.put_item(TableName="registry", Item=to_item(record()))
    arguments = claim_update(claim_request(), NOW, LEASE)
    answer = registry.update_item(TableName="registry", **arguments)
    assert from_item(answer["Attributes"]) == record()
    request = claim_request(certificate_id=OTHER_CERTIFICATE)
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException) as refused:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE))
    assert refused.value.response["Item"]["certificateId"] == {"S": CERTIFICATE}
