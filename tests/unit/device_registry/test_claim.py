"""The rules of a claim: what ``judge`` says, and that DynamoDB's condition says the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_registry.claim import claim_update, judge
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
from tests.unit.device_registry.rules import RULES, write, writes


@pytest.mark.parametrize(
    ("record_changes", "request_changes", "expected"),
    [rule[1:] for rule in RULES],
    ids=[rule[0] for rule in RULES],
)
def test_rule(record_changes, request_changes, expected):
    assert judge(record(**record_changes), claim_request(**request_changes), NOW) is expected


@pytest.mark.parametrize(
    ("record_changes", "request_changes", "expected"),
    [rule[1:] for rule in RULES],
    ids=[rule[0] for rule in RULES],
)
@pytest.mark.failure_mode("S1", "S3", "S4")
def test_the_condition_writes_exactly_what_judge_grants(
    registry, record_changes, request_changes, expected
):
    before = to_item(record(**record_changes))
    done, after = write(registry, before, claim_request(**request_changes))
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
    assert done is writes(verdict)


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


@pytest.mark.failure_mode("S2")
def test_a_serial_that_nobody_enrolled_gets_no_record(registry):
    request = claim_request(serial_number="STRANGER")
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException) as refused:
        registry.update_item(TableName="registry", **claim_update(request, NOW, LEASE))
    assert "Item" not in refused.value.response
    key = {"serialNumber": {"S": "STRANGER"}}
    assert "Item" not in registry.get_item(TableName="registry", Key=key)


@pytest.mark.failure_mode("S4")
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
