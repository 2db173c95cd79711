"""Endpoints are tried in order, and a device is back within its retry policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.device.fakes import CLAIM, FakeRegion, FakeTime
from tools.device.failover import Failover, Memory, Way, configured_names, order
from tools.device.failures import ConnectionRefused, NotReachable
from tools.device.provisioner import RetryPolicy, quiet

REFUSED = ConnectionRefused("SN-1", "MQTT reason code 135", explicit=True)


@pytest.fixture
def clock():
    return FakeTime(0.0)


def failover(*regions, clock, **options):
    names = "abcdefgh"
    ways = [Way(name, region) for name, region in zip(names, regions, strict=False)]
    return Failover(ways, clock=clock, **options)


@pytest.mark.parametrize(
    ("configuration", "names"),
    [
        ({}, ()),
        ({"mqttEndpoints": "a.example"}, ("a.example",)),
        ({"mqttEndpoints": " a.example, b.example ,"}, ("a.example", "b.example")),
        ({"mqttEndpoints": "b,a,b"}, ("b", "a")),
        ({"mqttEndpoints": ["a"]}, ()),
        ({"mqttEndpoints": ""}, ()),
    ],
)
def test_the_configuration_names_endpoints_in_order(configuration, names):
    assert configured_names(configuration) == names


@pytest.mark.parametrize(
    ("memory", "now", "places"),
    [
        (Memory(), 0, (0, 1, 2)),
        (Memory(2, since=100), 100, (2, 0, 1)),
        (Memory(2, since=100), 159, (2, 0, 1)),
        (Memory(2, since=100), 160, (0, 1, 2)),
        (Memory(0, since=100), 500, (0, 1, 2)),
    ],
)
def test_the_last_good_one_comes_first_for_a_while(memory, now, places):
    assert order(3, memory, now, return_after=60) == places


def test_the_next_endpoint_serves_when_one_does_not(clock):
    lines = []
    down, up = FakeRegion(clock, ((0, 100),)), FakeRegion(clock)
    ways = failover(down, up, clock=clock, report=lines.append)
    assert ways.connect(CLAIM, "SN-1") is up.sessions[0]
    assert ways.current == "b"
    assert lines == ["a does not serve: " + str(NotReachable("region", "down"))]
    ways.connect(CLAIM, "SN-1")
    assert down.tries == 1, "the last good one comes first"


def test_the_first_is_preferred_again_after_a_time(clock):
    first, second = FakeRegion(clock, ((0, 10),)), FakeRegion(clock)
    ways = failover(first, second, clock=clock, return_after=60)
    ways.connect(CLAIM, "SN-1")
    assert ways.return_to_first(CLAIM, "SN-1") is None
    clock.now += 60
    assert ways.return_to_first(CLAIM, "SN-1") is first.sessions[0]
    assert ways.current == "a"
    assert ways.return_to_first(CLAIM, "SN-1") is None


@pytest.mark.parametrize("again", ["connect", "return_to_first"])
def test_a_first_that_is_still_down_is_left_alone_for_as_long_again(clock, again):
    first, second = FakeRegion(clock, ((0, 1000),)), FakeRegion(clock)
    ways = failover(first, second, clock=clock, return_after=60)
    ways.connect(CLAIM, "SN-1")
    clock.now += 60
    for _ in range(3):
        getattr(ways, again)(CLAIM, "SN-1")
    assert first.tries == 2
    assert ways.current == "b"


def test_a_round_that_another_may_cure_is_told_as_such(clock):
    refusing, down = FakeRegion(clock, refusal=REFUSED), FakeRegion(clock, ((0, 100),))
    with pytest.raises(NotReachable):
        failover(refusing, down, clock=clock).connect(CLAIM, "SN-1")
    with pytest.raises(ConnectionRefused):
        failover(refusing, refusing, clock=clock).connect(CLAIM, "SN-1")


def test_with_one_endpoint_there_is_nothing_to_say(clock):
    lines = []
    down = FakeRegion(clock, ((0, 100),))
    with pytest.raises(NotReachable):
        failover(down, clock=clock, report=lines.append).connect(CLAIM, "SN-1")
    assert lines == []


OUTAGES = st.lists(st.floats(0, 60), min_size=1, max_size=5)


@given(
    ends=OUTAGES,
    timeout=st.floats(0.01, 35),
    first_delay=st.floats(1, 5),
    max_delay=st.floats(1, 30),
)
def test_a_device_is_back_one_wait_and_one_round_after_any_endpoint_serves(
    ends, timeout, first_delay, max_delay
):
    clock = FakeTime(0.0)
    regions = [FakeRegion(clock, ((0, end),), timeout) for end in ends]
    policy = RetryPolicy(100_000, first_delay, max_delay, deadline=float("inf"))
    retrying = policy.retrying(lambda error: isinstance(error, NotReachable), quiet, clock.sleep)
    retrying(failover(*regions, clock=clock).connect, CLAIM, "SN-1")
    # The round that was under way, and the next one.
    rounds = 2 * len(ends) * timeout
    assert clock() <= min(ends) + max_delay + rounds
