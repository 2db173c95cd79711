"""The SDK's events and errors, as the device sees them. No endpoint is needed."""

import datetime as dt
import socket
from concurrent.futures import Future

import boto3
import pytest
from awscrt import mqtt5
from awscrt.exceptions import AwsCrtError
from awsiot import V2ServiceException
from awsiot.iotidentity import CreateCertificateFromCsrResponse, V2ErrorResponse
from botocore.stub import Stubber
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tools.device import session as session_module
from tools.device.failures import (
    ActionDenied,
    ConnectionRefused,
    NoAnswer,
    NotReachable,
    Rejected,
    UnusableCredentials,
)
from tools.device.keys import new_private_key
from tools.device.model import ClientCredentials, IssuedCertificate, Message
from tools.device.session import (
    Endpoint,
    SdkSession,
    SdkTransport,
    Timeouts,
    discover_host_name,
    region_of,
)

HERE = Endpoint("iot.example", 8883, "127.0.0.1")
TIMEOUTS = Timeouts(socket=1, connection=3, answer=1, disconnection=1)


def self_signed():
    key_pem = new_private_key()
    key = serialization.load_pem_private_key(key_pem.encode(), None)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2049, 1, 1, tzinfo=dt.UTC))
        .sign(key, hashes.SHA256())
    )
    return ClientCredentials(certificate.public_bytes(serialization.Encoding.PEM).decode(), key_pem)


CREDENTIALS = self_signed()


@pytest.fixture
def session():
    return SdkSession(HERE, TIMEOUTS, CREDENTIALS, "client", None)


def done(value=None, error=None):
    future = Future()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)
    return future


def crt_error(name):
    return AwsCrtError(code=1, name=name, message="text")


class FakeClient:
    """The part of the SDK's client that a connected session calls."""

    def __init__(self, answer=None):
        self.answer = answer
        self.packets = []

    def subscribe(self, packet):
        self.packets.append(packet)
        return self.answer

    publish = subscribe


@pytest.mark.parametrize(
    "credentials",
    [
        ClientCredentials("no PEM", "SECRET no PEM"),
        ClientCredentials(CREDENTIALS.certificate_pem, new_private_key()),
    ],
)
def test_credentials_that_do_not_fit_are_said_to_be_unusable(credentials):
    with (
        SdkTransport(Endpoint("127.0.0.1", 1), TIMEOUTS) as transport,
        pytest.raises(UnusableCredentials) as failure,
    ):
        transport.connect(credentials, "client")
    assert "SECRET" not in str(failure.value)
    assert "PRIVATE KEY" not in str(failure.value)


@pytest.mark.parametrize("address", [None, "127.0.0.1"])
def test_a_port_where_nobody_listens_is_not_reachable(address, closed_port):
    endpoint = Endpoint("iot.example" if address else "127.0.0.1", closed_port, address)
    with (
        SdkTransport(endpoint, TIMEOUTS) as transport,
        pytest.raises(NotReachable, match=str(closed_port)),
    ):
        transport.connect(CREDENTIALS, "client")


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_told():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        SdkTransport(Endpoint("127.0.0.1", server.getsockname()[1]), TIMEOUTS) as transport,
        pytest.raises(NotReachable, match="nothing after 3 seconds"),
    ):
        transport.connect(CREDENTIALS, "client")


def test_a_connack_that_refuses(session):
    connack = mqtt5.ConnackPacket(reason_code=mqtt5.ConnectReasonCode.NOT_AUTHORIZED)
    session._on_refused(mqtt5.LifecycleConnectFailureData(connack, crt_error("REFUSED")))
    with pytest.raises(ConnectionRefused, match="reason code 135"):
        session._connected.result(0)


def test_only_the_first_event_of_a_kind_counts(session):
    session._on_connected(None)
    session._on_refused(mqtt5.LifecycleConnectFailureData(None, crt_error("LATER")))
    session._on_connected(None)
    assert session._connected.result(0) is None
    session._on_lost(mqtt5.LifecycleDisconnectData(None, crt_error("FIRST")))
    session._on_lost(mqtt5.LifecycleDisconnectData(None, ValueError("second")))
    assert session._lost.result(0) == "FIRST"


def test_messages_are_collected(session):
    for payload in (b"x", None):
        packet = mqtt5.PublishPacket(topic="t", payload=payload)
        session._on_message(mqtt5.PublishReceivedData(packet))
    assert session.messages() == (Message("t", b"x"), Message("t", b""))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (crt_error("AWS_ERROR_MQTT_REQUEST_RESPONSE_TIMEOUT"), NoAnswer),
        (crt_error("AWS_ERROR_MQTT_REQUEST_RESPONSE_SUBSCRIBE_FAILURE"), ActionDenied),
        (crt_error("AWS_ERROR_MQTT_REQUEST_RESPONSE_PUBLISH_FAILURE"), NotReachable),
        (ValueError("not JSON"), NotReachable),
    ],
)
def test_a_request_that_fails_without_an_answer(session, error, expected):
    failure = session._request_failure("RegisterThing", V2ServiceException("", error, None))
    assert type(failure) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            V2ErrorResponse(status_code=403, error_code="AccessDenied", error_message="no"),
            (403, "AccessDenied", "no"),
        ),
        (V2ErrorResponse(), (0, "", "")),
    ],
)
def test_a_request_that_is_rejected(session, answer, expected):
    failure = session._request_failure("RegisterThing", V2ServiceException("", None, answer))
    assert isinstance(failure, Rejected)
    assert (failure.status_code, failure.error_code, failure.error_message) == expected


def test_a_lost_connection_ends_the_wait_for_an_answer(session):
    session._on_lost(mqtt5.LifecycleDisconnectData(None, crt_error("HANGUP")))
    with pytest.raises(NotReachable, match="lost: HANGUP"):
        session._await("RegisterThing", Future())


def test_silence_ends_the_wait_for_an_answer(session):
    with pytest.raises(NoAnswer, match="within 1 seconds"):
        session._await("RegisterThing", Future())


def test_an_operation_that_the_client_gives_up(session):
    with pytest.raises(NotReachable, match="GIVEN_UP"):
        session._await("Publish", done(error=crt_error("GIVEN_UP")))


@pytest.mark.parametrize("code", [0, 1])
def test_a_granted_subscription(session, code):
    session._client = FakeClient(done(mqtt5.SubackPacket(reason_codes=[code])))
    session.subscribe("a/#")
    (packet,) = session._client.packets
    assert packet.subscriptions == [mqtt5.Subscription("a/#", mqtt5.QoS.AT_LEAST_ONCE)]


def test_a_denied_subscription(session):
    session._client = FakeClient(done(mqtt5.SubackPacket(reason_codes=[135])))
    with pytest.raises(ActionDenied, match="subscribe to a/#"):
        session.subscribe("a/#")


@pytest.mark.parametrize("code", [0, 16])
def test_a_confirmed_message(session, code):
    answer = mqtt5.PublishCompletionData(mqtt5.PubackPacket(reason_code=code))
    session._client = FakeClient(done(answer))
    session.publish("a", b"x")
    (packet,) = session._client.packets
    assert (packet.topic, packet.payload) == ("a", b"x")


def test_a_denied_message(session):
    answer = mqtt5.PublishCompletionData(mqtt5.PubackPacket(reason_code=135))
    session._client = FakeClient(done(answer))
    with pytest.raises(ActionDenied, match="publish on a"):
        session.publish("a", b"x")


class FakeIdentityClient:
    """Answers the signing request, the way the SDK's client does."""

    def create_certificate_from_csr(self, request):
        self.request = request
        return done(
            CreateCertificateFromCsrResponse(
                certificate_id="id",
                certificate_pem="certificate",
                certificate_ownership_token="token",
            )
        )


def test_a_signing_request_is_answered_without_a_key(session):
    session._identity = FakeIdentityClient()
    answer = session.create_certificate_from_csr("PEM request")
    assert session._identity.request.to_payload() == {"certificateSigningRequest": "PEM request"}
    assert answer == IssuedCertificate("id", "certificate", "token", None)


def test_closing_twice_is_closing_once(session):
    session._stopped.set()
    session.close()
    session.close()


class StoppingClient:
    """A native client's Python half."""

    def stop(self, packet):
        pass


def test_a_client_outlives_its_session_until_it_has_stopped(monkeypatch):
    monkeypatch.setattr(session_module, "_STOPPING", {})
    clients = [StoppingClient(), StoppingClient()]
    sessions = [SdkSession(HERE, TIMEOUTS, CREDENTIALS, "client", None) for _ in clients]
    for session, client in zip(sessions, clients, strict=True):
        session._client = client
    sessions[0].close()
    assert list(session_module._STOPPING.values()) == clients[:1]
    sessions[0]._stopped.set()
    sessions[1].close()
    assert list(session_module._STOPPING.values()) == clients[1:]


def test_an_endpoint_is_named_in_full():
    assert str(HERE) == "iot.example:8883 at 127.0.0.1"
    assert str(Endpoint("iot.example")) == "iot.example:8883"


@pytest.mark.parametrize("address", ["x-ats.iot.example", "x-ats.iot.example:4566"])
def test_the_discovered_name_bears_no_port(address):
    iot = boto3.client(
        "iot", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(iot) as stubber:
        stubber.add_response(
            "describe_endpoint", {"endpointAddress": address}, {"endpointType": "iot:Data-ATS"}
        )
        assert discover_host_name(iot) == "x-ats.iot.example"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("abc-ats.iot.eu-west-1.amazonaws.com", "eu-west-1"),
        ("abc.iot.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("devices.example.com", None),
        ("127.0.0.1", None),
    ],
)
def test_an_endpoints_name_tells_its_region(name, region):
    assert region_of(name) == region
