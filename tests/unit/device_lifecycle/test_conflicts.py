"""A step that no code path takes is seen, and what it lost comes back; no other step is."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_lifecycle import activation, conflicts, enforce, resolution
from device_lifecycle.errors import RetryError
from device_registry.claim import claim_update
from device_registry.confirmation import confirmation_update
from device_registry.record import ReprovisionPolicy, Status, from_item, to_item
from device_registry.retirement import remembrance_update, retirement_update
from device_registry.transitions import (
    Action,
    Change,
    TransitionRefusedError,
    release_while_suspended_update,
    transition_update,
)
from tests.unit.builders import AT_HOME, CERTIFICATE, NOW, OTHER_CERTIFICATE, claim_request, record
from tests.unit.device_lifecycle.fakes import THING, World, lines, stream_record
from tests.unit.device_lifecycle.memory import Memory
from tools.enrolment import compare
from tools.enrolment.rows import Enrolment

CERTIFICATES = ["a1" * 32, "b2" * 32, "c3" * 32]
BOTH = frozenset({CERTIFICATE, OTHER_CERTIFICATE})
KEY = {"serialNumber": {"S": "SN-0001"}}


class History:
    """One record, and every item that it was."""

    def __init__(self, policy):
        self.table = Memory()
        self.now = NOW
        first = record(reprovision_policy=policy)
        self.table.put_item(TableName="registry", Item=to_item(first))
        self.items = [to_item(first)]
        self.taken = set()

    @property
    def record(self):
        return from_item(self.items[-1])

    def take(self, name, number):
        # Two changes in one second: the second is refused, or is of another kind.
        self.now += number % 3
        arguments = getattr(self, name)(number)
        if arguments is None:
            return
        try:
            self.table.update_item(TableName="registry", **arguments)
        except self.table.exceptions.ConditionalCheckFailedException:
            return
        self.taken.add(name)
        self.items.append(self.table.get_item(TableName="registry", Key=KEY)["Item"])

    def claim(self, number):
        request = claim_request(certificate_id=CERTIFICATES[number % 3], thing_name=THING)
        return claim_update(request, self.now, 5, AT_HOME)

    def confirm(self, _):
        change = Change(by="device-lifecycle", reason="r", at=self.now)
        return confirmation_update(self.record, change)

    def retire(self, number):
        known = self.record.certificate_ids or ()
        each = CERTIFICATES[number % 3]
        return retirement_update("SN-0001", each) if each in known else None

    def remember(self, number):
        return remembrance_update("SN-0001", CERTIFICATES[number % 3])

    def shadow(self, _):
        return activation._mark(self.record, self.now)

    def suspension_noted(self, number):
        return {
            "Key": KEY,
            "ConditionExpression": "#status = :suspended",
            "UpdateExpression": "ADD suspendedCertificateIds :certificateIds",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":suspended": {"S": "SUSPENDED"},
                ":certificateIds": {"SS": [CERTIFICATES[number % 3]]},
            },
        }

    def release_while_suspended(self, _):
        held = self.record.status is Status.SUSPENDED and self.record.certificate_id is not None
        return release_while_suspended_update(self.record) if held else None

    def take_over(self, number):
        return {
            "Key": KEY,
            "ConditionExpression": "attribute_exists(serialNumber)",
            "UpdateExpression": "SET homeRegion = :home",
            "ExpressionAttributeValues": {":home": {"S": f"eu-west-{number % 3}"}},
        }

    def enrol(self, number):
        run = compare.Run(by="operator", at=self.now)
        row = Enrolment(
            serial_number="SN-0001",
            device_type="temperature-sensor",
            manufacturer="AcmeIoT",
            reprovision_policy=self.record.reprovision_policy,
            batch=f"B{number}",
        )
        verdict = compare.judge(row, self.items[-1], run)
        return verdict.arguments if isinstance(verdict, compare.Change) else None

    def operate(self, number):
        change = Change(by="operator", reason="r", at=self.now)
        action = [*Action, Action.SUSPEND, Action.RESUME, Action.RESUME][number % 7]
        active = self.record.certificate_ids or frozenset()
        try:
            return transition_update(self.record, action, change, suspended_certificate_ids=active)
        except TransitionRefusedError:
            return None


NAMES = [
    *("claim", "claim", "operate", "operate", "confirm", "confirm", "retire", "remember"),
    *("shadow", "suspension_noted", "release_while_suspended", "take_over", "enrol"),
]


def play(policy, told):
    """The history of what was told, as far as it could be done."""
    history = History(policy)
    for name, number in told:
        if name != "confirm" or history.record.status is Status.PROVISIONING:
            history.take(name, number)
    return history


@settings(max_examples=60)
@given(
    policy=st.sampled_from(ReprovisionPolicy),
    told=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 20)), max_size=15),
)
def test_no_step_that_the_code_takes_is_a_conflict_nor_several_in_one(policy, told):
    items = play(policy, told).items
    for after, new in enumerate(items):
        for old in items[:after]:
            assert conflicts.find(old, new) is None, (old, new)


def test_every_kind_of_step_is_taken():
    """Otherwise the test above would say nothing of it."""
    order, unseen = random.Random(1), set(NAMES)  # noqa: S311
    unseen |= {(Status.SUSPENDED, Status.PROVISIONING), (Status.SUSPENDED, Status.ACTIVE)}
    unseen |= {(Status.ACTIVE, Status.ENROLLED), (Status.ACTIVE, Status.PROVISIONING)}
    for _ in range(250):
        told = [(order.choice(NAMES), order.randrange(21)) for _ in range(15)]
        history = play(ReprovisionPolicy.REPLACE, told)
        statuses = [from_item(item).status for item in history.items]
        unseen -= history.taken | set(pairwise(statuses))
        if not unseen:
            return
    raise AssertionError(unseen)


@settings(max_examples=60)
@given(
    shared=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 20)), max_size=8),
    lost=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 20)), max_size=6),
    won=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 20)), max_size=6),
)
def test_every_loss_is_found(shared, lost, won):
    """Two histories with the same beginning: what one of them undoes of the other."""
    policy = ReprovisionPolicy.REPLACE
    common = play(policy, shared)
    old, new = play(policy, [*shared, *lost]).record, play(policy, [*shared, *won]).record
    found = conflicts.find(to_item(old), to_item(new))
    forgotten = (old.certificate_ids or frozenset()) - (new.certificate_ids or frozenset())
    retired = (old.retired_certificate_ids or frozenset()) - forgotten
    assert (found.forgotten if found else frozenset()) == forgotten
    reinstated = retired - (new.retired_certificate_ids or frozenset())
    assert (found.reinstated if found else frozenset()) == reinstated
    confirmed = old.certificate_id if old.status is Status.ACTIVE else None
    waits = new.status is Status.PROVISIONING and new.certificate_id == confirmed
    assert (found.unconfirmed if found else None) == (confirmed if waits else None)
    if old.status is Status.REVOKED and new.status is not Status.REVOKED:
        assert found.status is Status.REVOKED
    suspended = old.status is Status.SUSPENDED and common.record.status is not Status.SUSPENDED
    never = (new.last_suspended_at or 0) < old.status_changed_at
    if suspended and never and new.status not in (Status.SUSPENDED, Status.REVOKED):
        assert found.status is Status.SUSPENDED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, to_item(record())),
        (to_item(record(status=Status.REVOKED)), {}),
        ({"status": {"N": "1"}, "statusChangedAt": {"S": "x"}}, {"status": {"S": "x"}}),
        ({"certificateIds": {"SS": ["not-a-certificate"]}}, {"status": {"S": "x"}}),
    ],
    ids=["new", "deleted", "no record", "no certificate"],
)
def test_what_is_no_conflict(old, new):
    assert conflicts.find(old, new) is None


def test_a_time_that_is_none_ended_nothing():
    suspended = to_item(record(status=Status.SUSPENDED))
    after = {**to_item(record()), "lastSuspendedAt": {"N": "-1"}}
    assert conflicts.find(suspended, after).status is Status.SUSPENDED


# What a conflict comes to.


def device(status=Status.ACTIVE, **changes):
    values = {
        "certificate_id": CERTIFICATE,
        "certificate_ids": frozenset({CERTIFICATE}),
        "thing_name": THING,
        "claimed_in": "us-east-1",
    }
    return record(status=status, **{"claimed_at": NOW - 60, **values, **changes})


OTHERS = device(certificate_id=OTHER_CERTIFICATE, certificate_ids=frozenset({OTHER_CERTIFICATE}))
RETIRED = frozenset({OTHER_CERTIFICATE})


@pytest.fixture
def several():
    world = World(Memory(), DEFAULT_HOME_REGION="us-east-1", SHADOW_PARAMETERS="")
    world.aws.certificates = dict.fromkeys(sorted(BOTH), "ACTIVE")
    return world


def turn(world, before, after):
    world.table.put_item(TableName="registry", Item=to_item(after))
    event = {"Records": [stream_record(to_item(before), to_item(after))]}
    return enforce.run(event, world.config(), world.runtime())


def told(capsys):
    found = lines(capsys, "registry-conflict")
    assert {line["level"] for line in found} <= {"WARN"}
    return [(line["serialNumber"], line["detail"], line["certificateId"]) for line in found]


def test_a_certificate_that_was_forgotten_had_its_turn(several, capsys):
    assert turn(several, OTHERS, device()) == {"batchItemFailures": []}
    stored = several.stored()
    assert (stored.certificate_id, stored.certificate_ids) == (CERTIFICATE, BOTH)
    assert stored.retired_certificate_ids == RETIRED
    assert several.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert told(capsys) == [("SN-0001", "a certificate was forgotten", OTHER_CERTIFICATE)]


def test_one_that_was_forgotten_by_a_revoked_device_is_revoked(several):
    turn(several, OTHERS, device(Status.REVOKED))
    assert several.aws.certificates == dict.fromkeys(BOTH, "REVOKED")


@pytest.mark.failure_mode("S17")
@pytest.mark.parametrize(
    ("status", "expected"), [(Status.REVOKED, "REVOKED"), (Status.SUSPENDED, "INACTIVE")]
)
def test_a_status_that_was_lost_is_written_again(several, capsys, status, expected):
    several.aws.certificates = {CERTIFICATE: "INACTIVE"}
    before = device(status, suspended_certificate_ids=frozenset({CERTIFICATE}))
    several.aws.before = lambda operation, _: seen.append(operation)
    seen = []
    turn(several, before, device(status_changed_by="device-lifecycle"))
    stored = several.stored()
    assert (stored.status, stored.status_changed_by) == (status, "device-lifecycle")
    assert stored.status_reason == "it was undone by a later write in another Region"
    assert several.aws.certificates == {CERTIFICATE: expected}
    action = {"REVOKED": "revoke", "INACTIVE": "suspend"}[expected]
    assert told(capsys) == [("SN-0001", f"{action} was lost", CERTIFICATE)]
    # Never on in between.
    assert seen.count("UpdateCertificate") == (status is Status.REVOKED)


def test_a_release_that_was_lost_is_done_again(several, capsys):
    before = record(certificate_ids=RETIRED, retired_certificate_ids=RETIRED)
    turn(several, before, OTHERS)
    stored = several.stored()
    assert (stored.status, stored.certificate_id) == (Status.ENROLLED, None)
    assert several.aws.certificates[OTHER_CERTIFICATE] == "INACTIVE"
    assert told(capsys) == [("SN-0001", "release was lost", OTHER_CERTIFICATE)]


RELEASED = {"certificate_ids": RETIRED, "retired_certificate_ids": RETIRED}


def test_a_release_that_was_lost_with_a_suspension_after_it_is_done_again(several, capsys):
    before = record(status=Status.SUSPENDED, suspended_from=Status.ENROLLED, **RELEASED)
    turn(several, before, OTHERS)
    assert told(capsys) == [
        ("SN-0001", "suspend was lost", OTHER_CERTIFICATE),
        ("SN-0001", "release was lost", OTHER_CERTIFICATE),
    ]
    assert_released_and_suspended(several)


def test_a_release_that_a_suspension_undid_is_done_again(several, capsys):
    after = replace(OTHERS, status=Status.SUSPENDED, suspended_from=Status.ACTIVE)
    after = replace(after, suspended_certificate_ids=RETIRED, claim_certificate_id=CERTIFICATE)
    turn(several, record(**RELEASED), after)
    assert told(capsys) == [("SN-0001", "release was lost", OTHER_CERTIFICATE)]
    stored = several.stored()
    assert stored.status_changed_at == after.status_changed_at
    assert (stored.claim_certificate_id, stored.claimed_at, stored.claimed_in) == (None, None, None)
    assert_released_and_suspended(several)


def assert_released_and_suspended(world):
    """Also when the suspension ends, the certificate that was released stays off."""
    stored = world.stored()
    assert (stored.status, stored.suspended_from) == (Status.SUSPENDED, Status.ENROLLED)
    assert (stored.certificate_id, stored.retired_certificate_ids) == (None, RETIRED)
    assert world.aws.certificates[OTHER_CERTIFICATE] == "INACTIVE"
    change = Change(by="operator", reason="r", at=NOW)
    resumed = transition_update(stored, Action.RESUME, change)
    world.table.update_item(TableName="registry", **resumed)
    enforce.run({"Records": world.table.stream}, world.config(), world.runtime())
    assert world.stored().status is Status.ENROLLED
    assert world.aws.certificates[OTHER_CERTIFICATE] == "INACTIVE"


@pytest.mark.parametrize(
    "change",
    [
        {"status": Status.REVOKED},
        {"status_changed_at": NOW},
        {"certificate_id": CERTIFICATE, "certificate_ids": BOTH},
    ],
    ids=["revoked", "suspended anew", "claimed anew"],
)
def test_a_release_while_suspended_is_of_the_claim_that_was_read(several, change):
    read = replace(OTHERS, status=Status.SUSPENDED, suspended_from=Status.ACTIVE)
    now = replace(read, **change)
    several.table.put_item(TableName="registry", Item=to_item(now))
    assert not several.runtime().store.update(release_while_suspended_update(read))
    assert several.stored() == now


def test_a_revoked_device_keeps_its_claim_although_it_was_released(several, capsys):
    after = replace(OTHERS, status=Status.REVOKED)
    turn(several, record(**RELEASED), after)
    assert several.stored() == after
    assert several.aws.certificates[OTHER_CERTIFICATE] == "REVOKED"
    assert told(capsys) == []


WAITING = device(Status.PROVISIONING, lease_expires_at=NOW, home_region="us-east-1")


def test_a_confirmation_that_was_lost_is_done_again(several, capsys):
    turn(several, device(provisioned_at=NOW - 30), WAITING)
    stored = several.stored()
    assert (stored.status, stored.lease_expires_at) == (Status.ACTIVE, None)
    assert (stored.provisioned_at, stored.home_region) == (NOW, "us-east-1")
    assert several.aws.certificates[CERTIFICATE] == "ACTIVE"
    assert told(capsys) == [("SN-0001", "confirmation was lost", CERTIFICATE)]


@pytest.mark.parametrize(
    "now",
    [
        replace(WAITING, certificate_id=OTHER_CERTIFICATE, certificate_ids=BOTH),
        replace(WAITING, status=Status.ACTIVE),
        replace(WAITING, status=Status.SUSPENDED),
        record(),
    ],
    ids=["claimed anew", "confirmed since", "suspended since", "released since"],
)
def test_a_confirmation_of_what_holds_the_claim_no_more_is_not_done_again(several, now):
    several.table.put_item(TableName="registry", Item=to_item(now))
    lost = conflicts.find(to_item(device()), to_item(WAITING))
    resolution.resolve(several.runtime(), "SN-0001", lost)
    assert several.stored() == now


def test_a_retirement_that_was_lost_is_written_again(several, capsys):
    before = device(certificate_ids=BOTH, retired_certificate_ids=RETIRED)
    before = replace(before, status=Status.PROVISIONING, lease_expires_at=NOW)
    turn(several, before, replace(before, retired_certificate_ids=None))
    assert several.stored().retired_certificate_ids == RETIRED
    assert several.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert told(capsys) == [("SN-0001", "a retirement was lost", OTHER_CERTIFICATE)]


def test_what_another_region_resolved_is_not_written_again(several, capsys):
    again = device(Status.REVOKED, certificate_ids=BOTH, retired_certificate_ids=RETIRED)
    several.table.put_item(TableName="registry", Item=to_item(again))
    lost = conflicts.find(to_item(device(Status.REVOKED, certificate_ids=BOTH)), to_item(device()))
    resolution.resolve(several.runtime(), "SN-0001", lost)
    assert several.stored() == again
    assert told(capsys) == []


@pytest.mark.parametrize(
    "now",
    [
        device(last_suspended_at=NOW - 86_400),
        device(Status.SUSPENDED),
        device(Status.REVOKED),
    ],
    ids=["resumed since", "suspended since", "revoked since"],
)
def test_a_suspension_that_is_over_or_back_is_left_so(several, now):
    several.table.put_item(TableName="registry", Item=to_item(now))
    lost = conflicts.find(to_item(device(Status.SUSPENDED)), to_item(device()))
    resolution.resolve(several.runtime(), "SN-0001", lost)
    assert several.stored() == now


def test_a_certificate_that_holds_the_claim_by_now_is_not_retired(several, capsys):
    several.table.put_item(TableName="registry", Item=to_item(OTHERS))
    lost = conflicts.find(to_item(OTHERS), to_item(device()))
    resolution.resolve(several.runtime(), "SN-0001", lost)
    assert several.stored() == OTHERS
    assert told(capsys) == []


def test_a_record_that_is_gone_has_nothing_to_remember(several):
    lost = conflicts.find(to_item(OTHERS), to_item(device()))
    resolution.resolve(several.runtime(), "SN-0001", lost)
    assert several.table.item("SN-0001") is None


def test_a_record_that_keeps_changing_comes_again(several):
    moments = iter(range(NOW, NOW + 99))

    def change(_):
        later = device(status_changed_at=next(moments))
        several.table.put_item(TableName="registry", Item=to_item(later))

    several.table.before = change
    lost = conflicts.find(to_item(device(Status.REVOKED)), to_item(device()))
    several.table.put_item(TableName="registry", Item=to_item(device()))
    with pytest.raises(RetryError, match="kept changing"):
        resolution.resolve(several.runtime(), "SN-0001", lost)


def test_one_region_has_no_conflicts(world, capsys):
    turn(world, OTHERS, device())
    assert world.stored() == device()
    assert told(capsys) == []
