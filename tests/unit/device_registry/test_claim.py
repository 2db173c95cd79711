"""The rules of a claim: what ``judge`` says, and that DynamoDB's condition says the same."""

import hashlib
import re
import ssl
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from device_registry import claim as claims
from device_registry.claim import NEVER, claim_update, judge
from device_registry.reasons import Denial
from device_registry.record import (
    OPTIONAL_TYPES,
    REQUIRED_TYPES,
    ReprovisionPolicy,
    Status,
    from_item,
    to_item,
)
from device_registry.table import Refused, claim
from tests.unit.builders import (
    AT_HOME,
    AWAY,
    CERTIFICATE,
    CLAIM_CERTIFICATE,
    LEASE,
    NOW,
    OTHER_CERTIFICATE,
    REGIONS,
    claim_request,
    record,
)
from tests.unit.device_registry.rules import ALL_RULES, write, writes


@pytest.mark.parametrize(
    ("regions", "record_changes", "request_changes", "expected"),
    [rule[1:] for rule in ALL_RULES],
    ids=[rule[0] for rule in ALL_RULES],
)
def test_rule(regions, record_changes, request_changes, expected):
    before, request = record(**record_changes), claim_request(**request_changes)
    assert judge(before, request, NOW, regions) is expected


@pytest.mark.parametrize(
    ("regions", "record_changes", "request_changes", "expected"),
    [rule[1:] for rule in ALL_RULES],
    ids=[rule[0] for rule in ALL_RULES],
)
@pytest.mark.failure_mode("S1", "S3", "S4")
def test_the_condition_writes_exactly_what_judge_grants(
    registry, regions, record_changes, request_changes, expected
):
    before = to_item(record(**record_changes))
    done, after = write(registry, before, claim_request(**request_changes), regions)
    assert done is writes(expected)
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
    provisioned_at=st.sampled_from([None, NOW - 9]),
    required_claim_certificate_id=st.sampled_from([None, CLAIM_CERTIFICATE, "ab" * 32]),
    certificate_id=certificates,
    certificate_ids=st.none() | st.frozensets(certificates, min_size=1),
    lease_expires_at=st.sampled_from([NOW - 1, NOW, NOW + 1]),
    claimed_at=st.just(NOW - 10),
    home_region=st.sampled_from([None, AT_HOME.own, AWAY.own]),
)


@settings(max_examples=300)
@given(
    before=records,
    manufacturer=st.sampled_from(["", "AcmeIoT"]),
    regions=st.sampled_from([REGIONS, AT_HOME, AWAY]),
)
def test_the_condition_and_judge_never_disagree(memory, before, manufacturer, regions):
    request = claim_request(manufacturer=manufacturer)
    verdict = judge(before, request, NOW, regions)
    done, _ = write(memory, to_item(before), request, regions)
    assert done is writes(verdict)


STORED_TYPES = REQUIRED_TYPES | OPTIONAL_TYPES
DAMAGE = [
    {"schemaVersion": {"N": "2"}},
    {"status": {"S": "UNHEARD-OF"}},
    {"reprovisionPolicy": {"S": "sometimes"}},
    *({attribute: {"BOOL": True}} for attribute in STORED_TYPES if attribute != "serialNumber"),
    *({attribute: None} for attribute in REQUIRED_TYPES if attribute != "serialNumber"),
]


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_a_damaged_record_is_refused_every_time_and_stays_as_it_is(registry, connection, damage):
    item = {key: v for key, v in {**to_item(record()), **damage}.items() if v is not None}
    registry.put_item(TableName="registry", Item=item)
    for _ in range(2):
        answer = claim(
            "registry",
            connection,
            claim_request(),
            now=NOW,
            lease_seconds=LEASE,
            regions=REGIONS,
            deadline=0.0,
        )
        assert isinstance(answer, Refused)
        assert answer.denial in {Denial.MALFORMED_RECORD, Denial.INTERNAL_ERROR}
    stored = registry.get_item(TableName="registry", Key={"serialNumber": {"S": "SN-0001"}})
    assert stored["Item"] == item


def test_the_part_of_the_condition_that_is_made_at_import():
    assert claims._well_formed() == claims.WELL_FORMED
    assert "attribute_type(#status, :S)" in claims.WELL_FORMED
    assert "(attribute_not_exists(#batch) OR attribute_type(#batch, :S))" in claims.WELL_FORMED


def test_no_reserved_word_is_used_as_it_is():
    arguments = claim_update(claim_request(), NOW, LEASE, REGIONS)
    text = arguments["ConditionExpression"] + arguments["UpdateExpression"]
    bare = set(re.findall(r"(?<![:#\w])[a-z]\w+", text))
    assert "schemaVersion" in bare
    assert not {word.upper() for word in bare} & set(ReservedKeywords.get_reserved_keywords())


@pytest.mark.failure_mode("B14")
def test_a_claim_that_does_not_lapse():
    values = claim_update(claim_request(), NOW, None, REGIONS)["ExpressionAttributeValues"]
    assert values[":leaseExpiresAt"] == {"N": str(NEVER)}
    end = datetime.fromtimestamp(NEVER, UTC)
    assert end.isoformat() == "9999-12-31T23:59:59+00:00"


@pytest.mark.failure_mode("S2")
def test_a_serial_that_nobody_enrolled_gets_no_record(registry):
    request = claim_request(serial_number="STRANGER")
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException) as refused:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE, REGIONS))
    assert "Item" not in refused.value.response
    key = {"serialNumber": {"S": "STRANGER"}}
    assert "Item" not in registry.get_item(TableName="registry", Key=key)


STATUS_SET = {"status_changed_by": "alice", "status_reason": "board swapped"}


PEM = ssl.DER_cert_to_PEM_cert(b"a certificate")
PEM_ID = hashlib.sha256(b"a certificate").hexdigest()


@pytest.mark.parametrize(
    ("regions", "pem", "kept"),
    [(AT_HOME, PEM, PEM), (REGIONS, PEM, None), (AT_HOME, None, None), (AT_HOME, "x", None)],
    ids=["several Regions", "one Region", "not given", "of another certificate"],
)
def test_a_claim_says_where_it_was_taken_and_keeps_the_certificate_for_others(
    registry, regions, pem, kept
):
    before = record(claimed_in="eu-west-1", certificate_pem="the one before")
    request = claim_request(certificate_id=PEM_ID, certificate_pem=pem)
    done, item = write(registry, to_item(before), request, regions)
    assert done
    assert (from_item(item).claimed_in, from_item(item).certificate_pem) == (regions.own, kept)


def test_the_condition_is_as_short_as_dynamodb_wants_it():
    arguments = claim_update(claim_request(), NOW, LEASE, REGIONS)
    assert len(arguments["ConditionExpression"]) < 4096


@pytest.mark.failure_mode("S4")
def test_a_claim_writes_who_holds_it_and_until_when(registry):
    before = record(
        status=Status.PROVISIONING, lease_expires_at=NOW, provision_count=4, **STATUS_SET
    )
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
    assert after.status_changed_by is None
    assert after.status_reason is None
    assert after.enrolled_at == before.enrolled_at
    assert item["statusShard"] == to_item(after)["statusShard"]


def test_the_write_answers_with_the_item_as_it_was(registry):
    registry.put_item(TableName="registry", Item=to_item(record()))
    arguments = claim_update(claim_request(), NOW, LEASE, REGIONS)
    answer = registry.update_item(TableName="registry", **arguments)
    assert from_item(answer["Attributes"]) == record()
    request = claim_request(certificate_id=OTHER_CERTIFICATE)
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException) as refused:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE, REGIONS))
    assert refused.value.response["Item"]["certificateId"] == {"S": CERTIFICATE}
