"""MQTT packets are those of the standard, and nothing that a server sends can do harm."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary import packets
from canary.packets import Connack, MalformedPacketError, Pingresp, Puback, Publish, Suback


def taken(data):
    buffer = bytearray(data)
    packet = packets.take(buffer)
    return packet, bytes(buffer)


# The bytes are written out from chapter 3 of the standard.
@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (packets.connect("me", 60), b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02me"),
        (packets.subscribe(10, "a/b", "c"), b"\x82\x0c\x00\x0a\x00\x03a/b\x01\x00\x01c\x01"),
        (packets.publish(Publish("a/b", b"x")), b"\x30\x06\x00\x03a/bx"),
        (packets.publish(Publish("a/b", b"x", 10)), b"\x32\x08\x00\x03a/b\x00\x0ax"),
        (packets.puback(10), b"\x40\x02\x00\x0a"),
        (packets.pingreq(), b"\xc0\x00"),
        (packets.disconnect(), b"\xe0\x00"),
    ],
)
def test_what_a_client_sends(made, expected):
    assert made == expected


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"\x20\x02\x00\x00", Connack(0)),
        (b"\x20\x02\x01\x05", Connack(5)),
        (b"\x90\x04\x00\x0a\x01\x80", Suback(10, (1, 128))),
        (b"\x40\x02\x00\x0a", Puback(10)),
        (b"\xd0\x00", Pingresp()),
        (b"\x30\x06\x00\x03a/bx", Publish("a/b", b"x")),
        (b"\x3b\x08\x00\x03a/b\x00\x0ax", Publish("a/b", b"x", 10)),
        (b"\x30\x02\x00\x00", Publish("", b"")),
    ],
)
def test_what_a_server_sends(sent, read):
    assert taken(sent + b"rest") == (read, b"rest")
    for end in range(len(sent)):
        assert taken(sent[:end]) == (None, sent[:end])


@pytest.mark.parametrize(
    "sent",
    [
        b"\x20\x01\x00",
        b"\x20\x03\x00\x00\x00",
        b"\x21\x02\x00\x00",
        b"\x40\x03\x00\x0a\x00",
        b"\x90\x02\x00\x0a",
        b"\xd0\x01\x00",
        b"\x10\x00",
        b"\x00\x00",
        b"\xf0\x00",
        b"\x34\x05\x00\x01a\x00\x01",
        b"\x30\x00",
        b"\x30\x03\x00\x05a",
        b"\x32\x03\x00\x01a",
        b"\x30\x03\x00\x01\xff",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\xff\xff\xff\x7f",
    ],
)
def test_what_no_server_sends_is_refused(sent):
    with pytest.raises(MalformedPacketError):
        taken(sent)


# Noise alone is hardly ever a packet.
SENT = [b"\x20\x02\x00\x00", b"\x40\x02\x00\x0a", b"\xd0\x00", b"\x30\x06\x00\x03a/bx"]


@given(st.lists(st.sampled_from(SENT) | st.binary(max_size=16), max_size=8).map(b"".join))
def test_whatever_arrives_is_a_packet_more_to_come_or_refused(data):
    buffer, before = bytearray(data), len(data)
    with contextlib.suppress(MalformedPacketError):
        while packets.take(buffer) is not None:
            assert len(buffer) < before
            before = len(buffer)
        assert len(buffer) == before


@given(
    topic=st.text(max_size=100),
    payload=st.binary(max_size=20_000),
    packet_id=st.none() | st.integers(1, packets.MAX_PACKET_ID),
)
def test_a_message_is_read_as_it_was_sent(topic, payload, packet_id):
    message = Publish(topic, payload, packet_id)
    assert taken(packets.publish(message) + b"\xd0") == (message, b"\xd0")


def test_what_is_too_long_is_not_sent():
    with pytest.raises(ValueError, match="65536 bytes"):
        packets.connect("x" * (packets.MAX_TEXT_BYTES + 1), 60)
    with pytest.raises(ValueError, match="packet of"):
        packets.publish(Publish("a", b"x" * packets.MAX_BODY_BYTES))


def test_a_payload_never_shows():
    assert "secret" not in repr(Publish("a", b"secret"))
