"""Records and the items they are stored as."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry.record import (
    STATUS_SHARDS,
    DeviceRecord,
    MalformedRecordError,
    ReprovisionPolicy,
    Status,
    attribute_name,
    from_item,
    status_shard,
    to_item,
)
from tests.unit.builders import CERTIFICATE, NOW, record

seconds = st.none() | st.integers(min_value=0, max_value=2**40)
serials = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)
records = st.builds(
    record,
    serial_number=serials,
    status=st.sampled_from(Status),
    reprovision_policy=st.sampled_from(ReprovisionPolicy),
    batch=st.none() | st.text(),
    enrolment_expires_at=seconds,
    provisioned_at=seconds,
    certificate_ids=st.none() | st.frozensets(st.just(CERTIFICATE), min_size=1),
    suspended_from=st.none() | st.sampled_from(Status),
)


@given(records)
def test_a_record_survives_storage(before):
    assert from_item(to_item(before)) == before


def test_the_item_has_the_documented_attributes():
    full = DeviceRecord(
        serial_number="SN-0001",
        device_type="gateway",
        status=Status.SUSPENDED,
        enrolled_at=1,
        enrolled_by="operator",
        reprovision_policy=ReprovisionPolicy.REPLACE,
        manufacturer="AcmeIoT",
        batch="B7",
        enrolment_expires_at=2,
        required_claim_certificate_id="aa" * 32,
        thing_name="acme-SN-0001",
        certificate_id="bb" * 32,
        claim_certificate_id="cc" * 32,
        template_name="acme-default",
        claimed_at=3,
        lease_expires_at=4,
        certificate_ids=frozenset({"bb" * 32, "aa" * 32}),
        provision_count=5,
        provisioned_at=6,
        status_changed_at=7,
        status_changed_by="operator",
        status_reason="stolen",
        suspended_from=Status.ACTIVE,
    )
    assert to_item(full) == {
        "schemaVersion": {"N": "1"},
        "serialNumber": {"S": "SN-0001"},
        "deviceType": {"S": "gateway"},
        "status": {"S": "SUSPENDED"},
        "statusShard": {"S": status_shard(Status.SUSPENDED, "SN-0001")},
        "statusChangedAt": {"N": "7"},
        "statusChangedBy": {"S": "operator"},
        "statusReason": {"S": "stolen"},
        "suspendedFrom": {"S": "ACTIVE"},
        "enrolledAt": {"N": "1"},
        "enrolledBy": {"S": "operator"},
        "reprovisionPolicy": {"S": "replace"},
        "manufacturer": {"S": "AcmeIoT"},
        "batch": {"S": "B7"},
        "enrolmentExpiresAt": {"N": "2"},
        "requiredClaimCertificateId": {"S": "aa" * 32},
        "thingName": {"S": "acme-SN-0001"},
        "certificateId": {"S": "bb" * 32},
        "claimCertificateId": {"S": "cc" * 32},
        "templateName": {"S": "acme-default"},
        "claimedAt": {"N": "3"},
        "leaseExpiresAt": {"N": "4"},
        "certificateIds": {"SS": ["aa" * 32, "bb" * 32]},
        "provisionCount": {"N": "5"},
        "provisionedAt": {"N": "6"},
    }


@pytest.mark.parametrize(
    ("field", "attribute"),
    [("status", "status"), ("batch_id", "batchId"), ("lease_expires_at", "leaseExpiresAt")],
)
def test_the_attribute_of_a_field(field, attribute):
    assert attribute_name(field) == attribute


def test_what_is_not_known_is_not_stored():
    item = to_item(record(manufacturer=None))
    assert "manufacturer" not in item
    assert "batch" not in item


def test_attributes_it_does_not_know_are_left_alone():
    assert from_item({**to_item(record()), "colour": {"S": "blue"}}) == record()


REQUIRED = [
    attribute_name(f.name)
    for f in dataclasses.fields(DeviceRecord)
    if f.default is dataclasses.MISSING
]


@pytest.mark.parametrize("attribute", REQUIRED)
def test_a_missing_attribute_is_malformed(attribute):
    item = to_item(record())
    del item[attribute]
    with pytest.raises(MalformedRecordError, match=r"^a required attribute is missing$"):
        from_item(item)


@pytest.mark.parametrize("attribute", sorted(to_item(record()).keys() - {"statusShard"}))
def test_an_attribute_of_another_type_is_malformed(attribute):
    with pytest.raises(MalformedRecordError, match=f"^{attribute}$"):
        from_item({**to_item(record()), attribute: {"BOOL": True}})


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("status", {"S": "UNHEARD-OF"}),
        ("reprovisionPolicy", {"S": "sometimes"}),
        ("serialNumber", {"S": "-starts-with-a-dash"}),
        ("deviceType", {"S": "UPPER"}),
        ("deviceType", {"S": 7}),
        ("manufacturer", {"S": "has space"}),
        ("certificateId", {"S": "short"}),
        ("requiredClaimCertificateId", {"S": CERTIFICATE.upper()}),
        ("claimCertificateId", {"S": ""}),
        ("enrolledAt", {"N": "1.5"}),
        ("claimedAt", {"N": "later"}),
        ("certificateIds", {"SS": [1]}),
        ("batch", {"S": 1}),
        ("suspendedFrom", {"S": "NOWHERE"}),
    ],
)
def test_a_value_of_another_shape_is_malformed_and_not_repeated(attribute, value):
    with pytest.raises(MalformedRecordError) as error:
        from_item({**to_item(record()), attribute: value})
    assert str(error.value) == attribute


def test_an_item_that_is_no_item_is_malformed():
    with pytest.raises(MalformedRecordError):
        from_item({"serialNumber": None})


def test_a_later_schema_is_malformed_for_this_code():
    with pytest.raises(MalformedRecordError, match=r"^schemaVersion$"):
        record(schema_version=2)


@pytest.mark.parametrize(
    ("status", "missing", "attribute"),
    [
        (Status.PROVISIONING, "lease_expires_at", "leaseExpiresAt"),
        (Status.PROVISIONING, "certificate_id", "certificateId"),
        (Status.PROVISIONING, "claimed_at", "claimedAt"),
        (Status.ACTIVE, "certificate_id", "certificateId"),
        (Status.ACTIVE, "claimed_at", "claimedAt"),
    ],
)
def test_a_status_that_needs_a_claim_is_malformed_without_one(status, missing, attribute):
    with pytest.raises(MalformedRecordError, match=f"^{attribute}$"):
        record(status=status, **{missing: None})


def test_an_active_record_needs_no_lease():
    assert record(status=Status.ACTIVE, lease_expires_at=None).lease_expires_at is None


def test_the_shard_is_stable_across_releases():
    assert status_shard(Status.ENROLLED, "SN-0001") == "ENROLLED#05"


@pytest.mark.failure_mode("O7")
def test_shards_spread_evenly():
    shards = [status_shard(Status.ENROLLED, f"SN-{n:06}") for n in range(16_000)]
    counts = [shards.count(shard) for shard in set(shards)]
    assert len(counts) == STATUS_SHARDS
    assert max(counts) < 1.25 * min(counts)


def test_malformed_is_a_value_error():
    assert issubclass(MalformedRecordError, ValueError)
    assert record(claimed_at=NOW).claimed_at == NOW
