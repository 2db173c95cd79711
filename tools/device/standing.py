"""A device that stays connected: it notices when its connection is lost, and finds another.

The connection is lost when it ends, and also when a heartbeat is not confirmed in time: a line
that is cut silently tells nobody.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.device.failover import Failover
from tools.device.failures import DeviceError
from tools.device.model import DeviceSpec, greeting_payload, own_topic
from tools.device.ports import Session
from tools.device.provisioner import Report, RetryPolicy, quiet
from tools.device.state import Identity

PERSISTENT = RetryPolicy(attempts=sys.maxsize, deadline=float("inf"))
"""A standing device does not give up: it waits up to twenty seconds between rounds, for ever."""

_GLANCE_SECONDS = 0.2
"""How soon a device notices that it is to stop."""

_SPREAD = random.SystemRandom()


@dataclass(frozen=True)
class Heartbeat:
    """What a standing device publishes, and how often.

    Attributes:
        topics: As in a `tools.device.model.Greeting`.
        seconds: From one to the next.
    """

    topics: tuple[str, ...] = ("$aws/things/{thing}/shadow/update",)
    seconds: float = 30.0


@dataclass(frozen=True)
class Loss:
    """A connection that was lost and replaced.

    Attributes:
        lost: The endpoint it was to.
        back: The endpoint of the next one.
        seconds: From the moment the device noticed.
    """

    lost: str
    back: str
    seconds: float


class _Ended(Exception):
    """The device was told to stop, or its time is over, while it had no connection."""


@dataclass
class StandingDevice:
    """One device and its connection. `stay` runs in one thread, `stop` may be called from any.

    Attributes:
        device: The device.
        identity: Its registered identity.
        ways: Its endpoints.
        heartbeat: What it publishes.
        retry: How often to go through its endpoints, and how long to wait in between.
        report: Takes lines of progress.
        clock: Seconds that never go back.
        sleep: Waits that many seconds; None for a wait that `stop` ends.
        losses: The connections that were lost and replaced so far.
    """

    device: DeviceSpec
    identity: Identity
    ways: Failover
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    retry: RetryPolicy = PERSISTENT
    report: Report = quiet
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] | None = None
    losses: list[Loss] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.identity.thing_name is None:
            raise ValueError(f"The certificate {self.identity.certificate_id} is not registered.")
        self._thing_name = self.identity.thing_name
        self._stopped = threading.Event()
        self._connected_to: str | None = None
        self._noticed = 0.0
        self._end = float("inf")

    @property
    def connected_to(self) -> str | None:
        """The endpoint that the device is connected to now."""
        return self._connected_to

    def stop(self) -> None:
        """Let `stay` end soon."""
        self._stopped.set()

    def stay(self, seconds: float = float("inf")) -> None:
        """Stay connected for that long, or until `stop`.

        Raises:
            DeviceError: No endpoint accepts the device, or it may not publish its heartbeat.
        """
        self._end = self.clock() + seconds
        try:
            session = self._connect()
            self.report(f"{self._thing_name} is connected to {self.ways.current}.")
            while self._hold(session):
                session = self._reconnect()
        except _Ended:
            return
        finally:
            self._connected_to = None

    def _hold(self, session: Session) -> bool:
        """Hold a connection, and return whether it was lost."""
        try:
            while True:
                try:
                    self._beat(session)
                    ended = self._wait(session)
                except DeviceError as failure:
                    if not failure.transient:
                        raise
                    self._lost(f": {failure}")
                    return True
                if ended is not None:
                    return ended
                better = self.ways.return_to_first(self.identity.credentials, self._thing_name)
                if better is not None:
                    session.close()
                    session = better
                    self._connected_to = self.ways.current
                    self.report(f"Returned to {self.ways.current}.")
        finally:
            self._connected_to = None
            session.close()

    def _beat(self, session: Session) -> None:
        for pattern in self.heartbeat.topics:
            topic = own_topic(pattern, self.device, self._thing_name)
            session.publish(topic, json.dumps(greeting_payload(topic, self.device)).encode())

    def _wait(self, session: Session) -> bool | None:
        """Wait for the next heartbeat; True when the connection is lost, False at the end."""
        next_beat = self.clock() + self.heartbeat.seconds
        while (now := self.clock()) < next_beat:
            if self._is_over():
                return False
            if session.lost_within(min(_GLANCE_SECONDS, next_beat - now)):
                self._lost(".")
                return True
        return None

    def _lost(self, why: str) -> None:
        self._noticed = self.clock()
        self.report(f"Lost {self.ways.current}{why}")

    def _reconnect(self) -> Session:
        lost = self.ways.current
        # A whole Region's devices are lost at once: they must not come back at once.
        self._pause(_SPREAD.uniform(0, self.retry.first_delay))
        session = self._connect()
        loss = Loss(lost, self.ways.current, self.clock() - self._noticed)
        self.losses.append(loss)
        self.report(f"Back through {loss.back} after {loss.seconds:.1f} s.")
        return session

    def _pause(self, seconds: float) -> None:
        sleep = self.sleep or self._stopped.wait
        sleep(min(seconds, max(0.0, self._end - self.clock())))

    def _connect(self) -> Session:
        retrying = self.retry.retrying(_is_transient, self.report, self._pause)
        session: Session = retrying(self._round)
        self._connected_to = self.ways.current
        return session

    def _round(self) -> Session:
        if self._is_over():
            raise _Ended
        return self.ways.connect(self.identity.credentials, self._thing_name)

    def _is_over(self) -> bool:
        return self._stopped.is_set() or self.clock() >= self._end


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, DeviceError) and error.transient
