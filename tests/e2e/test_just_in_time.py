"""Sensors that come up by a template, because their maker's CA is registered: and who does not.

Real connections with the makers' certificates; IAM and IoT policies are enforced.
"""

import contextlib
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from tests.e2e.just_in_time import (
    GATEWAYS,
    SENSOR,
    SENSORS,
)
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client, new_account
from tests.support.terraform import ROOT
from tools.device.failures import ActionDenied, ConnectionRefused, NotReachable
from tools.device.maker import Maker, key_to_pem
from tools.device.model import Greeting

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

OWN_TOPICS = Greeting(
    publish=(
        "acme/temperature-sensor/{thing}/telemetry/temperature",
        "$aws/things/{thing}/shadow/update",
    ),
    subscribe=(
        "acme/temperature-sensor/{thing}/config/#",
        "$aws/things/{thing}/shadow/update/accepted",
    ),
    listen_seconds=0.5,
)


@pytest.fixture(scope="module")
def pair(just_in_time):
    """Two sensors that came up: the one that tries, and its neighbour of the same type."""
    devices = just_in_time.sensor(), just_in_time.sensor()
    for device in devices:
        just_in_time.admit(device)
    return devices


@pytest.fixture(scope="module")
def gateway(just_in_time):
    """A gateway that came up through its gate."""
    device = just_in_time.enrolled_gateway()
    just_in_time.admit(device)
    just_in_time.in_service(device.serial_number)
    return device


def left_pending(stack, device):
    """A device is turned away, and its certificate waits for ever."""
    assert not stack.turned_away(device).unheard
    assert stack.status(device) == "PENDING_ACTIVATION"


# --- who comes up


@pytest.mark.parametrize("country", ["DE", "FR"])
def test_a_sensor_comes_up(just_in_time, country):
    device = just_in_time.sensor(Country=country)
    result = just_in_time.admit(device, device_type=SENSOR, greeting=OWN_TOPICS)
    # AWS IoT drops the first connection, while it provisions the device.
    assert result.attempts >= 2
    assert result.certificate_id == device.certificate_id
    assert len(result.published) == 2
    assert [message.topic for message in result.messages] == [
        f"$aws/things/{device.thing_name}/shadow/update/accepted"
    ]

    found = just_in_time.everything(device)
    assert found["certificate"]["status"] == "ACTIVE"
    assert found["certificate"]["caCertificateId"] == just_in_time.ca(SENSORS)["certificate_id"]
    assert found["principals"] == [device.certificate_id]
    assert found["policies"] == ["acme-temperature-sensor"]
    assert found["groups"] == {"acme-temperature-sensor", country}
    assert found["thing"]["thingTypeName"] == "acme-temperature-sensor"
    assert found["thing"]["attributes"] == {
        "serialNumber": device.serial_number,
        "country": country,
        "line": "northwind",
    }

    assert just_in_time.admit(device).attempts == 1
    assert just_in_time.everything(device) == found


def test_a_certificate_that_lacks_a_declared_field(just_in_time):
    device = just_in_time.sensor(Country=None)
    left_pending(just_in_time, device)
    assert not just_in_time.has_thing(device)


def test_a_group_that_the_role_may_not_fill(just_in_time):
    """Even one that exists: the subject names what it likes, the role says which there may be."""
    just_in_time.client("iot").create_thing_group(thingGroupName="IT")
    device = just_in_time.sensor(Country="IT")
    left_pending(just_in_time, device)
    if just_in_time.has_thing(device):
        assert just_in_time.principals(device.thing_name) == []
        assert "IT" not in just_in_time.groups(device.thing_name)


# --- what a sensor may do


@pytest.mark.parametrize("client_id", ["{neighbour}", "{gateway}", "{own}-2", "acme-sensor-other"])
def test_a_sensor_connects_under_its_own_name_only(just_in_time, pair, gateway, client_id):
    own, neighbour = pair
    wanted = client_id.format(
        own=own.thing_name, neighbour=neighbour.thing_name, gateway=gateway.thing_name
    )
    with pytest.raises(ConnectionRefused) as refusal:
        just_in_time.own_name.connect(own.credentials, wanted)
    assert refusal.value.explicit
    just_in_time.own_name.connect(own.credentials, own.thing_name).close()


@pytest.mark.parametrize(
    "topic",
    [
        "acme/temperature-sensor/{neighbour}/telemetry/temperature",
        "acme/temperature-sensor/{own}/config/interval",
        "acme/gateway/{own}/status",
        "$aws/things/{neighbour}/shadow/update",
        "$aws/events/certificates/registered/{ca}",
        "anything",
    ],
)
def test_a_sensor_publishes_on_nobody_elses_topics(just_in_time, pair, topic):
    own, neighbour = pair
    wanted = topic.format(
        own=own.thing_name,
        neighbour=neighbour.thing_name,
        ca=just_in_time.ca(GATEWAYS)["certificate_id"],
    )
    allowed = f"acme/temperature-sensor/{own.thing_name}/telemetry/temperature"
    with connected(just_in_time, own) as session:
        session.publish(allowed, b"{}")
        with pytest.raises((ActionDenied, NotReachable)):
            session.publish(wanted, b"{}")


@pytest.mark.parametrize(
    "topic_filter",
    [
        "#",
        "$aws/events/#",
        "acme/temperature-sensor/+/config/#",
        "acme/temperature-sensor/{neighbour}/config/#",
        "$aws/things/{neighbour}/shadow/update/delta",
    ],
)
def test_a_sensor_listens_to_nobody_else(just_in_time, pair, topic_filter):
    own, neighbour = pair
    with connected(just_in_time, own) as session:
        session.subscribe(f"acme/temperature-sensor/{own.thing_name}/config/#")
        with pytest.raises((ActionDenied, NotReachable)):
            session.subscribe(topic_filter.format(neighbour=neighbour.thing_name))


def connected(stack, device):
    return contextlib.closing(stack.own_name.connect(device.credentials, device.thing_name))


# --- CAs


@pytest.mark.parametrize(
    ("change", "usually"),
    [
        ({"newAutoRegistrationStatus": "DISABLE"}, {"newAutoRegistrationStatus": "ENABLE"}),
        ({"newStatus": "INACTIVE"}, {"newStatus": "ACTIVE"}),
    ],
    ids=["no automatic registration", "inactive"],
)
def test_a_ca_switched_off_keeps_out_new_devices_and_stops_no_other(
    just_in_time, pair, change, usually
):
    device = just_in_time.sensor()
    with just_in_time.ca_with(SENSORS, usually=usually, **change):
        just_in_time.turned_away(device)
        assert just_in_time.status(device) is None
        assert just_in_time.admit(pair[0]).attempts == 1
    just_in_time.admit(device)
    assert just_in_time.status(device) == "ACTIVE"


@pytest.mark.failure_mode("P20")
def test_one_ca_in_two_accounts_and_each_device_lands_where_it_was_sent(just_in_time, elsewhere):
    ca_id = just_in_time.ca(SENSORS)["certificate_id"]
    for home, other in ((just_in_time, elsewhere), (elsewhere, just_in_time)):
        assert home.ca(SENSORS)["certificate_id"] == ca_id
        device = home.sensor()
        home.admit(device)
        assert (home.status(device), other.status(device)) == ("ACTIVE", None)
        assert (home.has_thing(device), other.has_thing(device)) == (True, False)


@pytest.mark.failure_mode("P9")
def test_the_tools_verification_certificate_is_good_for_its_account_only(auth_endpoint, tmp_path):
    """The CA's key stays with the operator; AWS IoT gets what it signed."""
    home, elsewhere = new_account(auth_endpoint), new_account(auth_endpoint)
    maker = Maker({"CommonName": "Careful maker"})
    (tmp_path / "ca.pem").write_text(maker.certificate_pem)
    (tmp_path / "ca.key.pem").write_text(key_to_pem(maker.key))
    command = [sys.executable, "-m", "tools", "ca", "verification-certificate"]
    command += ["--ca-certificate", tmp_path / "ca.pem"]
    done = subprocess.run(
        [*command, *("--ca-key", tmp_path / "ca.key.pem", "--out", tmp_path / "verification.pem")],
        cwd=ROOT,
        env=home.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    proof = (tmp_path / "verification.pem").read_text()

    def register(account):
        return client(account, "iot").register_ca_certificate(
            caCertificate=maker.certificate_pem, verificationCertificate=proof, setAsActive=True
        )

    with pytest.raises(ClientError, match="RegistrationCodeValidationException"):
        register(elsewhere)
    assert register(home)["certificateId"]
