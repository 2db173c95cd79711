"""A standing device notices that its connection is lost, and finds another by itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.device.fakes import CLAIM, FakeRegion, FakeTime
from tools.device.failover import Failover, Way
from tools.device.failures import ActionDenied, ConnectionRefused, NotReachable
from tools.device.model import DeviceSpec
from tools.device.provisioner import RetryPolicy
from tools.device.standing import PERSISTENT, Heartbeat, StandingDevice
from tools.device.state import Identity

IDENTITY = Identity("a" * 64, CLAIM, thing_name="acme-SN-1", confirmed=True)
DOWN = 100.0, 200.0
HEARTBEAT, TIMEOUT = 30.0, 5.0
# After it noticed: its jitter, and the endpoint that is down costs a timeout.
AT_MOST = PERSISTENT.first_delay + TIMEOUT


@pytest.fixture
def clock():
    return FakeTime(0.0)


def standing(*regions, clock, lines=None, return_after=900.0, **options):
    ways = [Way(name, region) for name, region in zip("abc", regions, strict=False)]
    return StandingDevice(
        DeviceSpec("SN-1", "temperature"),
        IDENTITY,
        Failover(ways, return_after=return_after, clock=clock),
        Heartbeat(seconds=HEARTBEAT),
        report=[].append if lines is None else lines.append,
        clock=clock,
        sleep=clock.sleep,
        **options,
    )


def test_it_publishes_heartbeats_until_its_time_is_over(clock):
    region, lines = FakeRegion(clock), []
    standing(region, clock=clock, lines=lines).stay(100)
    (session,) = region.sessions
    assert session.published == ["$aws/things/acme-SN-1/shadow/update"] * 4
    assert session.closed
    assert clock() == pytest.approx(100, abs=1)
    assert lines == ["acme-SN-1 is connected to a."]


@pytest.mark.parametrize(
    ("silently", "noticed"), [(False, 0.0), (True, HEARTBEAT + TIMEOUT)], ids=["loud", "silent"]
)
def test_it_fails_over_when_its_line_is_cut(clock, silently, noticed):
    lines = []
    first = FakeRegion(clock, (DOWN,), TIMEOUT, silently)
    second = FakeRegion(clock)
    device = standing(first, second, clock=clock, lines=lines)
    device.stay(DOWN[0] + noticed + AT_MOST + 1)
    (loss,) = device.losses
    assert (loss.lost, loss.back) == ("a", "b")
    assert loss.seconds <= AT_MOST
    assert first.sessions[0].closed
    assert second.sessions[0].published
    assert lines[1].startswith("Lost a")
    assert lines[2] == f"Back through b after {loss.seconds:.1f} s."


def test_it_returns_to_its_first_endpoint_before_it_leaves_the_other(clock):
    lines = []
    first, second = FakeRegion(clock, (DOWN,), TIMEOUT), FakeRegion(clock)
    standing(first, second, clock=clock, lines=lines, return_after=300).stay(600)
    assert lines[-1] == "Returned to a."
    assert second.sessions[0].closed
    assert len(first.sessions[-1].published) > 1


def test_it_goes_on_until_some_endpoint_serves(clock):
    regions = [FakeRegion(clock, (DOWN,), TIMEOUT) for _ in range(2)]
    device = standing(*regions, clock=clock)
    device.stay(400)
    (loss,) = device.losses
    assert loss.seconds >= DOWN[1] - DOWN[0]


def test_its_time_may_be_over_while_it_has_no_connection(clock):
    region = FakeRegion(clock, ((100.0, 1e9),), TIMEOUT)
    long_waits = replace(PERSISTENT, first_delay=500.0, max_delay=500.0)
    device = standing(region, clock=clock, retry=long_waits)
    device.stay(300)
    assert device.losses == []
    assert clock() == pytest.approx(300, abs=TIMEOUT)


def test_it_can_be_stopped(clock):
    region = FakeRegion(clock)
    device = standing(region, clock=clock)
    device.report = lambda line: device.stop()
    device.stay()
    assert region.sessions[0].closed
    assert device.connected_to is None


def test_a_short_policy_ends_it(clock):
    region = FakeRegion(clock, ((100.0, 1e9),), TIMEOUT)
    device = standing(region, clock=clock, retry=RetryPolicy(attempts=3))
    with pytest.raises(NotReachable):
        device.stay()
    assert region.tries == 1 + 3


def test_what_no_further_try_can_cure_ends_it(clock):
    region = FakeRegion(clock)
    device = standing(region, clock=clock)
    region.refusal = ConnectionRefused("acme-SN-1", "MQTT reason code 135", explicit=True)
    with pytest.raises(ConnectionRefused):
        device.stay()
    region.refusal = None

    def forbid(_):
        region.refusal = ActionDenied("publish on", "topic", "MQTT reason code 135")

    device.report = forbid
    with pytest.raises(ActionDenied):
        device.stay()
    assert region.sessions[-1].closed


def test_a_device_without_an_identity_cannot_stay(clock):
    with pytest.raises(ValueError, match="is not registered"):
        replace(standing(FakeRegion(clock), clock=clock), identity=Identity("a", CLAIM))


@given(
    start=st.floats(1, 200),
    timeout=st.floats(0.1, 30),
    heartbeat=st.floats(1, 60),
    silently=st.booleans(),
)
def test_a_lost_region_costs_one_heartbeat_two_timeouts_and_the_first_jitter(
    start, timeout, heartbeat, silently
):
    clock = FakeTime(0.0)
    first = FakeRegion(clock, ((start, 1e9),), timeout, silently)
    second = FakeRegion(clock)
    device = standing(first, second, clock=clock)
    device.heartbeat = Heartbeat(seconds=heartbeat)
    limit = heartbeat + 2 * timeout + PERSISTENT.first_delay
    device.stay(start + limit + 1)
    (loss,) = device.losses
    assert loss.back == "b"
    assert loss.seconds <= PERSISTENT.first_delay + timeout + 1e-6


def test_a_standing_device_does_not_give_up_within_a_lifetime():
    centuries = PERSISTENT.attempts * PERSISTENT.max_delay / (100 * 365 * 24 * 3600)
    assert PERSISTENT.deadline == float("inf")
    assert centuries > 1
