"""A claim certificate at AWS IoT, switched off. Each step may be repeated.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from device_registry.certificates import ACTIVE, INACTIVE, status_of

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient


class Outcome(StrEnum):
    """What became of the claim certificate."""

    # It was ACTIVE, and is not any more.
    DISABLED = "disabled"
    # Nobody could connect with it before: another attempt, an operator or Terraform was faster.
    UNCHANGED = "unchanged"
    # AWS IoT does not have it.
    ABSENT = "absent"


def disable(iot: "IoTClient", certificate_id: str) -> tuple[Outcome, str | None]:
    """Switch a certificate off, and return what came of it and the status it had.

    Only ACTIVE lets anybody in. Any other status stays: REVOKED is final, and an INACTIVE one is
    what is wanted.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused, or the role does: it is none of the claims'.
    """
    status = status_of(iot, certificate_id)
    if status is None:
        return Outcome.ABSENT, None
    if status != ACTIVE:
        return Outcome.UNCHANGED, status
    iot.update_certificate(certificateId=certificate_id, newStatus=INACTIVE)
    return Outcome.DISABLED, status
