"""One MQTT connection of one device: asks, and waits for the answer, but never for ever.

It is used from one thread, and for a minute at most. What arrives while it waits for something else
is kept, up to a limit, and acknowledged at once.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from canary import packets
from canary.failures import Closed, ConnectionRefused, NoAnswer, SubscriptionRefused, Unusable
from canary.packets import MalformedPacketError, Packet, Publish

KEEP_ALIVE_SECONDS = 300
# A pre-provisioning hook alone may take five seconds.
ANSWER_SECONDS = 15.0
_CHUNK_BYTES = 16_384
_KEPT_MESSAGES = 32

_Answer = TypeVar("_Answer", bound=Packet)


class Stream(Protocol):
    """What is used of a socket."""

    def settimeout(self, value: float, /) -> None:
        """Let no call take longer than this many seconds."""

    def recv(self, bufsize: int, /) -> bytes:
        """Return what arrived, at least one byte; none at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send everything."""

    def close(self) -> None:
        """End the connection."""


class Connection:
    """A connection. Made by ``open_connection``; close it when done.

    Args:
        stream: encrypted, and trusted already.
        answer_seconds: until an answer is given up.
        clock: returns seconds that never go back.
    """

    def __init__(
        self,
        stream: Stream,
        answer_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._answer_seconds = answer_seconds
        self._clock = clock
        self._arrived = bytearray()
        self._messages: deque[Publish] = deque(maxlen=_KEPT_MESSAGES)
        self._last_packet_id = 0

    def open(self, client_id: str) -> None:
        """Say who is there.

        Raises:
            ConnectionRefused: with the server's code.
            Closed, NoAnswer, Unusable: without one, as AWS IoT does where no policy lets it in.
        """
        self._send(packets.connect(client_id, KEEP_ALIVE_SECONDS))
        answer = self._await("CONNECT", packets.Connack, lambda _: True)
        if answer.code != 0:
            raise ConnectionRefused(answer.code)

    def subscribe(self, *topic_filters: str) -> None:
        """Ask for messages.

        Raises:
            SubscriptionRefused: AWS IoT does not let us.
            Closed, NoAnswer, Unusable: there is no answer.
        """
        packet_id = self._next_packet_id()
        self._send(packets.subscribe(packet_id, *topic_filters))
        answer = self._await("SUBSCRIBE", packets.Suback, lambda each: each.packet_id == packet_id)
        if len(answer.codes) != len(topic_filters) or packets.REFUSED_SUBSCRIPTION in answer.codes:
            raise SubscriptionRefused(", ".join(topic_filters))

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a message, and wait until the server has taken it.

        Raises:
            Closed, NoAnswer, Unusable: it has not.
        """
        self.await_taken(self.send(topic, payload))

    def send(self, topic: str, payload: bytes) -> int:
        """Publish a message without waiting, and return its packet id.

        Raises:
            Closed: it was not sent.
        """
        packet_id = self._next_packet_id()
        self._send(packets.publish(Publish(topic, payload, packet_id)))
        return packet_id

    def await_taken(self, packet_id: int) -> None:
        """Wait until the server has taken a message that was sent.

        Raises:
            Closed, NoAnswer, Unusable: it has not.
        """
        self._await("PUBLISH", packets.Puback, lambda each: each.packet_id == packet_id)

    def message(self, *topics: str) -> Publish:
        """Return the first message on one of these topics.

        Raises:
            Closed, NoAnswer, Unusable: there is none.
        """
        for kept in self._messages:
            if kept.topic in topics:
                self._messages.remove(kept)
                return kept
        return self._await(
            f"what was published ({topics[0]})", Publish, lambda each: each.topic in topics
        )

    def ping(self) -> None:
        """See that the server still listens.

        Raises:
            Closed, NoAnswer, Unusable: it does not.
        """
        self._send(packets.pingreq())
        self._await("PINGREQ", packets.Pingresp, lambda _: True)

    def close(self) -> None:
        """Say goodbye, if that still can be said."""
        with contextlib.suppress(Closed):
            self._send(packets.disconnect())
        self._stream.close()

    def _next_packet_id(self) -> int:
        self._last_packet_id = self._last_packet_id % packets.MAX_PACKET_ID + 1
        return self._last_packet_id

    def _send(self, packet: bytes) -> None:
        try:
            self._stream.settimeout(self._answer_seconds)
            self._stream.sendall(packet)
        except OSError as error:
            raise Closed(type(error).__name__) from error

    def _await(self, to: str, kind: type[_Answer], is_it: Callable[[_Answer], bool]) -> _Answer:
        deadline = self._clock() + self._answer_seconds
        while True:
            packet = self._next(to, deadline)
            if isinstance(packet, Publish) and packet.packet_id is not None:
                self._send(packets.puback(packet.packet_id))
            if isinstance(packet, kind) and is_it(packet):
                return packet
            if isinstance(packet, Publish):
                self._messages.append(packet)

    def _next(self, to: str, deadline: float) -> Packet:
        while True:
            try:
                packet = packets.take(self._arrived)
            except MalformedPacketError as error:
                raise Unusable(to, str(error)) from error
            if packet is not None:
                return packet
            seconds = deadline - self._clock()
            if seconds <= 0:
                raise NoAnswer(to, self._answer_seconds)
            try:
                self._stream.settimeout(seconds)
                chunk = self._stream.recv(_CHUNK_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                raise Closed(type(error).__name__) from error
            if not chunk:
                raise Closed("by the server")
            self._arrived += chunk
