"""A device that two Regions know stays connected when its first Region is lost.

Its certificate is registered in the second Region by hand here: what does so by itself is shown
elsewhere.
"""

import threading
import time

import pytest

from tests.e2e.places import FIRST, SECOND, Place, fingerprint
from tests.support.lines import Line
from tools.device.failover import Failover, Way
from tools.device.maker import Maker
from tools.device.model import DeviceSpec
from tools.device.session import Timeouts
from tools.device.standing import PERSISTENT, Heartbeat, StandingDevice
from tools.device.state import Identity

pytestmark = pytest.mark.endpoint

THING = "device"
TIMEOUTS = Timeouts(socket=1.0, connection=2.0, answer=2, disconnection=1.0)
HEARTBEAT = Heartbeat(seconds=0.5)
RETURN_AFTER = 2.0
# From the moment the device notices: its goodbye, its jitter, the endpoint that is down, and the
# handshake with the other one.
AT_MOST = TIMEOUTS.disconnection + PERSISTENT.first_delay + TIMEOUTS.connection + 5.0


@pytest.fixture
def lines(auth_endpoint):
    """One for each Region."""
    host, port = auth_endpoint.mqtt_host, auth_endpoint.mqtt_port
    with Line(host, port) as first, Line(host, port) as second:
        yield first, second


@pytest.fixture
def device(auth_endpoint, auth_account, lines):
    """A standing device in a thread of its own, connected to its first Region."""
    credentials = Maker({"CommonName": "Maker"}).device({"CommonName": THING})
    places = [Place(auth_account, region) for region in (FIRST, SECOND)]
    ways = []
    for place, line in zip(places, lines, strict=True):
        place.register(credentials)
        transport = line.transport(place.name, auth_endpoint.ca_file, TIMEOUTS)
        ways.append(Way(place.endpoint.region, transport))
    identity = Identity(fingerprint(credentials), credentials, thing_name=THING, confirmed=True)
    device = StandingDevice(
        DeviceSpec(THING, "sensor"),
        identity,
        Failover(ways, return_after=RETURN_AFTER),
        HEARTBEAT,
        report=lambda line: print(f"{time.monotonic():.2f} {line}"),
    )
    thread = threading.Thread(target=device.stay)
    thread.start()
    is_connected(device, FIRST, seconds=AT_MOST)
    yield device
    device.stop()
    thread.join()
    for way in ways:
        way.transport.close()


def is_connected(device, region, seconds):
    deadline = time.monotonic() + seconds
    while device.connected_to != region:
        assert time.monotonic() < deadline, f"connected to {device.connected_to}, not {region}"
        time.sleep(0.05)


@pytest.mark.parametrize("silently", [False, True], ids=["loud", "silent"])
def test_a_device_is_back_through_its_second_region(device, lines, silently):
    first, _ = lines
    notices = HEARTBEAT.seconds + TIMEOUTS.answer + 1 if silently else 0
    first.cut(silently=silently)
    is_connected(device, SECOND, seconds=notices + AT_MOST)
    (loss,) = device.losses
    assert (loss.lost, loss.back) == (FIRST, SECOND)
    assert loss.seconds <= AT_MOST
    first.heal()
    is_connected(device, FIRST, seconds=RETURN_AFTER + HEARTBEAT.seconds + AT_MOST)
    assert device.losses == [loss], "it returns without a gap"
