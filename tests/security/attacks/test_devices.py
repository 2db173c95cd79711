"""What a device's certificate cannot do to its neighbour, or with a certificate of no device."""

import datetime as dt
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires
from tools.device import keys
from tools.device.failures import ActionDenied
from tools.device.model import ClientCredentials

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

# Longer than an answer takes that is not to come.
LISTEN_SECONDS = 0.5


def connect(stack, credentials, client_id):
    stack.transport.connect(credentials, client_id).close()


@against(Protection.DEVICE_CLIENT_ID)
def test_a_device_connects_as_another_that_is_connected(guarded, pair, neighbour):
    refused(connect, guarded, guarded.credentials(pair[0][0]), neighbour.name)
    held(neighbour.undisturbed, "the neighbour was thrown off")


@against(Protection.DEVICE_CLIENT_ID)
@pytest.mark.parametrize(
    "client_id", ["{prefix}-other", "{own}-2", "claim-{prefix}-factory-1", "somebody"]
)
def test_a_device_connects_under_a_name_that_is_not_its_own(guarded, pair, names, client_id):
    refused(connect, guarded, guarded.credentials(pair[0][0]), client_id.format(**names))


@against(Protection.DEVICE_CLIENT_ID)
def test_a_certificate_that_was_taken_off_its_thing_connects(guarded, pair):
    serial_number, name = pair[0]
    iot, attachment = guarded.client("iot"), {"thingName": name}
    attachment["principal"] = iot.list_thing_principals(thingName=name)["principals"][0]
    iot.detach_thing_principal(**attachment)
    try:
        refused(connect, guarded, guarded.credentials(serial_number), name)
    finally:
        iot.attach_thing_principal(**attachment)


@against(Protection.DEVICE_TOPICS)
def test_a_device_reads_its_neighbours_shadow(intruder, neighbour):
    shadow = f"$aws/things/{neighbour.name}/shadow/get"
    for attempt in (
        lambda: intruder.subscribe(f"{shadow}/accepted"),
        lambda: intruder.publish(shadow, b""),
    ):
        try:
            attempt()
        except ActionDenied:
            continue
    time.sleep(LISTEN_SECONDS)
    held(not intruder.messages(), "the shadow was read")
    held(neighbour.undisturbed, "the neighbour noticed")


@against(Protection.DEVICE_TOPICS)
@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("$aws/things/{neighbour}/shadow/update", b'{"state": {"desired": {"open": true}}}'),
        ("$aws/things/{neighbour}/shadow/delete", b""),
        ("{prefix}/{type}/{neighbour}/status", b"{}"),
        ("{prefix}/{type}/{neighbour}/telemetry/temperature", b"{}"),
    ],
)
def test_a_device_publishes_as_its_connected_neighbour(intruder, neighbour, names, topic, payload):
    refused(intruder.publish, topic.format(**names), payload)
    held(neighbour.undisturbed, "the neighbour noticed")


@against(Protection.DEVICE_TOPICS)
@pytest.mark.parametrize(
    "topic",
    [
        "{prefix}/gateway/{own}/status",
        "{prefix}/{type}/{own}/telemetry/humidity",
        "{prefix}/{type}/{own}/config/interval",
        "$aws/things/{neighbour}/jobs/get",
        "$aws/certificates/create/json",
        "$aws/provisioning-templates/{prefix}-factory/provision/json",
        "anything",
    ],
)
def test_a_device_publishes_on_topics_that_are_not_its_own(intruder, names, topic):
    refused(intruder.publish, topic.format(**names), b"{}")


@against(Protection.DEVICE_TOPICS)
@pytest.mark.parametrize(
    "topic_filter",
    [
        "#",
        "+/+/+/status",
        "$aws/things/+/shadow/#",
        "{prefix}/{type}/+/config/#",
        "{prefix}/{type}/{neighbour}/config/#",
        "$aws/things/{neighbour}/shadow/update/delta",
    ],
)
def test_a_device_listens_to_others(intruder, names, topic_filter):
    refused(intruder.subscribe, topic_filter.format(**names))


def test_what_is_refused_to_others_is_allowed_to_oneself(intruder, names):
    """Else the tests above would pass with a device that may do nothing."""
    intruder.subscribe("{prefix}/{type}/{own}/config/#".format(**names))
    intruder.subscribe("$aws/things/{own}/shadow/update/delta".format(**names))
    intruder.publish("{prefix}/{type}/{own}/telemetry/temperature".format(**names), b"{}")
    intruder.publish("$aws/things/{own}/shadow/update".format(**names), b'{"state": {}}')


# --- certificates of no device


@against(Protection.REGISTERED_CERTIFICATE)
def test_a_certificate_that_was_never_registered_connects(guarded, claimant, names, serial_number):
    issued = claimant.create_keys_and_certificate()
    credentials = ClientCredentials(issued.certificate_pem, issued.private_key_pem)
    for client_id in (f"{guarded.name_prefix}-{serial_number}", names["neighbour"]):
        refused(connect, guarded, credentials, client_id)


@against(Protection.REGISTERED_CERTIFICATE)
def test_a_certificate_that_nobody_signed_connects(guarded, names, claim_client_id):
    for client_id in (claim_client_id, names["neighbour"]):
        refused(connect, guarded, self_signed(), client_id)


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
