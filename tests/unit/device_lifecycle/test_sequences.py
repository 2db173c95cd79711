"""Any sequence of what devices, operators, AWS and the four functions do, in any order.

Events come twice, late, in another order or not at all; functions are stopped at any call, and
others act between any two calls of one. Whatever happens: the record only ever takes steps that its
history allows, REVOKED is final, and once everything was delivered and a sweep has run, the
certificates at AWS IoT are as the record says.
"""

import contextlib
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_lifecycle import confirm, enforce, sweep
from device_lifecycle.errors import RetryError
from device_registry.certificates import of_device
from device_registry.claim import claim_update
from device_registry.record import ReprovisionPolicy, Status
from device_registry.retirement import retirement_update
from device_registry.transitions import Action, Change, TransitionRefusedError, transition_update
from tests.unit.builders import LEASE, REGIONS, claim_request
from tests.unit.device_lifecycle.fakes import ARN, THING, World, event
from tests.unit.device_lifecycle.memory import Memory

CERTIFICATES = ["a1" * 32, "b2" * 32, "c3" * 32]
PRESENT = -1
CHECKS = {"FIRST_CONNECTION", "THING_EVENT"}

# Who may take which step of a record.
OPERATOR = {
    *((status, Status.REVOKED) for status in set(Status) - {Status.REVOKED}),
    *((status, Status.SUSPENDED) for status in Status if status.name[0] in "EPA"),
    *((Status.SUSPENDED, status) for status in Status if status.name[0] in "EPA"),
    (Status.PROVISIONING, Status.ENROLLED),
    (Status.ACTIVE, Status.ENROLLED),
}
DEVICE = {
    (Status.ENROLLED, Status.PROVISIONING),
    (Status.PROVISIONING, Status.PROVISIONING),
    (Status.ACTIVE, Status.PROVISIONING),
}
LIFECYCLE = {(Status.PROVISIONING, Status.ACTIVE)}


class Stopped(Exception):
    """The function was stopped between two calls."""


class Story:
    """One device's life. ``steps`` are the names and arguments of methods."""

    def __init__(self, policy, confirm_by):
        self.world = World(Memory())
        self.config = self.world.config(CONFIRM_BY=confirm_by)
        self.world.enrol(reprovision_policy=policy)
        self.pending = []
        self.delivered = []
        self.events = []
        self.in_flight = None
        self.activated = set()
        self.connected_with = None
        self.seen = len(self.world.table.stream)
        self.actor = None

    # What devices and AWS do.

    def claim(self, number):
        certificate = CERTIFICATES[number]
        self.world.aws.certificates.setdefault(certificate, "PENDING_ACTIVATION")
        request = claim_request(certificate_id=certificate, thing_name=THING)
        self.acts(DEVICE, claim_update(request, self.world.now, LEASE, REGIONS))
        record = self.world.stored()
        if record.claimed_at == self.world.now and record.certificate_id == certificate:
            self.in_flight = certificate

    def activate(self):
        """AWS IoT ends RegisterThing, whatever became of the record since."""
        certificate, self.in_flight = self.in_flight, None
        if certificate is not None:
            self.world.aws.things.setdefault(THING, []).append(ARN + certificate)
            self.world.aws.certificates[certificate] = "ACTIVE"
            self.activated.add(certificate)

    def abandon(self):
        self.in_flight = None

    def connect(self, number, disturbance):
        if self.lost_connection_event(number):
            told = event("presence_connected", principalIdentifier=self.connected_with)
            self.events.append(told)
            self.confirm(told, disturbance)

    def lost_connection_event(self, number):
        present = self.world.stored().certificate_id
        certificate = present if number == PRESENT else CERTIFICATES[number]
        if self.world.aws.certificates.get(certificate) != "ACTIVE":
            return False
        self.world.aws.connections[THING] = {"connected": True, "thingName": THING}
        self.connected_with = certificate
        return True

    def thing_written(self, disturbance):
        if THING in self.world.aws.things:
            self.events.append(event("thing_created"))
            self.confirm(self.events[-1], disturbance)

    def event_again(self, number, disturbance):
        if self.events:
            self.confirm(self.events[number % len(self.events)], disturbance)

    # What operators do.

    def operate(self, action, *, look):
        """Write the record, as any tool may; ``look`` notes what a suspension will switch off."""
        record = self.world.stored()
        statuses = self.world.aws.certificates
        active = {each for each in of_device(record) if statuses.get(each) == "ACTIVE"}
        self.clock()
        change = Change(by="operator", reason="r", at=self.world.now)
        try:
            arguments = transition_update(
                record,
                action,
                change,
                suspended_certificate_ids=frozenset(active if look else ()),
            )
        except TransitionRefusedError:
            return
        self.acts(OPERATOR, arguments)

    def retire(self, *, killed):
        """Switch off what came in through a leaked claim; ``killed``: between its two writes."""
        record = self.world.stored()
        for certificate in set(of_device(record)) - {record.certificate_id}:
            self.acts(OPERATOR, retirement_update(record.serial_number, certificate))
            statuses = self.world.aws.certificates
            if not killed and statuses.get(certificate) == "ACTIVE":
                statuses[certificate] = "INACTIVE"

    # What the functions do.

    def confirm(self, told, disturbance=None):
        before = self.world.stored()
        with_certificate = told.get("principalIdentifier")
        undisturbed = self.function(
            lambda: confirm.run(told, self.config, self.world.runtime()), disturbance
        )
        if undisturbed and before.status is not Status.PROVISIONING:
            assert self.world.stored().status is before.status
        if undisturbed and before.status is Status.PROVISIONING and with_certificate:
            by_connection = self.config.confirm_by == "FIRST_CONNECTION"
            due = by_connection and before.certificate_id == with_certificate
            assert (self.world.stored().status is Status.ACTIVE) is due

    def deliver(self, number, keep, disturbance):
        """Hand the function a batch of one; ``keep``: it comes again."""
        if self.pending:
            chosen = self.pending[number % len(self.pending)]
            if self.enforce(chosen, disturbance) and not keep:
                self.pending.remove(chosen)
                self.delivered.append(chosen)

    def deliver_again(self, number, disturbance):
        if self.delivered:
            self.enforce(self.delivered[number % len(self.delivered)], disturbance)

    def enforce(self, chosen, disturbance=None):
        answers = []
        undisturbed = self.function(
            lambda: answers.append(
                enforce.run({"Records": [chosen]}, self.world.config(), self.world.runtime())
            ),
            disturbance,
        )
        return undisturbed and answers == [{"batchItemFailures": []}]

    def sweep(self, disturbance=None):
        before = self.world.stored()
        counts = []

        def run():
            order = random.Random(0)  # noqa: S311
            counts.append(sweep.run(self.config, 3600, self.world.runtime(), order))

        if self.function(run, disturbance):
            assert counts[0].failed == 0
            changed = self.world.stored().status is not before.status
            assert changed == bool(counts[0].confirmed)
            if changed and self.config.confirm_by == "FIRST_CONNECTION":
                assert self.connected_with == self.world.stored().certificate_id

    def function(self, run, disturbance):
        """Run a function; True: nothing disturbed it."""
        self.clock()
        calls, (kind, at) = iter(range(1000)), disturbance or (None, 0)
        met = []

        def before(*_):
            if next(calls) == at and kind is not None and not met:
                met.append(kind)
                if kind == "stop":
                    raise Stopped
                self.quietly(kind)

        table = self.world.table
        self.world.aws.before = table.before = table.reading = before
        self.actor = LIFECYCLE
        try:
            run()
        except (Stopped, RetryError):
            return False
        finally:
            self.world.aws.before = table.before = table.reading = lambda *_: None
            self.note()
        return not met

    def quietly(self, kind):
        """Something else happens between two calls of a function."""
        self.note()
        if kind == "activate":
            self.activate()
        elif kind == "retire":
            self.retire(killed=False)
        elif isinstance(kind, int):
            self.claim(kind)
        else:
            self.operate(kind, look=True)
        self.actor = LIFECYCLE

    # Time, and what is seen of the table.

    def clock(self):
        """No two changes in one second: what they are told apart by has seconds."""
        self.world.now += 1

    def wait(self, seconds):
        """AWS IoT ends what it has begun, and the sweep comes in time."""
        self.activate()
        self.world.now += 61
        self.sweep()
        self.world.now += seconds

    def acts(self, actor, arguments):
        self.actor = actor
        table = self.world.table
        with contextlib.suppress(table.exceptions.ConditionalCheckFailedException):
            table.update_item(TableName="registry", **arguments)
        self.note()

    def note(self):
        """Check every write since the last look, and keep it for the stream."""
        stream = self.world.table.stream
        for written in stream[self.seen :]:
            told = written["dynamodb"]
            step = tuple(Status(told[image]["status"]["S"]) for image in ("OldImage", "NewImage"))
            moved = step[0] is not step[1] or self.actor is DEVICE
            assert not moved or step in self.actor, step
            self.pending.append(written)
        self.seen = len(stream)

    def end(self, order):
        """Everything is delivered at last, in any order, and the sweep runs."""
        if order.random() < 0.5:
            self.activate()
        self.world.now += 61
        while self.pending:
            chosen = self.pending.pop(order.randrange(len(self.pending)))
            assert self.enforce(chosen)
        self.sweep()
        while self.pending:
            assert self.enforce(self.pending.pop())

    def check(self):
        record = self.world.stored()
        aws = {each: self.world.aws.certificates[each] for each in of_device(record)}
        on = {each for each, status in aws.items() if status == "ACTIVE"}
        if record.status is Status.REVOKED:
            assert set(aws.values()) <= {"REVOKED"}
        elif record.status in (Status.SUSPENDED, Status.ENROLLED):
            assert not on
        else:
            assert not on & (record.retired_certificate_ids or frozenset())
            assert record.certificate_id not in self.activated or record.certificate_id in on
        if record.status is Status.ACTIVE:
            assert on <= {record.certificate_id}
        if not on:
            return
        assert record.status in (Status.PROVISIONING, Status.ACTIVE)


UP = [("claim", 0), ("activate",), ("connect", 0, None)]
REPLACED = [*UP, ("claim", 1), ("activate",)]
SUSPENDED = [*UP, ("operate", Action.SUSPEND, False)]

# What is drawn often is what meets: the present certificate, the latest event, a call in between.
numbers = st.sampled_from([-1, -1, -1, -2, 0, 1, 2, 3, 4])
certificates = st.sampled_from([0, 1, 2])
connecting = st.sampled_from([PRESENT, PRESENT, PRESENT, 0, 1])
actions = st.sampled_from(Action)
others = st.one_of(actions, actions, certificates, st.sampled_from(["stop", "activate", "retire"]))
disturbed = st.tuples(others, st.sampled_from([1, 1, 2, 2, 3, 3, 4, 5, 6, 8]))
disturbances = st.one_of(disturbed, disturbed, disturbed, st.none())
deliveries = st.tuples(st.just("deliver"), numbers, st.booleans(), disturbances)
steps = st.one_of(
    st.tuples(st.just("claim"), certificates),
    st.tuples(st.just("activate")),
    st.tuples(st.just("abandon")),
    st.tuples(st.just("connect"), connecting, disturbances),
    st.tuples(st.just("connect"), connecting, disturbances),
    st.tuples(st.just("lost_connection_event"), connecting),
    st.tuples(st.just("thing_written"), disturbances),
    st.tuples(st.just("event_again"), numbers, disturbances),
    deliveries,
    deliveries,
    st.tuples(st.just("deliver_again"), numbers, disturbances),
    st.tuples(st.just("sweep"), disturbances),
    st.tuples(st.just("operate"), actions, st.booleans()),
    st.tuples(st.just("retire"), st.booleans()),
    st.tuples(st.just("operate"), actions, st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0, LEASE + 1])),
)
beginnings = st.sampled_from([[], UP, UP[:2], REPLACED, REPLACED[:4], SUSPENDED])


def play(story, told):
    was_revoked = False
    for name, *arguments in told:
        if name == "operate":
            story.operate(arguments[0], look=arguments[1])
        elif name == "retire":
            story.retire(killed=arguments[0])
        else:
            getattr(story, name)(*arguments)
        revoked = story.world.stored().status is Status.REVOKED
        assert revoked or not was_revoked
        was_revoked = revoked


@pytest.mark.failure_mode("B14", "S1")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    policy=st.sampled_from(ReprovisionPolicy),
    confirm_by=st.sampled_from(sorted(CHECKS)),
    beginning=beginnings,
    told=st.lists(steps, min_size=1, max_size=15),
    order=st.randoms(use_true_random=False),
)
def test_the_record_takes_allowed_steps_only_and_the_certificates_follow(
    policy, confirm_by, beginning, told, order
):
    story = Story(policy, confirm_by)
    play(story, [*beginning, *told])
    status = story.world.stored().status
    story.end(order)
    assert status is not Status.REVOKED or story.world.stored().status is Status.REVOKED
    story.check()


LIVES = {
    "claimed, connected, suspended, resumed": (
        [
            *UP,
            ("operate", Action.SUSPEND, False),
            ("deliver", 1, False, None),
            ("deliver", 1, False, None),
            ("operate", Action.RESUME, False),
        ],
        Status.ACTIVE,
        {0: "ACTIVE"},
    ),
    "replaced": (
        [*UP, ("claim", 1), ("activate",), ("connect", 1, None)],
        Status.ACTIVE,
        {0: "INACTIVE", 1: "ACTIVE"},
    ),
    "suspended as it was replaced, its first certificate retired, resumed": (
        [
            *UP,
            ("claim", 1),
            ("activate",),
            ("operate", Action.SUSPEND, True),
            ("retire", True),
            ("operate", Action.RESUME, False),
        ],
        Status.PROVISIONING,
        {0: "INACTIVE", 1: "ACTIVE"},
    ),
    "released, claimed anew": (
        [*UP, ("operate", Action.RELEASE, False), ("claim", 1), ("activate",)],
        Status.PROVISIONING,
        {0: "INACTIVE", 1: "ACTIVE"},
    ),
    "revoked while AWS activates": (
        [("claim", 0), ("operate", Action.REVOKE, False), ("deliver", 1, False, None)],
        Status.REVOKED,
        {0: "REVOKED"},
    ),
    "the event of the connection is lost": (
        [("claim", 0), ("activate",), ("lost_connection_event", 0), ("wait", 0)],
        Status.ACTIVE,
        {0: "ACTIVE"},
    ),
    "nobody activates": (
        [("claim", 0), ("abandon",), ("wait", LEASE + 1), ("sweep", None)],
        Status.PROVISIONING,
        {0: "INACTIVE"},
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_life(name):
    told, status, expected = LIVES[name]
    story = Story(ReprovisionPolicy.REPLACE, "FIRST_CONNECTION")
    play(story, told)
    story.end(random.Random(0))  # noqa: S311
    story.check()
    assert story.world.stored().status is status
    found = story.world.aws.certificates
    assert found == {CERTIFICATES[each]: to for each, to in expected.items()}
