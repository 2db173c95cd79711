"""A device's certificates at AWS IoT, switched together with its record.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html. A device
that is connected when its certificate leaves ACTIVE is disconnected within a few minutes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry.certificates import ACTIVE, INACTIVE, PENDING, REVOKED, CertificateStatus
from device_registry.transitions import Action
from tools.aws_errors import is_not_found

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Sets a certificate to ``to``, if its status is one of ``when``."""

    to: CertificateStatus
    when: frozenset[str]


# PENDING_ACTIVATION cannot connect. It is only touched for good: set INACTIVE, a later `resume`
# would activate a certificate that AWS IoT never did.
SWITCHES = {
    Action.SUSPEND: Switch(to=INACTIVE, when=frozenset({ACTIVE})),
    Action.RESUME: Switch(to=ACTIVE, when=frozenset({INACTIVE})),
    Action.REVOKE: Switch(to=REVOKED, when=frozenset({ACTIVE, INACTIVE, PENDING})),
    Action.RELEASE: Switch(to=INACTIVE, when=frozenset({ACTIVE})),
}


def status_of(iot: "IoTClient", certificate_id: str) -> str | None:
    """Return a certificate's status; None where AWS IoT does not have it."""
    try:
        answer = iot.describe_certificate(certificateId=certificate_id)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return answer["certificateDescription"]["status"]


def short(certificate_id: str) -> str:
    """Return enough of a certificate id to tell it from others by eye."""
    return f"{certificate_id[:12]}..."
