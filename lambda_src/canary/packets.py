"""MQTT 3.1.1 packets to bytes and back. No input, no output: the socket is elsewhere.

Only what a client needs that publishes with a quality of service of 0 or 1 and takes the same.
Follows https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html.
"""

import struct
from dataclasses import dataclass, field

# AWS IoT's messages hold 128 KB at most; nothing that is said here comes near.
MAX_BODY_BYTES = 256 * 1024
MAX_TEXT_BYTES = 65_535
MAX_PACKET_ID = 65_535

_CONNECT, _CONNACK, _PUBLISH, _PUBACK = 1, 2, 3, 4
_SUBSCRIBE, _SUBACK, _PINGREQ, _PINGRESP, _DISCONNECT = 8, 9, 12, 13, 14
_CLEAN_SESSION = 0x02
_LEVEL = 4
_AT_LEAST_ONCE = 1
_LENGTH_BYTES = 4
_CONTINUES = 0x80
_CONNACK_BYTES = 2
_PACKET_ID_BYTES = 2
_SHORTEST_SUBACK_BYTES = 3
REFUSED_SUBSCRIPTION = 0x80


class MalformedPacketError(ValueError):
    """What arrived is no packet of a server; the message says what is wrong with it."""


@dataclass(frozen=True)
class Connack:
    """The server's answer to CONNECT; 0 accepts."""

    code: int


@dataclass(frozen=True)
class Suback:
    """The server's answer to SUBSCRIBE: for each filter a quality of service, or 0x80."""

    packet_id: int
    codes: tuple[int, ...]


@dataclass(frozen=True)
class Puback:
    """The server has taken a message of ours."""

    packet_id: int


@dataclass(frozen=True)
class Publish:
    """A message; ``packet_id`` is None where no answer is wanted. It may hold a private key."""

    topic: str
    payload: bytes = field(repr=False)
    packet_id: int | None = None


@dataclass(frozen=True)
class Pingresp:
    """The server's answer to PINGREQ."""


Packet = Connack | Suback | Puback | Publish | Pingresp


def connect(client_id: str, keep_alive_seconds: int) -> bytes:
    """Return a CONNECT without user, password or will, for a session that nobody keeps."""
    head = _text("MQTT") + struct.pack("!BBH", _LEVEL, _CLEAN_SESSION, keep_alive_seconds)
    return _packet(_CONNECT, 0, head + _text(client_id))


def subscribe(packet_id: int, *topic_filters: str) -> bytes:
    """Return a SUBSCRIBE with a quality of service of 1."""
    wanted = b"".join(_text(each) + bytes([_AT_LEAST_ONCE]) for each in topic_filters)
    return _packet(_SUBSCRIBE, 2, struct.pack("!H", packet_id) + wanted)


def publish(message: Publish) -> bytes:
    """Return a PUBLISH: at least once where it has a packet id, at most once where it has none."""
    if message.packet_id is None:
        return _packet(_PUBLISH, 0, _text(message.topic) + message.payload)
    head = _text(message.topic) + struct.pack("!H", message.packet_id)
    return _packet(_PUBLISH, _AT_LEAST_ONCE << 1, head + message.payload)


def puback(packet_id: int) -> bytes:
    """Return a PUBACK."""
    return _packet(_PUBACK, 0, struct.pack("!H", packet_id))


def pingreq() -> bytes:
    """Return a PINGREQ."""
    return _packet(_PINGREQ, 0, b"")


def disconnect() -> bytes:
    """Return a DISCONNECT."""
    return _packet(_DISCONNECT, 0, b"")


def take(buffer: bytearray) -> Packet | None:
    """Take the first packet out of what has arrived; None: it is not all there yet.

    Raises:
        MalformedPacketError: it is none that a server sends, or too long.
    """
    length = _body_length(buffer)
    if length is None:
        return None
    body_bytes, head_bytes = length
    if body_bytes > MAX_BODY_BYTES:
        raise MalformedPacketError(f"a packet of {body_bytes} bytes")
    if len(buffer) < head_bytes + body_bytes:
        return None
    first, body = buffer[0], bytes(buffer[head_bytes : head_bytes + body_bytes])
    del buffer[: head_bytes + body_bytes]
    return _read(first >> 4, first & 0x0F, body)


def _body_length(buffer: bytearray) -> tuple[int, int] | None:
    """Return how long body and head are; None: not to be seen yet."""
    body_bytes = 0
    for index, byte in enumerate(buffer[1 : 1 + _LENGTH_BYTES]):
        body_bytes += (byte & ~_CONTINUES) << (7 * index)
        if not byte & _CONTINUES:
            return body_bytes, index + 2
    if len(buffer) > _LENGTH_BYTES:
        raise MalformedPacketError("a length that does not end")
    return None


def _read(kind: int, flags: int, body: bytes) -> Packet:
    if kind == _PUBLISH:
        return _read_publish(flags, body)
    if flags != 0:
        raise MalformedPacketError(f"a packet of kind {kind} with flags")
    if kind == _CONNACK and len(body) == _CONNACK_BYTES:
        return Connack(body[1])
    if kind == _PUBACK and len(body) == _PACKET_ID_BYTES:
        return Puback(_packet_id(body))
    if kind == _SUBACK and len(body) >= _SHORTEST_SUBACK_BYTES:
        return Suback(_packet_id(body), tuple(body[_PACKET_ID_BYTES:]))
    if kind == _PINGRESP and not body:
        return Pingresp()
    raise MalformedPacketError(f"a packet of kind {kind} with {len(body)} bytes")


def _read_publish(flags: int, body: bytes) -> Publish:
    quality = flags >> 1 & 0x03
    if quality > _AT_LEAST_ONCE:
        raise MalformedPacketError(f"a message with a quality of service of {quality}")
    topic_ends = 2 + (_packet_id(body) if len(body) >= _PACKET_ID_BYTES else MAX_BODY_BYTES)
    ends = topic_ends + _PACKET_ID_BYTES * quality
    if len(body) < ends:
        raise MalformedPacketError("a message that ends within its head")
    try:
        topic = body[2:topic_ends].decode()
    except UnicodeDecodeError:
        raise MalformedPacketError("a topic that is not UTF-8") from None
    return Publish(topic, body[ends:], _packet_id(body[topic_ends:]) if quality else None)


def _packet_id(body: bytes) -> int:
    return int.from_bytes(body[:_PACKET_ID_BYTES])


def _text(value: str) -> bytes:
    encoded = value.encode()
    if len(encoded) > MAX_TEXT_BYTES:
        raise ValueError(f"a text of {len(encoded)} bytes")
    return struct.pack("!H", len(encoded)) + encoded


def _packet(kind: int, flags: int, body: bytes) -> bytes:
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a packet of {len(body)} bytes")
    rest, length = len(body), bytearray()
    while rest >= _CONTINUES:
        length.append(rest & 0x7F | _CONTINUES)
        rest >>= 7
    return bytes([kind << 4 | flags, *length, rest]) + body
