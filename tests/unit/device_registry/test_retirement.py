"""A certificate is retired as DynamoDB carries it out, and none that the device goes on with."""

import contextlib
from dataclasses import replace

import pytest

from device_registry.certificates import permitted
from device_registry.record import Status, from_item, to_item
from device_registry.retirement import remembrance_update, retirement_update
from tests.unit.builders import CERTIFICATE, OTHER_CERTIFICATE, record

KEY = {"serialNumber": {"S": "SN-0001"}}
BOTH = frozenset({CERTIFICATE, OTHER_CERTIFICATE})


def retire(registry, stored, certificate_id):
    registry.put_item(TableName="registry", Item=to_item(stored))
    with contextlib.suppress(registry.exceptions.ConditionalCheckFailedException):
        update = retirement_update(stored.serial_number, certificate_id)
        registry.update_item(TableName="registry", **update)
    item = registry.get_item(TableName="registry", Key=KEY)["Item"]
    after = from_item(item)
    assert item == to_item(after)
    return after


def device(status, **changes):
    return record(status=status, certificate_id=OTHER_CERTIFICATE, certificate_ids=BOTH, **changes)


@pytest.mark.parametrize("status", Status)
def test_it_changes_nothing_else_and_may_be_repeated(registry, status):
    before = device(status, suspended_certificate_ids=BOTH)
    after = retire(registry, before, CERTIFICATE)
    assert after == replace(
        before,
        retired_certificate_ids=frozenset({CERTIFICATE}),
        suspended_certificate_ids=frozenset({OTHER_CERTIFICATE}),
    )
    assert retire(registry, after, CERTIFICATE) == after


def test_what_was_retired_before_stays_so_and_the_last_of_a_suspension_leaves_no_trace(registry):
    alone, earlier = frozenset({CERTIFICATE}), frozenset({"ab" * 32})
    before = device(
        Status.SUSPENDED, suspended_certificate_ids=alone, retired_certificate_ids=earlier
    )
    after = retire(registry, before, CERTIFICATE)
    assert (after.suspended_certificate_ids, after.retired_certificate_ids) == (
        None,
        earlier | alone,
    )


def test_the_present_one_is_never_retired(registry):
    before = device(Status.SUSPENDED, suspended_certificate_ids=BOTH)
    assert retire(registry, before, OTHER_CERTIFICATE) == before


def test_one_of_a_device_that_has_no_present_one(registry):
    before = record(status=Status.ENROLLED, certificate_ids=BOTH)
    assert retire(registry, before, CERTIFICATE).retired_certificate_ids == {CERTIFICATE}


def test_no_record_no_retirement(registry):
    registry.delete_item(TableName="registry", Key=KEY)
    update = retirement_update("SN-0001", CERTIFICATE)
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException):
        registry.update_item(TableName="registry", **update)


def test_a_device_that_waits_for_its_new_certificate_goes_on_without_a_retired_one(registry):
    after = retire(registry, device(Status.PROVISIONING), CERTIFICATE)
    assert permitted(after) == {OTHER_CERTIFICATE}


@pytest.mark.parametrize("status", Status)
def test_a_certificate_that_the_record_forgot_comes_back_as_a_retired_one(registry, status):
    before = device(status)
    forgotten = "ab" * 32
    registry.put_item(TableName="registry", Item=to_item(before))
    registry.update_item(TableName="registry", **remembrance_update("SN-0001", forgotten))
    after = from_item(registry.get_item(TableName="registry", Key=KEY)["Item"])
    assert after == replace(
        before,
        certificate_ids=BOTH | {forgotten},
        retired_certificate_ids=frozenset({forgotten}),
    )
