"""What a device has stored of its identity, and what it does next: pure decisions."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tools.device.model import ClientCredentials, IssuedCertificate, RegisteredThing

OWNERSHIP_TOKEN_SECONDS = 3600
"""AWS IoT deletes a certificate that was not registered within an hour."""

TOKEN_MARGIN_SECONDS = 60
"""A token this close to its end is not used: it could lapse on the way."""


class Step(enum.Enum):
    """What a device does next."""

    OBTAIN_CERTIFICATE = enum.auto()
    REGISTER = enum.auto()
    CONNECT = enum.auto()


@dataclass(frozen=True)
class Identity:
    """A device's certificate, registered or on its way.

    Attributes:
        certificate_id: 64 hexadecimal digits.
        credentials: The certificate and its key.
        ownership_token: Until the device is registered.
        token_expires_at: Epoch seconds; meaningless without a token.
        thing_name: From the moment the device is registered.
        device_configuration: What AWS IoT sent along with the thing name.
        confirmed: Whether a connection with this certificate has succeeded.
    """

    certificate_id: str
    credentials: ClientCredentials
    ownership_token: str | None = field(default=None, repr=False)
    token_expires_at: float = 0.0
    thing_name: str | None = None
    device_configuration: Mapping[str, Any] = field(default_factory=dict)
    confirmed: bool = False


def next_step(identity: Identity | None, now: float) -> Step:
    """What a device with this identity does next.

    Args:
        identity: What is stored, None for a new device.
        now: Epoch seconds.
    """
    if identity is None:
        return Step.OBTAIN_CERTIFICATE
    if identity.thing_name is not None:
        return Step.CONNECT
    if identity.ownership_token is None:
        return Step.OBTAIN_CERTIFICATE
    if now >= identity.token_expires_at - TOKEN_MARGIN_SECONDS:
        return Step.OBTAIN_CERTIFICATE
    return Step.REGISTER


def issued(certificate: IssuedCertificate, own_key_pem: str | None, now: float) -> Identity:
    """The identity of a device that was just given a certificate.

    Args:
        certificate: What AWS IoT answered.
        own_key_pem: The key behind the signing request; None when AWS IoT made the key.
        now: Epoch seconds before the request was sent, so that the token is never overrated.

    Raises:
        ValueError: Neither side has the key.
    """
    key = own_key_pem if own_key_pem is not None else certificate.private_key_pem
    if key is None:
        raise ValueError("The answer holds no private key, and the device made none.")
    return Identity(
        certificate_id=certificate.certificate_id,
        credentials=ClientCredentials(certificate.certificate_pem, key),
        ownership_token=certificate.ownership_token,
        token_expires_at=now + OWNERSHIP_TOKEN_SECONDS,
    )


def registered(identity: Identity, thing: RegisteredThing) -> Identity:
    """The identity once RegisterThing was accepted. The token has served and is dropped."""
    return replace(
        identity,
        ownership_token=None,
        token_expires_at=0.0,
        thing_name=thing.thing_name,
        device_configuration=dict(thing.device_configuration),
    )


def confirmed(identity: Identity) -> Identity:
    """The identity once a connection with it has succeeded."""
    return replace(identity, confirmed=True)
