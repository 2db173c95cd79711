"""Whose home moves, and what the write does to a record that is not as it was read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry.record import ReprovisionPolicy, Status, from_item, to_item
from tests.unit.builders import NOW, record
from tools.takeover.plan import Move, Outcome, TakeOver, judge

LOST, OWN, THIRD = "eu-west-1", "eu-central-1", "us-east-1"
BY = "arn:aws:iam::123456789012:user/operator"
PLAN = TakeOver(lost=LOST, own=OWN, default_home=LOST, every_status=False, by=BY, at=NOW)
EVERY = TakeOver(lost=LOST, own=OWN, default_home=LOST, every_status=True, by=BY, at=NOW)
NEVER, REPLACE = ReprovisionPolicy.NEVER, ReprovisionPolicy.REPLACE


def moved(item, plan=PLAN):
    return isinstance(judge(item, plan), Move)


@pytest.mark.parametrize(
    ("status", "policy", "claimable"),
    [
        (Status.ENROLLED, NEVER, True),
        (Status.PROVISIONING, NEVER, True),
        (Status.ACTIVE, REPLACE, True),
        (Status.ACTIVE, NEVER, False),
        (Status.SUSPENDED, REPLACE, False),
        (Status.REVOKED, REPLACE, False),
    ],
)
def test_what_may_still_be_claimed_moves_and_the_rest_where_all_is_asked_for(
    status, policy, claimable
):
    item = to_item(record(status=status, reprovision_policy=policy, home_region=LOST))
    assert moved(item) is claimable
    assert claimable or judge(item, PLAN) is Outcome.NOT_CLAIMABLE
    assert moved(item, EVERY)


@pytest.mark.parametrize(
    ("home", "default_home", "outcome"),
    [
        (LOST, THIRD, None),
        (None, LOST, None),
        (OWN, LOST, Outcome.HERE),
        (None, OWN, Outcome.HERE),
        (THIRD, LOST, Outcome.ELSEWHERE),
        (None, THIRD, Outcome.ELSEWHERE),
        # One Region: whose table it is decides.
        (None, None, Outcome.HERE),
    ],
)
def test_the_home_is_the_record_s_or_else_the_default(home, default_home, outcome):
    plan = TakeOver(lost=LOST, own=OWN, default_home=default_home, every_status=True, by=BY, at=NOW)
    verdict = judge(to_item(record(home_region=home)), plan)
    assert isinstance(verdict, Move) if outcome is None else verdict is outcome


def test_a_canary_stays_where_what_it_left_is_found():
    item = to_item(record(enrolled_by="canary", home_region=LOST))
    assert judge(item, EVERY) is Outcome.CANARY


def test_a_damaged_record_is_left_alone():
    item = {**to_item(record(home_region=LOST)), "homeRegion": {"S": "Ireland"}}
    assert judge(item, EVERY) is Outcome.MALFORMED


def write(registry, stored, arguments):
    """Do the write on this item; the item afterwards, None where the condition was not met."""
    registry.put_item(TableName="registry", Item=stored)
    try:
        registry.update_item(TableName="registry", **arguments)
    except registry.exceptions.ConditionalCheckFailedException:
        return None
    return registry.get_item(TableName="registry", Key=arguments["Key"])["Item"]


@pytest.mark.parametrize("home", [LOST, None])
def test_the_home_moves_with_who_and_when_and_nothing_else_changes(registry, home):
    before = to_item(record(status=Status.PROVISIONING, home_region=home, batch="spring"))
    after = write(registry, before, judge(before, PLAN).arguments)
    written = {
        "homeRegion": {"S": OWN},
        "homeChangedAt": {"N": str(NOW)},
        "homeChangedBy": {"S": BY},
    }
    assert after == before | written
    stored = from_item(after)
    assert (stored.home_region, stored.home_changed_at, stored.home_changed_by) == (OWN, NOW, BY)
    assert judge(after, PLAN) is Outcome.HERE


@pytest.mark.parametrize("home", [LOST, None])
@pytest.mark.parametrize(
    "meanwhile",
    [
        {"home_region": OWN},
        {"home_region": THIRD},
        {"status": Status.REVOKED},
        {"status": Status.PROVISIONING},
        {"status_changed_at": NOW - 1},
    ],
    ids=str,
)
def test_a_record_that_changed_since_it_was_read_is_not_written(registry, home, meanwhile):
    read = record(home_region=home)
    arguments = judge(to_item(read), PLAN).arguments
    stored = record(**{"home_region": home, **meanwhile})
    assert write(registry, to_item(stored), arguments) is None


@pytest.mark.parametrize(("read", "stands"), [(LOST, None), (None, LOST)])
def test_a_home_that_was_named_or_forgotten_since_is_not_written(registry, read, stands):
    arguments = judge(to_item(record(home_region=read)), PLAN).arguments
    assert write(registry, to_item(record(home_region=stands)), arguments) is None


def test_a_record_that_is_gone_is_not_made(registry):
    arguments = judge(to_item(record()), PLAN).arguments
    registry.delete_item(TableName="registry", Key=arguments["Key"])
    with pytest.raises(registry.exceptions.ConditionalCheckFailedException):
        registry.update_item(TableName="registry", **arguments)


@given(
    st.sampled_from(Status),
    st.sampled_from(ReprovisionPolicy),
    st.sampled_from([LOST, OWN, THIRD, None]),
    st.sampled_from([LOST, OWN, THIRD, None]),
    st.booleans(),
)
def test_only_a_home_in_the_lost_region_ever_moves(status, policy, home, default_home, every):
    plan = TakeOver(
        lost=LOST, own=OWN, default_home=default_home, every_status=every, by=BY, at=NOW
    )
    item = to_item(record(status=status, reprovision_policy=policy, home_region=home))
    if moved(item, plan):
        assert LOST in (home, default_home)
        assert home in (LOST, None)
