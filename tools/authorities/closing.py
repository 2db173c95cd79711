"""Closes a CA and takes its certificates out of use: what to do when its key is stolen.

A CA that is inactive brings nothing new in, and that is all it does: what is registered stays
connected until each certificate is set inactive or revoked.
https://docs.aws.amazon.com/iot/latest/developerguide/manage-your-CA-certs.html
"""

import time
from collections.abc import Callable, Iterator
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code, is_not_found
from tools.authorities.registered import RegisteredCertificate, certificates, describe
from tools.aws_errors import RUN_ENDING
from tools.ordered import in_order

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

# AWS takes ten UpdateCertificate a second. More under way only means more that are throttled.
_WORKERS = 4
# A listing may be seconds behind, and a provisioning that is under way may still activate its
# certificate: so the list is read again, and what is not as asked for is done again.
_ROUNDS = 10
_PAUSE_SECONDS = 3


class Target(StrEnum):
    """What a certificate is set to."""

    INACTIVE = "INACTIVE"
    REVOKED = "REVOKED"


class Found(Enum):
    """How a CA was found that is to be closed."""

    OPEN = auto()
    CLOSED = auto()
    UNREGISTERED = auto()


def needs(target: Target, status: str) -> bool:
    """Tell whether a certificate has to be changed. A revoked one never becomes inactive again."""
    return status not in {target, Target.REVOKED}


def close(iot: "IoTClient", authority_id: str) -> Found:
    """Set a CA inactive and its automatic registration off; tell how it was found."""
    found = describe(iot, authority_id)
    if found is None:
        return Found.UNREGISTERED
    if not (found.active or found.auto_registration):
        return Found.CLOSED
    iot.update_ca_certificate(
        certificateId=authority_id,
        newStatus="INACTIVE",
        newAutoRegistrationStatus="DISABLE",
    )
    return Found.OPEN


class Run:
    """Takes all certificates of a CA out of use; may be repeated at any time.

    Args:
        iot: The client.
        authority_id: The CA.
        target: What its certificates are set to.
        sleep: Waits for a number of seconds.

    Attributes:
        changed: The ids of the certificates that were changed.
        failures: Why a certificate could not be changed, by its id.
        left: How many were still to be changed when the last list was read.
    """

    def __init__(
        self,
        iot: "IoTClient",
        authority_id: str,
        target: Target,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._iot = iot
        self._authority_id = authority_id
        self._target = target
        self._sleep = sleep
        self.changed: set[str] = set()
        self.failures: dict[str, str] = {}
        self.left = 0

    def rounds(self) -> Iterator[list[RegisteredCertificate]]:
        """Yield what is to be changed, list after list, until nothing is or it does not help."""
        for number in range(_ROUNDS):
            if number:
                self._sleep(_PAUSE_SECONDS)
            todo = self._todo()
            self.left = len(todo)
            if not todo:
                return
            yield todo
        self.left = len(self._todo())

    def change(self, todo: list[RegisteredCertificate]) -> Iterator[str]:
        """Change these certificates; yield the id of each that was tried.

        Raises:
            ClientError: AWS refused in a way that concerns all certificates.
        """
        for certificate, failure in in_order(self._change_one, todo, workers=_WORKERS):
            if failure is None:
                self.changed.add(certificate.certificate_id)
            else:
                self.failures[certificate.certificate_id] = failure
            yield certificate.certificate_id

    def _todo(self) -> list[RegisteredCertificate]:
        return [
            each
            for each in certificates(self._iot, self._authority_id)
            if needs(self._target, each.status) and each.certificate_id not in self.failures
        ]

    def _change_one(self, certificate: RegisteredCertificate) -> str | None:
        try:
            self._iot.update_certificate(
                certificateId=certificate.certificate_id, newStatus=self._target.value
            )
        except ClientError as error:
            if is_not_found(error):
                # It was deleted since the list was read: nobody connects with it.
                return None
            if error_code(error) in RUN_ENDING:
                raise
            message = error.response["Error"].get("Message", "no message").rstrip(".")
            return f"it is {certificate.status}, and AWS answered {error_code(error)}: {message}"
        return None
