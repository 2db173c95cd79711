"""What the provisioning of a device needs from the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tools.device.model import ClientCredentials, IssuedCertificate, Message, RegisteredThing


class Session(Protocol):
    """One MQTT connection. Every method may raise a `tools.device.failures.DeviceError`."""

    def create_keys_and_certificate(self) -> IssuedCertificate:
        """Have AWS IoT make a key and a certificate."""
        ...

    def create_certificate_from_csr(self, signing_request: str) -> IssuedCertificate:
        """Have AWS IoT sign a certificate for the device's own key (PEM request)."""
        ...

    def register_thing(
        self, template_name: str, ownership_token: str, parameters: Mapping[str, str]
    ) -> RegisteredThing:
        """Have a provisioning template applied to a new certificate."""
        ...

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe, with at-least-once delivery."""
        ...

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish one message and wait until the endpoint has confirmed it."""
        ...

    def messages(self) -> tuple[Message, ...]:
        """The messages that have arrived on the topics subscribed to."""
        ...

    def lost_within(self, seconds: float) -> bool:
        """Wait that long for the connection to be lost; True as soon as it is."""
        ...

    def close(self) -> None:
        """Disconnect. Never raises, and may be called twice."""
        ...


class Transport(Protocol):
    """A way to the endpoint."""

    def connect(self, credentials: ClientCredentials, client_id: str) -> Session:
        """Connect over mutual TLS.

        Raises:
            tools.device.failures.DeviceError: No connection.
        """
        ...
