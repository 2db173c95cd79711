"""What a simulated device is, sends and receives: plain data, no input or output.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_CLIENT_ID_LENGTH = 128
"""Characters. AWS IoT Core closes a connection whose client id is longer."""


class KeyFlow(enum.Enum):
    """Where the device's private key is made."""

    KEYS = "keys"
    """CreateKeysAndCertificate: AWS IoT makes an RSA key and sends it to the device."""
    CSR = "csr"
    """CreateCertificateFromCsr: the device makes an EC P-256 key, which never leaves it."""


@dataclass(frozen=True)
class DeviceSpec:
    """What is programmed into a device before it first connects.

    Attributes:
        serial_number: Sent as the template parameter ``SerialNumber``.
        device_type: Sent as ``DeviceType``.
        manufacturer: Sent as ``Manufacturer`` unless it is None.
        parameters: Further template parameters. They are sent as they are, and one that bears a
            name from above replaces its value: a dishonest device can be simulated.
    """

    serial_number: str
    device_type: str
    manufacturer: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClientCredentials:
    """A certificate and its private key, both as PEM text. The key never shows in a repr."""

    certificate_pem: str
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True)
class IssuedCertificate:
    """The accepted answer of CreateKeysAndCertificate or CreateCertificateFromCsr.

    Attributes:
        certificate_id: 64 hexadecimal digits.
        certificate_pem: The certificate, pending activation.
        ownership_token: Proves to RegisterThing, for one hour, that the device was given it.
        private_key_pem: None after CreateCertificateFromCsr.
    """

    certificate_id: str
    certificate_pem: str
    ownership_token: str = field(repr=False)
    private_key_pem: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RegisteredThing:
    """The accepted answer of RegisterThing."""

    thing_name: str
    device_configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Greeting:
    """What a device does once it is connected under its own identity.

    In topics, ``{thing}``, ``{serial}`` and ``{type}`` stand for the device's own names.

    Attributes:
        publish: Topics to publish one message on, with at-least-once delivery.
        subscribe: Topic filters to subscribe to before anything is published.
        listen_seconds: How long to stay connected afterwards and collect messages.
    """

    publish: tuple[str, ...] = ("$aws/things/{thing}/shadow/update",)
    subscribe: tuple[str, ...] = ("$aws/things/{thing}/shadow/update/delta",)
    listen_seconds: float = 0.0


SILENT = Greeting(publish=(), subscribe=())
"""Connect, and say nothing."""


@dataclass(frozen=True)
class Message:
    """A message that reached the device."""

    topic: str
    payload: bytes


@dataclass(frozen=True)
class Timings:
    """Seconds spent, retries and waits included. A step that was not needed took 0.0."""

    certificate: float = 0.0
    registration: float = 0.0
    reconnection: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class ProvisioningResult:
    """A device that has connected with an identity of its own.

    Attributes:
        serial_number: The device's serial number.
        thing_name: The thing name AWS IoT answered with; the MQTT client id from now on.
        certificate_id: The permanent certificate's id.
        device_configuration: The template's DeviceConfiguration.
        certificate_file: Where the certificate is stored.
        private_key_file: Where its key is stored, readable by the owner only.
        resumed: True when a stored identity was used and nothing was claimed.
        attempts: How many tries provisioning took; 0 when ``resumed``.
        timings: Seconds per step.
        published: Topics a message was published on.
        messages: Messages received while listening.
    """

    serial_number: str
    thing_name: str
    certificate_id: str
    device_configuration: Mapping[str, Any]
    certificate_file: str
    private_key_file: str
    resumed: bool
    attempts: int
    timings: Timings
    published: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as JSON-ready data, with AWS's key style. Holds no secret."""
        return {
            "serialNumber": self.serial_number,
            "thingName": self.thing_name,
            "certificateId": self.certificate_id,
            "deviceConfiguration": dict(self.device_configuration),
            "certificateFile": self.certificate_file,
            "privateKeyFile": self.private_key_file,
            "resumed": self.resumed,
            "attempts": self.attempts,
            "seconds": {name: round(value, 3) for name, value in asdict(self.timings).items()},
            "published": list(self.published),
            "messages": [
                {"topic": m.topic, "payload": m.payload.decode("utf-8", "replace")}
                for m in self.messages
            ],
        }


def registration_parameters(device: DeviceSpec) -> dict[str, str]:
    """The ``parameters`` of the device's RegisterThing request."""
    parameters = {"SerialNumber": device.serial_number, "DeviceType": device.device_type}
    if device.manufacturer is not None:
        parameters["Manufacturer"] = device.manufacturer
    return parameters | dict(device.parameters)


def host_name(endpoint_address: str) -> str:
    """The name in an endpoint's address.

    AWS answers a bare name. Emulators append the port of their HTTP interface, which is not where
    MQTT is spoken.
    """
    return endpoint_address.partition(":")[0]


def default_client_id_prefix(template_name: str) -> str:
    """The prefix of claim sessions' client ids that a template's claim policy admits by default."""
    return f"claim-{template_name}-"


def claim_client_id(prefix: str, serial_number: str) -> str:
    """The MQTT client id of a claim session.

    It names the device, because AWS IoT closes the older of two connections of one client id.

    Raises:
        ValueError: It would be longer than AWS IoT admits.
    """
    client_id = prefix + serial_number
    if len(client_id) > MAX_CLIENT_ID_LENGTH:
        raise ValueError(
            f"The client id {client_id!r} has {len(client_id)} characters and AWS IoT admits "
            f"{MAX_CLIENT_ID_LENGTH}. Choose a shorter client id prefix."
        )
    return client_id


def own_topic(pattern: str, device: DeviceSpec, thing_name: str) -> str:
    """A topic of a `Greeting` with the device's own names filled in.

    Only the three known placeholders are replaced, so that any other brace stays what it is.
    """
    for placeholder, value in (
        ("{thing}", thing_name),
        ("{serial}", device.serial_number),
        ("{type}", device.device_type),
    ):
        pattern = pattern.replace(placeholder, value)
    return pattern


def greeting_payload(topic: str, device: DeviceSpec) -> dict[str, Any]:
    """The JSON document a device publishes on one of its topics when it has connected.

    A shadow update must be a state document, anything else is free:
    https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html
    """
    report = {"serialNumber": device.serial_number, "deviceType": device.device_type}
    if topic.endswith("/shadow/update"):
        return {"state": {"reported": report}}
    return report
