"""A scripted endpoint, claim and clock for devices under test."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.device.failures import DeviceError, NoAnswer, NotReachable
from tools.device.model import ClientCredentials, IssuedCertificate, Message, RegisteredThing

CLAIM = ClientCredentials("claim certificate", "claim key")


class FakeClaim:
    def credentials(self):
        return CLAIM


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now=1_000_000.0):
        self.now = now
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class FakeRegion:
    """An endpoint that is down at times, and what it costs a device to find that out.

    `outages` are pairs of times, of the clock that every Region shares. A line that is cut
    `silently` shows only when a heartbeat is not confirmed.
    """

    clock: FakeTime
    outages: tuple[tuple[float, float], ...] = ()
    timeout: float = 5.0
    silently: bool = False
    refusal: DeviceError | None = None
    sessions: list[FakeLine] = field(default_factory=list)
    tries: int = 0

    @property
    def is_down(self):
        return any(start <= self.clock() < end for start, end in self.outages)

    def connect(self, credentials, client_id):
        self.tries += 1
        if self.is_down:
            self.clock.now += self.timeout
            raise NotReachable("region", "down")
        if self.refusal is not None:
            raise self.refusal
        self.sessions.append(FakeLine(self))
        return self.sessions[-1]


class FakeLine:
    """A connection to a `FakeRegion`."""

    def __init__(self, region):
        self.region = region
        self.closed = False
        self.published = []

    def publish(self, topic, payload):
        assert not self.closed
        if self.region.is_down:
            self.region.clock.now += self.region.timeout
            raise NoAnswer("Publish", self.region.timeout)
        if self.region.refusal is not None:
            raise self.region.refusal
        self.published.append(topic)

    def lost_within(self, seconds):
        now = self.region.clock()
        cuts = [start for start, _ in self.region.outages if now <= start <= now + seconds]
        if cuts and not self.region.silently:
            self.region.clock.now = min(cuts)
            return True
        self.region.clock.now = now + seconds
        return False

    def close(self):
        self.closed = True


@dataclass
class FakeEndpoint:
    """Answers requests; `script[operation]` holds failures to raise first, in order.

    A None in a script stands for "no failure this time".
    """

    script: dict[str, list[DeviceError | None]] = field(default_factory=dict)
    calls: list[tuple] = field(default_factory=list)
    open_sessions: int = 0
    certificates: int = 0
    arriving: tuple[Message, ...] = ()
    is_lost: bool = False

    def connect(self, credentials, client_id):
        self.calls.append(("connect", client_id, credentials))
        self.fail_if_told("connect")
        assert self.open_sessions == 0, "two sessions of one device at once"
        self.open_sessions += 1
        return FakeSession(self)

    def fail_if_told(self, operation):
        failures = self.script.get(operation, [])
        if failures:
            failure = failures.pop(0)
            if failure is not None:
                raise failure

    def names(self):
        return [call[0] for call in self.calls]

    def of(self, name):
        return [call for call in self.calls if call[0] == name]

    def issue(self, private_key_pem):
        self.certificates += 1
        number = self.certificates
        return IssuedCertificate(
            f"{number:064x}", f"certificate {number}", f"token {number}", private_key_pem
        )


class FakeSession:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.closed = False

    def _called(self, name, *arguments):
        assert not self.closed
        self.endpoint.calls.append((name, *arguments))
        self.endpoint.fail_if_told(name)

    def create_keys_and_certificate(self):
        self._called("create")
        return self.endpoint.issue("key made by AWS IoT")

    def create_certificate_from_csr(self, signing_request):
        self._called("csr", signing_request)
        return self.endpoint.issue(None)

    def register_thing(self, template_name, ownership_token, parameters):
        self._called("register", template_name, ownership_token, parameters)
        return RegisteredThing(f"acme-{parameters['SerialNumber']}", {"interval": "60"})

    def subscribe(self, topic_filter):
        self._called("subscribe", topic_filter)

    def publish(self, topic, payload):
        self._called("publish", topic, payload)

    def messages(self):
        return self.endpoint.arriving

    def lost_within(self, seconds):
        return self.endpoint.is_lost

    def close(self):
        if not self.closed:
            self.closed = True
            self.endpoint.open_sessions -= 1
            self.endpoint.calls.append(("close",))
