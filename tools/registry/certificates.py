"""A device's certificates at AWS IoT, switched together with its record.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html. A device
that is connected when its certificate leaves ACTIVE is disconnected within a few minutes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from device_registry.record import DeviceRecord
from device_registry.transitions import Action
from tools.aws_errors import is_not_found

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

CertificateStatus = Literal["ACTIVE", "INACTIVE", "REVOKED"]
ACTIVE = "ACTIVE"
# Made by fleet provisioning and not activated yet: AWS IoT does so at the end of RegisterThing.
PENDING = "PENDING_ACTIVATION"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Sets a certificate to ``to``, if its status is one of ``when``."""

    to: CertificateStatus
    when: frozenset[str]


# PENDING_ACTIVATION cannot connect. It is only touched for good: set INACTIVE, a later `resume`
# would activate a certificate that AWS IoT never did.
SWITCHES = {
    Action.SUSPEND: Switch(to="INACTIVE", when=frozenset({ACTIVE})),
    Action.RESUME: Switch(to="ACTIVE", when=frozenset({"INACTIVE"})),
    Action.REVOKE: Switch(to="REVOKED", when=frozenset({ACTIVE, "INACTIVE", PENDING})),
    Action.RELEASE: Switch(to="INACTIVE", when=frozenset({ACTIVE})),
}


def of_device(record: DeviceRecord) -> list[str]:
    """Return the ids of every certificate that ever held the device's claim, the present first."""
    present = [record.certificate_id] if record.certificate_id else []
    return present + sorted((record.certificate_ids or frozenset()) - set(present))


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
