"""A device whose certificate was made in the factory: it connects, and is registered just in time.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html and
https://docs.aws.amazon.com/iot/latest/developerguide/auto-register-device-cert.html

AWS IoT ends the first connection: it registers the certificate, and a template or a function
makes the thing meanwhile. The device is told nothing, so it connects again until it is let in.
Both pages ask for the account's own endpoint name as TLS server name, at the first connection
above all: by this name AWS IoT knows whose CA a certificate is to be registered under.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tools.device.failures import (
    ConnectionRefused,
    DeviceError,
    NotAdmitted,
    UnusableCredentials,
)
from tools.device.model import (
    SILENT,
    ClientCredentials,
    DeviceSpec,
    Greeting,
    Message,
    own_topic,
)
from tools.device.ports import Transport
from tools.device.provisioner import Report, RetryPolicy, greet, quiet

PATIENCE = RetryPolicy(attempts=20, deadline=120.0)
"""Provisioning takes AWS IoT seconds, or minutes where many devices come up at once."""


@dataclass(frozen=True)
class JustInTimeTimings:
    """Seconds spent, retries and waits included."""

    admission: float
    total: float


@dataclass(frozen=True)
class JustInTimeResult:
    """A device that has connected with the certificate from its factory.

    Attributes:
        serial_number: The device's serial number.
        thing_name: The client id it was let in under.
        certificate_id: As AWS IoT names the certificate: the SHA-256 of its DER form.
        attempts: Connections it took; 1 when the device had been provisioned before.
        timings: Until it was let in, and until it had greeted.
        published: Topics a message was published on.
        messages: Messages received while listening.
    """

    serial_number: str
    thing_name: str
    certificate_id: str
    attempts: int
    timings: JustInTimeTimings
    published: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as JSON-ready data, with AWS's key style. Holds no secret."""
        return {
            "serialNumber": self.serial_number,
            "thingName": self.thing_name,
            "certificateId": self.certificate_id,
            "attempts": self.attempts,
            "seconds": {name: round(value, 3) for name, value in asdict(self.timings).items()},
            "published": list(self.published),
            "messages": [
                {"topic": m.topic, "payload": m.payload.decode("utf-8", "replace")}
                for m in self.messages
            ],
        }


def come_up(
    device: DeviceSpec,
    credentials: ClientCredentials,
    client_id: str,
    *,
    transport: Transport,
    greeting: Greeting = SILENT,
    retry: RetryPolicy = PATIENCE,
    report: Report = quiet,
    timer: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> JustInTimeResult:
    """Connect until the device is let in, let it greet, and disconnect.

    Args:
        device: The device, for its topics.
        credentials: Its certificate from the factory, and the key.
        client_id: The name of its thing, which need not exist yet.
        transport: The way to the endpoint, under the account's own endpoint name.
        greeting: What to do once connected.
        retry: How often to connect, and how long.
        report: Takes lines of progress.
        timer: Seconds, for durations.
        sleep: Waits that many seconds.

    Raises:
        NotAdmitted: It was turned away every time.
        DeviceError: No connection could be made, or the greeting was not allowed.
    """
    own = certificate_id(credentials.certificate_pem)
    start = timer()
    attempts = 0
    admitted = start

    def once() -> tuple[Message, ...]:
        nonlocal attempts, admitted
        attempts += 1
        session = transport.connect(credentials, client_id)
        try:
            admitted = timer()
            return greet(session, device, client_id, greeting, sleep)
        finally:
            session.close()

    try:
        messages = retry.retrying(_may_pass, report, sleep, _in_passing)(once)
    except ConnectionRefused as error:
        raise NotAdmitted(client_id, attempts, timer() - start, error) from error
    return JustInTimeResult(
        serial_number=device.serial_number,
        thing_name=client_id,
        certificate_id=own,
        attempts=attempts,
        timings=JustInTimeTimings(admission=admitted - start, total=timer() - start),
        published=tuple(own_topic(topic, device, client_id) for topic in greeting.publish),
        messages=messages,
    )


def _may_pass(error: BaseException) -> bool:
    """Whether to connect again: a device that was never let in may be so a little later.

    That holds for an explicit refusal too: a new policy takes AWS IoT a moment to apply everywhere.
    """
    return isinstance(error, ConnectionRefused) or (
        isinstance(error, DeviceError) and error.transient
    )


def _in_passing(error: BaseException | None) -> str:
    """A failure in a line of progress. To be turned away is no reason to give advice yet."""
    if isinstance(error, ConnectionRefused):
        return f"The device is not let in yet ({error.reason})."
    return str(error)


def certificate_id(certificate_pem: str) -> str:
    """The id by which AWS IoT knows a certificate; of a chain, the first one's.

    Raises:
        UnusableCredentials: It is no certificate.
    """
    try:
        # Further certificates of the chain may follow the device's own.
        certificate = x509.load_pem_x509_certificates(certificate_pem.encode())[0]
    except ValueError as error:
        raise UnusableCredentials(str(error)) from error
    return certificate.fingerprint(hashes.SHA256()).hex()
