"""The steps at AWS IoT that let a device in or keep it out. Each may be repeated at any time.

A function may be stopped between any two of them, and many run for one certificate at the same
time, since the event is published at each connection. So every step asks for a state and not for a
change, and none undoes what another run did.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device_registry import certificates
from device_registry.certificates import ACTIVE, PENDING, status_of
from jitr_gate.request import IgnoredError, Reason
from jitr_gate.settings import RefusedStatus

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient


@dataclass(frozen=True)
class Description:
    """A certificate that waits for a decision, or that one let in."""

    arn: str
    pem: str
    status: str


def describe(iot: "IoTClient", certificate_id: str, ca_certificate_id: str) -> Description:
    """Return a certificate that is PENDING_ACTIVATION or ACTIVE.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeCertificate.html.

    Raises:
        IgnoredError: it is neither, is another CA's, or is gone.
        ClientError, BotoCoreError: AWS IoT refused, for another reason.
    """
    found = certificates.describe(iot, certificate_id)
    if found is None:
        raise IgnoredError(Reason.UNKNOWN_CERTIFICATE)
    if found.get("caCertificateId") != ca_certificate_id:
        raise IgnoredError(Reason.OTHER_CA)
    status = found["status"]
    if status not in (PENDING, ACTIVE):
        raise IgnoredError(Reason.NOT_PENDING, status)
    return Description(arn=found["certificateArn"], pem=found["certificatePem"], status=status)


def activate(iot: "IoTClient", certificate_id: str) -> None:
    """Let a certificate that still waits for it connect.

    Raises:
        IgnoredError: it is INACTIVE, REVOKED or gone since: whoever did that knew more.
        ClientError, BotoCoreError: AWS IoT refused.
    """
    status = status_of(iot, certificate_id)
    if status is None:
        raise IgnoredError(Reason.UNKNOWN_CERTIFICATE)
    if status == PENDING:
        iot.update_certificate(certificateId=certificate_id, newStatus=ACTIVE)
    elif status != ACTIVE:
        raise IgnoredError(Reason.NOT_PENDING, status)


def shut_out(
    iot: "IoTClient", certificate_id: str, *, when: str, refused_status: RefusedStatus
) -> None:
    """Keep a certificate from connecting for good, if its status is still the one expected.

    Asked again right before: between the verdict and this, another run may have let the device in
    by a newer verdict, or an operator may have revoked it, which is never to be made less.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    if status_of(iot, certificate_id) == when:
        iot.update_certificate(certificateId=certificate_id, newStatus=refused_status)
