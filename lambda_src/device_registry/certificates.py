"""A device's certificates: how they stand at AWS IoT, and which of them its record permits.

A certificate that once held the device's claim never gets it back, so a verdict on one only ever
goes from "may be used" to "may not", but for a suspension that ends.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html.
"""

import hashlib
import ssl
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from device_registry.aws_errors import is_not_found
from device_registry.record import DeviceRecord, Status

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot.type_defs import CertificateDescriptionTypeDef

CertificateStatus = Literal["ACTIVE", "INACTIVE", "REVOKED"]
ACTIVE: CertificateStatus = "ACTIVE"
INACTIVE: CertificateStatus = "INACTIVE"
REVOKED: CertificateStatus = "REVOKED"
# Issued and not activated yet: AWS IoT does so at the end of RegisterThing, or the gate does.
PENDING = "PENDING_ACTIVATION"


# Far above what any key and subject come to; a record is read and copied whole.
_MAX_PEM_CHARACTERS = 16_384


def verified_pem(pem: str, certificate_id: str) -> str | None:
    """Return a certificate as PEM text, if it is the one with this id; None: it is none, or other.

    AWS IoT's id of a certificate is the SHA-256 of its encoding, so that nobody has to be trusted.
    """
    if len(pem) > _MAX_PEM_CHARACTERS:
        return None
    try:
        encoding = ssl.PEM_cert_to_DER_cert(pem)
    except ValueError:
        return None
    is_it = hashlib.sha256(encoding).hexdigest() == certificate_id
    return ssl.DER_cert_to_PEM_cert(encoding) if is_it else None


def describe(iot: "IoTClient", certificate_id: str) -> "CertificateDescriptionTypeDef | None":
    """Return what AWS IoT knows of a certificate; None where it does not have it.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    try:
        return iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    except ClientError as error:
        if is_not_found(error):
            return None
        raise


def status_of(iot: "IoTClient", certificate_id: str) -> str | None:
    """Return a certificate's status; None where AWS IoT does not have it.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    found = describe(iot, certificate_id)
    return None if found is None else found["status"]


def attached_to(iot: "IoTClient", thing_name: str) -> dict[str, str] | None:
    """Return the ARNs of a thing's certificates, by id; None where there is no such thing.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    pages = iot.get_paginator("list_thing_principals").paginate(thingName=thing_name)
    try:
        principals = [principal for page in pages for principal in page["principals"]]
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    split = ((principal, *principal.rpartition("/")) for principal in principals)
    # Other principals, Cognito identities, have no certificate to switch.
    return {each: principal for principal, kind, _, each in split if kind.endswith(":cert")}


def of_device(record: DeviceRecord) -> list[str]:
    """Return the ids of every certificate that ever held the device's claim, the present first."""
    present = [record.certificate_id] if record.certificate_id else []
    return present + sorted((record.certificate_ids or frozenset()) - set(present))


def permitted(record: DeviceRecord) -> frozenset[str]:
    """Return the ids of the certificates that the device may connect with.

    Until its new certificate is confirmed, a device goes on with those that it had.
    """
    if record.status is Status.ACTIVE and record.certificate_id is not None:
        return frozenset({record.certificate_id})
    if record.status is Status.PROVISIONING:
        return frozenset(of_device(record)) - (record.retired_certificate_ids or frozenset())
    return frozenset()


def cut_off(record: DeviceRecord, status: str | None) -> CertificateStatus | None:
    """Return what becomes of a certificate that the record does not permit; None: it stays.

    PENDING_ACTIVATION cannot connect. It is only touched for good.

    Args:
        record: the record as it is now.
        status: the certificate's status at AWS IoT; None where AWS IoT does not have it.
    """
    if record.status is Status.REVOKED:
        return REVOKED if status in (ACTIVE, INACTIVE, PENDING) else None
    return INACTIVE if status == ACTIVE else None
