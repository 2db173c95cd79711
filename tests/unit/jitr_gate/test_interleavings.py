"""Many runs for one certificate at the same time, and an operator among them, in every order.

Each takes one turn at a time: a call to AWS. Which one is next is drawn anew for every schedule.
"""

import random
import threading
import time
from contextlib import contextmanager

import pytest

from device_registry.reasons import Denial, Grant
from device_registry.record import Status
from device_registry.transitions import Action
from jitr_gate import gate
from jitr_gate.request import Reason
from tests.unit.builders import CERTIFICATE
from tests.unit.jitr_gate.fakes import GATE_ENVIRONMENT, SHARED, THING, arn, clients, registered
from tools.registry.operate import operate
from tools.registry.table import RegistryTable

SCHEDULES = 25


class Turns:
    """Lets one of several threads run until its next call, then another."""

    def __init__(self, seed):
        self._random = random.Random(seed)  # noqa: S311
        self._ready = threading.Semaphore(0)
        self._waiting = {}
        self._own = threading.local()

    def pause(self, _=None):
        turn = getattr(self._own, "turn", None)
        if turn is not None:
            self._ready.release()
            turn.acquire()

    def run(self, actors):
        results = [None] * len(actors)
        alive = {}

        def act(number, actor, turn):
            self._own.turn = turn
            turn.acquire()
            try:
                results[number] = actor()
            finally:
                del alive[number]
                self._ready.release()

        for number, actor in enumerate(actors):
            turn = alive[number] = threading.Semaphore(0)
            threading.Thread(target=act, args=(number, actor, turn), daemon=True).start()
        while alive:
            alive[self._random.choice(sorted(alive))].release()
            self._ready.acquire()
        return results


class PausingTable:
    """A table client that takes a turn with every call."""

    def __init__(self, client, pause):
        self._client, self._pause = client, pause

    def __getattr__(self, name):
        member = getattr(self._client, name)
        if not callable(member):
            return member

        def call(**arguments):
            self._pause()
            return member(**arguments)

        return call


@contextmanager
def taking_turns(world, seed):
    turns = Turns(seed)
    world.aws.before = world.claims.before = turns.pause
    yield turns
    world.aws.before = world.claims.before = lambda _: None


def runs(world, count):
    made = clients(world.aws)

    def one():
        return gate.run(registered(), GATE_ENVIRONMENT, made, world.claims, time.time())

    return [one] * count


def settle(world):
    """The device connects again until nothing is left to do."""
    return world.run().verdict


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_runs_at_the_same_time_make_one_of_everything(world, seed):
    world = world()
    with taking_turns(world, seed) as turns:
        outcomes = turns.run(runs(world, 4))
    verdicts = [outcome.verdict for outcome in outcomes]
    assert verdicts.count(Grant.FIRST_CLAIM) == 1
    assert set(verdicts) <= {Grant.FIRST_CLAIM, Grant.REPEAT, Reason.NOT_PENDING}
    assert world.aws.status == "ACTIVE"
    assert world.aws.things[THING]["version"] == 1
    assert world.aws.things[THING]["principals"] == [arn(CERTIFICATE)]
    assert world.aws.groups == {SHARED: [THING]}
    assert world.aws.certificates[CERTIFICATE]["policies"] == [SHARED]
    assert sorted(world.aws.writes) == [
        "AddThingToThingGroup",
        "AttachPolicy",
        "AttachThingPrincipal",
        "CreateThing",
        "UpdateCertificate",
    ]
    assert world.stored().provision_count == 1
    assert settle(world) is Reason.NOT_PENDING


def test_a_hundred_runs_at_the_same_time(world):
    world = world()
    with taking_turns(world, 0) as turns:
        verdicts = [outcome.verdict for outcome in turns.run(runs(world, 100))]
    assert verdicts.count(Grant.FIRST_CLAIM) == 1
    assert len(world.aws.writes) == 5
    assert world.stored().provision_count == 1


@pytest.mark.parametrize("refused_status", ["INACTIVE", "REVOKED"])
@pytest.mark.parametrize("seed", range(20))
def test_strangers_at_the_same_time_are_refused_once(world, seed, refused_status):
    world = world()
    world.forget()
    with taking_turns(world, seed) as turns:
        verdicts = {outcome.verdict for outcome in turns.run(runs(world, 4))}
    assert verdicts <= {Denial.UNKNOWN_SERIAL, Reason.NOT_PENDING}
    assert world.aws.status == "INACTIVE"
    assert world.aws.writes == ["UpdateCertificate"]
    assert world.aws.things == {}


CLOSED = {Action.SUSPEND: Status.SUSPENDED, Action.REVOKE: Status.REVOKED}


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.REVOKE, Action.RELEASE])
@pytest.mark.parametrize("count", [1, 3])
def test_a_device_that_an_operator_cuts_off_meanwhile_is_out_in_the_end(
    world, registry, action, count
):
    build = world
    seen = set()
    for seed in range(SCHEDULES):
        world = build()
        world.enrol()
        with taking_turns(world, seed) as turns:
            table = RegistryTable(PausingTable(registry, turns.pause), "registry")
            iot = clients(world.aws).iot()

            def cut_off(table=table, iot=iot, sleep=turns.pause):
                return operate(table, iot, "SN-0001", action, by="op", reason="r", sleep=sleep)

            *outcomes, report = turns.run([*runs(world, count), cut_off])
        seen |= {outcome.verdict for outcome in outcomes}
        if action in CLOSED:
            assert world.stored().status is CLOSED[action]
            assert world.aws.status in {"INACTIVE", "REVOKED"}, seed
        elif report.ok and world.stored().certificate_id is None:
            assert world.aws.status == "INACTIVE", seed
    assert seen & {Grant.FIRST_CLAIM, Grant.REPEAT}
    if action in CLOSED:
        assert Denial(CLOSED[action].value) in seen
