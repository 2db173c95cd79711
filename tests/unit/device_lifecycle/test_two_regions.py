"""Two Regions, one registry: the later write to a record wins, and comes to the other late.

Devices ask in both, operators act in both, the home is moved while neither hears of the other. When
all has arrived and been acted on, no serial number has two certificates that are ACTIVE, in
whichever Region, and no revocation was lost.
"""

import contextlib
import hashlib
import itertools
import ssl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_lifecycle import confirm, enforce, resolution, sweep
from device_registry.certificates import permitted
from device_registry.claim import claim_update
from device_registry.record import ReprovisionPolicy, Status, to_item
from device_registry.regions import Regions
from device_registry.transitions import Action, Change, TransitionRefusedError, transition_update
from tests.unit.builders import LEASE, claim_request, record
from tests.unit.device_lifecycle.fakes import ARN, SHARED, THING, Table, World, event
from tests.unit.device_lifecycle.memory import Memory

NAMES = ["us-east-1", "eu-west-1"]
PEMS = [ssl.DER_cert_to_PEM_cert(f"certificate {number}".encode()) for number in range(3)]
CERTIFICATES = [hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() for pem in PEMS]
SERIAL = "SN-0001"


class Replica(Table):
    """One Region's table: what is written here goes out, what comes in is taken if it is later."""

    def __init__(self, moments):
        super().__init__(Memory())
        self.moments = moments
        self.written = 0
        self.out = []

    def _write(self, serial_number, operation, arguments):
        known = len(self.stream)
        answer = super()._write(serial_number, operation, arguments)
        if len(self.stream) > known:
            self.written = next(self.moments)
            self.out.append((self.written, self.item(SERIAL)))
        return answer

    def take(self, written, item):
        if written > self.written:
            super()._write(SERIAL, self._client.put_item, {"TableName": "registry", "Item": item})
            self.written = written


class Region(World):
    """One Region of the account."""

    def __init__(self, name, moments):
        super().__init__(None, AWS_REGION=name, DEFAULT_HOME_REGION=NAMES[0], SHADOW_PARAMETERS="")
        self.table = Replica(moments)
        self.name = name
        self.aws.groups = {SHARED: []}
        self.in_flight = None
        self.acted = 0


class Fleet:
    """Two Regions and one device's serial number."""

    def __init__(self, policy):
        moments = itertools.count(1)
        self.regions = [Region(name, moments) for name in NAMES]
        first = record(reprovision_policy=policy)
        self.regions[0].table.put_item(TableName="registry", Item=to_item(first))
        self.travel(0, every=True)
        self.revoked = False
        self.released = set()

    def tick(self):
        for region in self.regions:
            region.now += 1

    def claim(self, at, number):
        region = self.regions[at]
        region.aws.certificates.setdefault(CERTIFICATES[number], "PENDING_ACTIVATION")
        request = claim_request(
            certificate_id=CERTIFICATES[number], thing_name=THING, certificate_pem=PEMS[number]
        )
        arguments = claim_update(request, region.now, LEASE, Regions(region.name, NAMES[0]))
        if self.write(region, arguments):
            region.in_flight = CERTIFICATES[number]

    def activate(self, at):
        """AWS IoT ends RegisterThing, whatever became of the record since."""
        region = self.regions[at]
        certificate, region.in_flight = region.in_flight, None
        if certificate is not None:
            principals = region.aws.things.setdefault(THING, [])
            principals.append(ARN + certificate)
            region.aws.certificates[certificate] = "ACTIVE"

    def connect(self, at, number):
        region = self.regions[at]
        if region.aws.certificates.get(CERTIFICATES[number]) == "ACTIVE":
            told = event("presence_connected", principalIdentifier=CERTIFICATES[number])
            confirm.run(told, region.config(), region.runtime())

    def operate(self, at, action):
        region = self.regions[at]
        held = region.stored()
        change = Change(by="operator", reason="r", at=region.now)
        with contextlib.suppress(TransitionRefusedError):
            done = self.write(region, transition_update(held, action, change))
            self.revoked |= done and action is Action.REVOKE
            if done and action is Action.RELEASE:
                self.released.add(held.certificate_id)

    def take_over(self, at):
        region = self.regions[at]
        self.write(
            region,
            {
                "Key": {"serialNumber": {"S": SERIAL}},
                "ConditionExpression": "attribute_exists(serialNumber)",
                "UpdateExpression": "SET homeRegion = :home",
                "ExpressionAttributeValues": {":home": {"S": region.name}},
            },
        )

    def write(self, region, arguments):
        try:
            region.table.update_item(TableName="registry", **arguments)
        except region.table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def travel(self, at, *, every):
        """What was written in a Region comes to the other: each item, or several in one."""
        table, other = self.regions[at].table, self.regions[1 - at].table
        for sent in table.out if every else table.out[-1:]:
            other.take(*sent)
        table.out.clear()

    def act(self, at):
        """The stream is read in order, each record until it is done."""
        region = self.regions[at]
        if region.acted < len(region.table.stream):
            told = {"Records": [region.table.stream[region.acted]]}
            answer = enforce.run(told, region.config(), region.runtime())
            region.acted += answer == {"batchItemFailures": []}

    def sweep(self, at):
        region = self.regions[at]
        assert sweep.run(region.config(), 3600, region.runtime()).failed == 0

    def settle(self):
        """The Regions hear of each other again, until nothing is left to be told."""
        for _ in range(50):
            quiet = True
            for at, region in enumerate(self.regions):
                quiet &= not region.table.out and region.acted == len(region.table.stream)
                self.travel(at, every=True)
                while region.acted < len(region.table.stream):
                    self.act(at)
            if quiet:
                return
        raise AssertionError("it never came to rest")

    def end(self, *, activated):
        for at in range(2):
            if activated:
                self.activate(at)
        self.settle()
        for region in self.regions:
            region.now += 61
        for at in range(2):
            self.sweep(at)
        self.settle()

    def confirm(self):
        """The device connects with its present certificate, where it can."""
        for at, region in enumerate(self.regions):
            present = region.stored().certificate_id
            if present in CERTIFICATES:
                self.connect(at, CERTIFICATES.index(present))
                self.settle()

    def on(self):
        """The certificates that are ACTIVE, in whichever Region."""
        found = [region.aws.certificates.items() for region in self.regions]
        return {each for each, status in itertools.chain(*found) if status == "ACTIVE"}

    def check(self):
        stored = [region.stored() for region in self.regions]
        assert stored[0] == stored[1]
        assert self.on() <= permitted(stored[0])
        if self.revoked:
            assert stored[0].status is Status.REVOKED
        self.confirm()
        self.check_that_what_was_released_stays_out()
        if self.regions[0].stored().status is not Status.PROVISIONING:
            assert len(self.on()) <= 1

    def check_that_what_was_released_stays_out(self):
        """Also after the end of a suspension."""
        self.tick()
        self.operate(0, Action.RESUME)
        self.settle()
        assert not self.released & (self.on() | permitted(self.regions[0].stored()))

    def check_that_it_gets_in_by_both(self):
        """Whichever Region granted it."""
        present = self.regions[0].stored().certificate_id
        for region in self.regions:
            assert region.aws.certificates[present] == "ACTIVE"
            assert ARN + present in region.aws.things[THING]


places = st.integers(0, 1)
numbers = st.sampled_from([0, 1, 2])
steps = st.one_of(
    st.tuples(st.just("claim"), places, numbers),
    st.tuples(st.just("claim"), places, numbers),
    st.tuples(st.just("activate"), places),
    st.tuples(st.just("connect"), places, numbers),
    st.tuples(st.just("operate"), places, st.sampled_from(Action)),
    st.tuples(st.just("take_over"), places),
    st.tuples(st.just("travel"), places, st.booleans()),
    st.tuples(st.just("travel"), places, st.booleans()),
    st.tuples(st.just("act"), places),
    st.tuples(st.just("act"), places),
    st.tuples(st.just("sweep"), places),
)


def play(fleet, told):
    for name, *arguments in told:
        fleet.tick()
        if name == "travel":
            fleet.travel(arguments[0], every=arguments[1])
        else:
            getattr(fleet, name)(*arguments)


@pytest.mark.failure_mode("S1")
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    policy=st.sampled_from(ReprovisionPolicy),
    told=st.lists(steps, min_size=3, max_size=20),
    activated=st.booleans(),
)
def test_two_regions_come_to_one_record_and_one_certificate(policy, told, activated):
    fleet = Fleet(policy)
    play(fleet, told)
    fleet.end(activated=activated)
    fleet.check()


BOTH_GRANT = [
    ("take_over", 1),
    ("claim", 0, 0),
    ("activate", 0),
    ("claim", 1, 1),
    ("activate", 1),
]
PROVISIONED_IN_BOTH = [
    ("claim", 0, 0),
    ("activate", 0),
    ("travel", 0, True),
    ("act", 1),
    ("act", 1),
]
LIVES = {
    "both Regions grant it": [*BOTH_GRANT],
    "both grant it and see the device": [*BOTH_GRANT, ("connect", 0, 0), ("connect", 1, 1)],
    "a revocation is undone": [
        *PROVISIONED_IN_BOTH,
        ("operate", 0, Action.REVOKE),
        ("connect", 1, 0),
    ],
    "a release is undone by a suspension": [
        *PROVISIONED_IN_BOTH,
        ("operate", 0, Action.RELEASE),
        ("operate", 1, Action.SUSPEND),
    ],
    "a release and a suspension are undone": [
        *PROVISIONED_IN_BOTH,
        ("operate", 0, Action.RELEASE),
        ("operate", 0, Action.SUSPEND),
        ("connect", 1, 0),
        ("travel", 1, True),
    ],
}


@pytest.mark.parametrize("name", LIVES)
def test_a_life_in_two_regions(name):
    fleet = Fleet(ReprovisionPolicy.NEVER)
    play(fleet, LIVES[name])
    fleet.end(activated=True)
    fleet.check()
    if not (fleet.revoked or fleet.released):
        fleet.check_that_it_gets_in_by_both()


@pytest.mark.parametrize("name", LIVES)
def test_it_takes_the_resolution(name, monkeypatch):
    monkeypatch.setattr(resolution, "resolve", lambda *_: None)
    fleet = Fleet(ReprovisionPolicy.NEVER)
    play(fleet, LIVES[name])
    fleet.end(activated=True)
    with pytest.raises(AssertionError):
        fleet.check()


def test_a_confirmation_that_a_take_over_undid_is_done_again():
    fleet = Fleet(ReprovisionPolicy.NEVER)
    play(fleet, [*PROVISIONED_IN_BOTH, ("connect", 0, 0), ("take_over", 1)])
    fleet.settle()
    (stored,) = {region.stored() for region in fleet.regions}
    assert (stored.status, stored.home_region) == (Status.ACTIVE, NAMES[1])
    assert stored.provisioned_at is not None
    fleet.check()


def test_one_home_grants_one_certificate():
    """Without a take-over no two Regions grant one serial number, however late each hears."""
    fleet = Fleet(ReprovisionPolicy.NEVER)
    play(fleet, [("claim", 1, 1), ("claim", 0, 0), ("activate", 0), ("activate", 1)])
    assert fleet.on() == {CERTIFICATES[0]}
    fleet.end(activated=True)
    fleet.check()
    assert fleet.regions[1].aws.certificates[CERTIFICATES[0]] == "ACTIVE"
