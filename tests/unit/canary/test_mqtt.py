"""A connection asks and gets its answer, or ends in time, whatever the other end does."""

import contextlib
import socket
import threading

import pytest

from canary import packets, provisioning
from canary.failures import (
    Closed,
    ConnectionRefused,
    NoAnswer,
    Rejected,
    SubscriptionRefused,
    Unusable,
)
from canary.mqtt import Connection
from canary.packets import Publish

CONNACK, PINGRESP = b"\x20\x02\x00\x00", b"\xd0\x00"
SECONDS = 5


def suback(packet_id, *codes):
    return bytes([0x90, 2 + len(codes), 0, packet_id, *codes])


def puback(packet_id):
    return bytes([0x40, 2, 0, packet_id])


class Other:
    """The other end of a socket: sends what it is told, and keeps what it got."""

    def __init__(self, end):
        self.end = end
        self.got = bytearray()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while data := self.end.recv(4096):
                self.got += data

    def send(self, *parts):
        for part in parts:
            self.end.sendall(part)

    def hang_up(self):
        with contextlib.suppress(OSError):
            self.end.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.end.close()


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    other = Other(theirs)
    connection = Connection(ours, SECONDS)
    yield connection, other
    connection.close()
    other.hang_up()


def test_it_connects_with_its_client_id(ends):
    connection, other = ends
    other.send(CONNACK[:1], CONNACK[1:])
    connection.open("me")
    connection.close()
    other.hang_up()
    assert bytes(other.got) == packets.connect("me", 300) + packets.disconnect()


def test_a_refused_connection_says_why(ends):
    connection, other = ends
    other.send(b"\x20\x02\x00\x05")
    with pytest.raises(ConnectionRefused, match="code 5"):
        connection.open("me")


def test_a_server_that_hangs_up_is_told(ends):
    connection, other = ends
    other.hang_up()
    with pytest.raises(Closed):
        connection.open("me")


def test_a_server_that_says_nothing_is_given_up():
    ours, theirs = socket.socketpair()
    sentence = r"No answer to PINGREQ within 0\.3 seconds"
    with ours, theirs, pytest.raises(NoAnswer, match=sentence):
        Connection(ours, 0.3).ping()


def test_a_server_that_sends_one_byte_again_and_again_is_given_up():
    class Dripping:
        def settimeout(self, seconds):
            assert seconds > 0

        def sendall(self, data):
            pass

        def recv(self, size):
            ticks.append(size)
            return b"\x30" if len(ticks) == 1 else b"\x7f" if len(ticks) == 2 else b"x"

        def close(self):
            pass

    ticks = []
    connection = Connection(Dripping(), 5, clock=lambda: len(ticks))
    with pytest.raises(NoAnswer):
        connection.ping()
    assert len(ticks) < 10


def test_nonsense_is_refused(ends):
    connection, other = ends
    other.send(b"HTTP/1.1 400 Bad Request\r\n\r\n".ljust(100))
    with pytest.raises(Unusable, match="CONNECT cannot be used"):
        connection.open("me")


def test_a_ping_is_answered(ends):
    connection, other = ends
    other.send(PINGRESP)
    connection.ping()


def test_answers_to_something_else_are_passed_over(ends):
    connection, other = ends
    other.send(PINGRESP, puback(7), puback(1))
    connection.publish("a", b"x")


def test_a_subscription_is_confirmed_or_refused(ends):
    connection, other = ends
    other.send(suback(9, 1), suback(1, 1, 0))
    connection.subscribe("a", "b")
    other.send(suback(2, 1, 0x80))
    with pytest.raises(SubscriptionRefused, match="a, b"):
        connection.subscribe("a", "b")
    other.send(suback(3, 1))
    with pytest.raises(SubscriptionRefused):
        connection.subscribe("a", "b")


def test_messages_are_acknowledged_and_kept_until_they_are_asked_for(ends):
    connection, other = ends
    other.send(
        packets.publish(Publish("later", b"1", 5)),
        packets.publish(Publish("other", b"2")),
        puback(1),
    )
    connection.publish("a", b"x")
    assert connection.message("later", "more") == Publish("later", b"1", 5)
    other.send(packets.publish(Publish("more", b"3")))
    assert connection.message("later", "more").payload == b"3"
    assert connection.message("other").payload == b"2"
    connection.close()
    other.hang_up()
    assert packets.puback(5) in bytes(other.got)


def test_no_more_messages_are_kept_than_one_needs(ends):
    connection, other = ends
    other.send(*(packets.publish(Publish(f"t{n}", b"")) for n in range(100)), PINGRESP)
    connection.ping()
    other.hang_up()
    with pytest.raises(Closed):
        connection.message("t0")
    assert connection.message("t99")


def test_packet_ids_begin_anew():
    class Loop:
        def settimeout(self, _):
            pass

        def sendall(self, data):
            self.last = data[-3:-1]

        def recv(self, _):
            return b"\x40\x02" + self.last

        def close(self):
            pass

    stream = Loop()
    connection = Connection(stream)
    for _ in range(packets.MAX_PACKET_ID):
        connection.publish("a", b"x")
    connection.publish("a", b"x")
    assert stream.last == b"\x00\x01"


def test_what_cannot_be_sent_is_told():
    class Broken:
        def settimeout(self, _):
            pass

        def sendall(self, _):
            raise BrokenPipeError

        def recv(self, _):
            raise ConnectionResetError

        def close(self):
            self.closed = True

    stream = Broken()
    connection = Connection(stream)
    with pytest.raises(Closed, match="BrokenPipeError"):
        connection.ping()
    connection.close()
    assert stream.closed
    stream.sendall = lambda _: None
    with pytest.raises(Closed, match="ConnectionResetError"):
        connection.ping()
    stream.recv = lambda _: b""
    with pytest.raises(Closed, match="by the server"):
        connection.ping()


# --- requests to AWS IoT


def answering(other, topic, payload):
    other.send(suback(1, 1, 1), puback(2), packets.publish(Publish(topic, payload, 1)))


CREATE = "$aws/certificates/create/json"
PROVISION = "$aws/provisioning-templates/t/provision/json"


def test_a_certificate_is_issued_and_its_key_never_shown(ends):
    connection, other = ends
    answer = (
        b'{"certificateId": "id", "certificatePem": "pem", "privateKey": "hidden",'
        b' "certificateOwnershipToken": "concealed"}'
    )
    answering(other, f"{CREATE}/accepted", answer)
    issued = provisioning.create_keys_and_certificate(connection)
    assert (issued.certificate_id, issued.credentials.private_key_pem) == ("id", "hidden")
    assert "hidden" not in repr(issued)
    assert "concealed" not in repr(issued)


def test_a_thing_is_registered(ends):
    connection, other = ends
    answering(other, f"{PROVISION}/accepted", b'{"thingName": "acme-1"}')
    assert provisioning.register_thing(connection, "t", "token", {"SerialNumber": "1"}) == "acme-1"
    connection.close()
    other.hang_up()
    assert b'"parameters": {"SerialNumber": "1"}' in bytes(other.got)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b'{"statusCode": 403, "errorCode": "A", "errorMessage": "B."}', "403 A: B."),
        (b'{"code": 403, "message": "Forbidden"}', "403 : Forbidden."),
        (b'{"statusCode": "x"}', "0 : ."),
    ],
)
def test_a_refusal_has_aws_iots_words(ends, payload, said):
    connection, other = ends
    answering(other, f"{PROVISION}/rejected", payload)
    with pytest.raises(Rejected) as rejected:
        provisioning.register_thing(connection, "t", "token", {})
    assert str(rejected.value) == f"RegisterThing was rejected with {said}"


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"\xff", b"{}", b'{"thingName": 1}', b'{"thingName": ""}']
)
def test_an_answer_that_is_none_is_refused(ends, payload):
    connection, other = ends
    answering(other, f"{PROVISION}/accepted", payload)
    with pytest.raises(Unusable, match="RegisterThing cannot be used"):
        provisioning.register_thing(connection, "t", "token", {})
