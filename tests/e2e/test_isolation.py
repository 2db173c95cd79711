"""What a device's and a claim's certificate cannot do: every attempt must fail at the endpoint."""

import datetime as dt
import secrets

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.support.capabilities import Capability, requires
from tools.device import keys
from tools.device.failures import ActionDenied, ConnectionRefused, DeviceError, NotReachable
from tools.device.model import ClientCredentials

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

TYPE = "temperature-sensor"


@pytest.fixture(scope="module")
def pair(fleet, auth_endpoint):
    """Two provisioned devices: the one that tries, and its neighbour of the same type."""
    serials = [f"SN-{secrets.token_hex(4)}" for _ in range(2)]
    fleet.enrol(*serials, device_type=TYPE)
    return [(serial, fleet.admit(serial, TYPE).thing_name) for serial in serials]


@pytest.fixture
def intruder(fleet, pair):
    """A connection of the first device under its own name."""
    serial, name = pair[0]
    with fleet.session(fleet.credentials(serial), name) as session:
        yield session


def denied(act, *arguments):
    """Whatever way the endpoint says no: a reason code, or the end of the connection."""
    with pytest.raises((ActionDenied, NotReachable)) as caught:
        act(*arguments)
    return caught.value


@pytest.mark.parametrize(
    "client_id", ["{neighbour}", "acme-other", "{own}-2", "claim-acme-factory-1"]
)
def test_a_device_connects_under_its_own_name_only(fleet, pair, client_id):
    (serial, own), (_, neighbour) = pair
    wanted = client_id.format(own=own, neighbour=neighbour)
    with pytest.raises(ConnectionRefused), fleet.session(fleet.credentials(serial), wanted):
        pass


OTHERS_TOPICS = [
    "acme/temperature-sensor/{neighbour}/telemetry/temperature",
    "acme/temperature-sensor/{neighbour}/status",
    "acme/gateway/{own}/status",
    "acme/temperature-sensor/{own}/telemetry/humidity",
    "acme/temperature-sensor/{own}/config/interval",
    "$aws/things/{neighbour}/shadow/update",
    "$aws/things/{neighbour}/jobs/get",
    "$aws/certificates/create/json",
    "$aws/provisioning-templates/acme-factory/provision/json",
    "anything",
]


@pytest.mark.parametrize("topic", OTHERS_TOPICS)
def test_a_device_publishes_on_nobody_elses_topics(pair, intruder, topic):
    (_, own), (_, neighbour) = pair
    denied(intruder.publish, topic.format(own=own, neighbour=neighbour), b"{}")


OTHERS_FILTERS = [
    "#",
    "+/+/+/status",
    "$aws/things/+/shadow/#",
    "acme/temperature-sensor/+/config/#",
    "acme/temperature-sensor/{neighbour}/config/#",
    "$aws/things/{neighbour}/shadow/update/delta",
]


@pytest.mark.parametrize("topic_filter", OTHERS_FILTERS)
def test_a_device_listens_to_nobody_else(pair, intruder, topic_filter):
    (_, own), (_, neighbour) = pair
    denied(intruder.subscribe, topic_filter.format(own=own, neighbour=neighbour))


def test_what_is_refused_to_others_is_allowed_to_oneself(pair, intruder):
    """Else the tests above would pass with a device that may do nothing."""
    _, own = pair[0]
    intruder.subscribe(f"acme/temperature-sensor/{own}/config/#")
    intruder.subscribe(f"$aws/things/{own}/shadow/update/delta")
    intruder.publish(f"acme/temperature-sensor/{own}/telemetry/temperature", b"{}")
    intruder.publish(f"$aws/things/{own}/shadow/update", b'{"state":{"reported":{"a":1}}}')


def test_a_certificate_on_its_way_cannot_connect(fleet, serial_number):
    """A certificate that RegisterThing never accepted is good for nothing."""
    claim = fleet.claims["line-1"].credentials()
    with fleet.session(claim, f"claim-acme-factory-{serial_number}") as session:
        issued = session.create_keys_and_certificate()
    credentials = ClientCredentials(issued.certificate_pem, issued.private_key_pem)
    with (
        pytest.raises(ConnectionRefused),
        fleet.session(credentials, f"acme-{serial_number}"),
    ):
        pass


@pytest.mark.parametrize(
    "client_id", ["{neighbour}", "acme-anything", "claim-acme-field-service-1"]
)
def test_a_claim_certificate_connects_as_a_claim_only(fleet, pair, client_id):
    """S9: it could throw devices off by taking their client ids."""
    wanted = client_id.format(neighbour=pair[1][1])
    with (
        pytest.raises(ConnectionRefused),
        fleet.session(fleet.claims["line-1"].credentials(), wanted),
    ):
        pass


@pytest.mark.parametrize(
    "topic",
    [
        "acme/temperature-sensor/{neighbour}/status",
        "$aws/things/{neighbour}/shadow/update",
        "$aws/provisioning-templates/acme-field-service/provision/json",
    ],
)
def test_a_claim_certificate_is_for_its_template_only(fleet, pair, serial_number, topic):
    claim = fleet.claims["line-1"].credentials()
    with fleet.session(claim, f"claim-acme-factory-{serial_number}") as session:
        denied(session.publish, topic.format(neighbour=pair[1][1]), b"{}")


@pytest.mark.parametrize("topic_filter", ["#", "$aws/provisioning-templates/#"])
def test_a_claim_certificate_hears_its_own_answers_only(fleet, serial_number, topic_filter):
    claim = fleet.claims["line-1"].credentials()
    with fleet.session(claim, f"claim-acme-factory-{serial_number}") as session:
        denied(session.subscribe, topic_filter)


def test_an_unknown_certificate_cannot_connect(fleet):
    """One that another authority signed, with a claim's client id."""
    credentials = self_signed()
    with (
        pytest.raises(DeviceError),
        fleet.session(credentials, "claim-acme-factory-stranger"),
    ):
        pass


def self_signed():
    """A certificate that nobody but its owner vouches for."""
    pem = keys.new_private_key()
    key = serialization.load_pem_private_key(pem.encode(), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return ClientCredentials(text, pem)
