"""When its first Region is lost, a device comes back, or provisions itself, through its second.

A certificate is registered in the second Region by hand here, and no hook decides: what does so in
a fleet is shown elsewhere.
"""

import json
import threading
import time

import pytest

from tests.e2e.places import FIRST, POLICY, SECOND, TRUST, Place, fingerprint
from tests.support.endpoint import client
from tests.support.lines import Line
from tests.support.waiting import until
from tools.device.claims import TrustedUserClaim
from tools.device.failover import Failover, Way
from tools.device.maker import Maker
from tools.device.model import DeviceSpec, KeyFlow
from tools.device.provisioner import Place as ClaimPlace
from tools.device.provisioner import Provisioner
from tools.device.session import Timeouts
from tools.device.standing import PERSISTENT, Heartbeat, StandingDevice
from tools.device.state import Identity
from tools.device.store import EndpointStore

pytestmark = pytest.mark.endpoint

THING = "device"
TIMEOUTS = Timeouts(socket=1.0, connection=2.0, answer=2, disconnection=1.0)
HEARTBEAT = Heartbeat(seconds=0.5)
RETURN_AFTER = 2.0
TEMPLATE_NAME = "devices"
TEMPLATE = {
    "Parameters": {
        "AWS::IoT::Certificate::Id": {"Type": "String"},
        "SerialNumber": {"Type": "String"},
    },
    "Resources": {
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {
                "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
                "Status": "Active",
            },
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "all"}},
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {"ThingName": {"Ref": "SerialNumber"}},
        },
    },
}
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
    until(lambda: device.connected_to == region, seconds, pause=0.05)


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


@pytest.fixture
def fleet_places(auth_endpoint, auth_account):
    """Both Regions, with a template each by which devices provision themselves."""
    role = client(auth_account, "iam").create_role(
        RoleName="provision", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]
    client(auth_account, "iam").put_role_policy(
        RoleName="provision", PolicyName="all", PolicyDocument=json.dumps(POLICY)
    )
    places = [Place(auth_account, region) for region in (FIRST, SECOND)]
    for place in places:
        place.iot.create_provisioning_template(
            templateName=TEMPLATE_NAME,
            templateBody=json.dumps(TEMPLATE),
            provisioningRoleArn=role["Arn"],
            enabled=True,
        )
    return places


def test_a_new_device_provisions_itself_in_the_second_region(
    auth_endpoint, fleet_places, lines, tmp_path
):
    transports = [
        line.transport(place.name, auth_endpoint.ca_file, TIMEOUTS)
        for place, line in zip(fleet_places, lines, strict=True)
    ]
    first, second = (
        ClaimPlace(
            transport,
            TrustedUserClaim(place.iot, TEMPLATE_NAME),
            EndpointStore(tmp_path, place.name),
        )
        for place, transport in zip(fleet_places, transports, strict=True)
    )
    lines[0].cut()
    result = Provisioner(
        transport=first.transport,
        template_name=TEMPLATE_NAME,
        claim=first.claim,
        store=first.store,
        key_flow=KeyFlow.KEYS,
        elsewhere=(second,),
    ).provision(DeviceSpec("SN-1", "sensor"))
    identity = first.store.load("SN-1")
    assert identity.certificate_id == result.certificate_id
    here, there = (place.status(identity.credentials) for place in fleet_places)
    assert (here, there) == (None, "ACTIVE")
    assert result.attempts == 2
    for transport in transports:
        transport.close()
