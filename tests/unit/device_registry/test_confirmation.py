"""The one change that no operator and no device asks for, as DynamoDB carries it out."""

import contextlib
from dataclasses import replace

import pytest

from device_registry.confirmation import confirmation_update
from device_registry.record import Status, from_item, to_item
from device_registry.transitions import Change
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE, record

CHANGE = Change(by="device-lifecycle", reason="first connection", at=NOW)
KEY = {"serialNumber": {"S": "SN-0001"}}


def confirm(registry, read, stored):
    """Write what was decided on one record, while the table holds another."""
    registry.put_item(TableName="registry", Item=to_item(stored))
    with contextlib.suppress(registry.exceptions.ConditionalCheckFailedException):
        registry.update_item(TableName="registry", **confirmation_update(read, CHANGE))
    item = registry.get_item(TableName="registry", Key=KEY)["Item"]
    after = from_item(item)
    assert item == to_item(after)
    return after


def test_a_claim_is_confirmed(registry):
    before = record(status=Status.PROVISIONING)
    assert confirm(registry, before, before) == replace(
        before,
        status=Status.ACTIVE,
        status_changed_at=NOW,
        status_changed_by="device-lifecycle",
        status_reason="first connection",
        provisioned_at=NOW,
        lease_expires_at=None,
    )


def test_the_first_time_stays_and_earlier_certificates_had_their_turn(registry):
    both = frozenset({CERTIFICATE, OTHER_CERTIFICATE})
    before = record(status=Status.PROVISIONING, provisioned_at=NOW - 9, certificate_ids=both)
    after = confirm(registry, before, before)
    assert after.provisioned_at == NOW - 9
    assert after.retired_certificate_ids == {CERTIFICATE}


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.PROVISIONING}))
@pytest.mark.failure_mode("S1")
def test_nothing_but_provisioning_becomes_active(registry, status):
    before = record(status=Status.PROVISIONING)
    stored = replace(before, status=status)
    assert confirm(registry, before, stored) == stored


@pytest.mark.parametrize("newer", [{"certificate_id": CERTIFICATE}, {"claimed_at": NOW}])
def test_a_newer_claim_is_not_confirmed_by_what_was_known_of_an_older_one(registry, newer):
    before = record(status=Status.PROVISIONING)
    stored = replace(before, **newer)
    assert confirm(registry, before, stored) == stored


def test_no_record_no_confirmation(registry):
    registry.delete_item(TableName="registry", Key=KEY)
    update = confirmation_update(record(status=Status.PROVISIONING), CHANGE)
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException):
        registry.update_item(TableName="registry", **update)
