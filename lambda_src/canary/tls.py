"""The way to AWS IoT: TCP, and TLS with the device's certificate.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/transport-security.html: the server
name says whose endpoint is meant, and the server's certificate is checked against it.
"""

import contextlib
import os
import socket
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from canary.failures import Closed
from canary.mqtt import Connection

SECURE_MQTT_PORT = 8883
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Credentials:
    """A certificate and its private key, both as PEM text. The key never shows in a repr."""

    certificate_pem: str
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where devices connect.

    Attributes:
        server_name: The account's endpoint for devices.
        address: Connect to this instead of looking the name up; None at AWS.
        port: TCP port.
        ca_file: Roots that may sign the server's certificate, as PEM; None for the system's, which
            include Amazon's.
    """

    server_name: str
    address: str | None = None
    port: int = SECURE_MQTT_PORT
    ca_file: str | None = None


def open_connection(endpoint: Endpoint, credentials: Credentials, client_id: str) -> Connection:
    """Connect as a client.

    Raises:
        DeviceFailure: there is no connection.
    """
    context = ssl.create_default_context(cafile=endpoint.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, credentials)
    address = (endpoint.address or endpoint.server_name, endpoint.port)
    raw: socket.socket | None = None
    try:
        raw = socket.create_connection(address, CONNECT_SECONDS)
        connection = Connection(context.wrap_socket(raw, server_hostname=endpoint.server_name))
    except OSError as error:
        if raw is not None:
            raw.close()
        raise Closed(f"{type(error).__name__} at {address[0]}:{address[1]}") from error
    try:
        connection.open(client_id)
    except BaseException:
        connection.close()
        raise
    return connection


def _load(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Hand over the key, which ``ssl`` takes from a file only: one that nobody else may read."""
    handle, name = tempfile.mkstemp(prefix="canary-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{credentials.certificate_pem}\n{credentials.private_key_pem}")
        context.load_cert_chain(name)
    except ssl.SSLError as error:
        raise Closed(f"the certificate or its key cannot be used ({error.reason})") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
