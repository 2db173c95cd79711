"""Reading the event: only which certificate is meant; everything else is asked of AWS IoT itself.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/auto-register-device-cert.html.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from device_registry import names


class Reason(StrEnum):
    """Why an event is left alone."""

    NOT_THE_EVENT = "NOT_THE_EVENT"
    OTHER_CA = "OTHER_CA"
    UNKNOWN_CERTIFICATE = "UNKNOWN_CERTIFICATE"
    NOT_PENDING = "NOT_PENDING"


class IgnoredError(Exception):
    """There is nothing to decide: the certificate is not, or no longer, this gate's to decide on.

    Args:
        reason: why.
        detail: what the log adds to it.
    """

    def __init__(self, reason: Reason, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def certificate_id(event: Any, ca_certificate_id: str) -> str:
    """Return the id of the certificate that an event is about.

    Args:
        event: what the topic rule passed on.
        ca_certificate_id: the CA that this gate decides for.

    Raises:
        IgnoredError: the event is none of a certificate's registration, or is another CA's.
    """
    if not isinstance(event, Mapping):
        raise IgnoredError(Reason.NOT_THE_EVENT, "event")
    certificate_id = event.get("certificateId")
    if not isinstance(certificate_id, str) or not names.matches(
        names.CERTIFICATE_ID, certificate_id
    ):
        raise IgnoredError(Reason.NOT_THE_EVENT, "certificateId")
    if event.get("caCertificateId") != ca_certificate_id:
        raise IgnoredError(Reason.OTHER_CA)
    return certificate_id
