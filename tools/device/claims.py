"""The two kinds of claim a device can come with.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/provision-wo-cert.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from tools.device.failures import ClaimUnavailable
from tools.device.model import ClientCredentials

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

CLAIM_MARGIN_SECONDS = 60
"""A temporary claim this close to its end is replaced rather than presented."""


class Claim(Protocol):
    """Something that lets a device in for the first time."""

    def credentials(self) -> ClientCredentials:
        """The certificate and key to connect with.

        Raises:
            ClaimUnavailable: There is none.
        """
        ...


class ClaimCertificate:
    """A claim certificate, shared by the devices of a batch, and its key.

    Args:
        certificate_file: PEM file.
        private_key_file: PEM file, not encrypted.
    """

    def __init__(self, certificate_file: Path, private_key_file: Path) -> None:
        self._certificate_file = certificate_file
        self._private_key_file = private_key_file

    def credentials(self) -> ClientCredentials:
        """See `Claim.credentials`."""
        return ClientCredentials(_read(self._certificate_file), _read(self._private_key_file))


class TrustedUserClaim:
    """A temporary claim that a trusted user (an installer's app, say) asks for: five minutes.

    One claim serves any number of devices until shortly before it expires. May be used from
    several threads.

    Args:
        iot: A boto3 IoT client that acts for the user; iot:CreateProvisioningClaim is needed.
        template_name: The provisioning template.
        clock: Epoch seconds.
    """

    def __init__(
        self, iot: IoTClient, template_name: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._iot = iot
        self._template_name = template_name
        self._clock = clock
        self._lock = threading.Lock()
        self._current: ClientCredentials | None = None
        self._expires_at = 0.0

    def credentials(self) -> ClientCredentials:
        """See `Claim.credentials`."""
        with self._lock:
            if self._current is None or self._clock() >= self._expires_at - CLAIM_MARGIN_SECONDS:
                self._current, expiration = self._ask()
                self._expires_at = expiration.timestamp()
            return self._current

    def _ask(self) -> tuple[ClientCredentials, datetime]:
        try:
            answer = self._iot.create_provisioning_claim(templateName=self._template_name)
        except (BotoCoreError, ClientError) as error:
            raise ClaimUnavailable(
                f"No temporary claim for the template {self._template_name} ({error}). Check that "
                "the template exists in this account and region, and that the trusted user's "
                "credentials allow iot:CreateProvisioningClaim on it."
            ) from error
        key = answer["keyPair"]["PrivateKey"]
        return ClientCredentials(answer["certificatePem"], key), answer["expiration"]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ClaimUnavailable(
            f"The claim file {file} cannot be read ({error}). Give the PEM files of a claim "
            "certificate and its private key."
        ) from error
