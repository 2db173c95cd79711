"""From a certificate to a claim request, or to the reason why there is none. Pure."""

import re
from dataclasses import dataclass

from device_registry import names
from device_registry.claim import ClaimRequest
from device_registry.reasons import Denial, RefusalError
from jitr_gate import certificate
from jitr_gate.certificate import Certificate
from jitr_gate.der import DerError
from jitr_gate.settings import Settings, Source
from provisioning_hook.request import InvalidParameterError


class CertificateNotValidError(RefusalError):
    """The certificate is not valid at this time; the message names the limit."""

    denial = Denial.CERTIFICATE_NOT_VALID


@dataclass(kw_only=True)
class Device:
    """What a certificate says of its device, as far as it could be read: the log tells it."""

    serial_number: str | None = None
    device_type: str | None = None


def read(pem: str) -> Certificate:
    """Read the device's certificate.

    Raises:
        InvalidParameterError: it is not encoded as certificates are.
    """
    try:
        return certificate.from_pem(pem)
    except DerError as error:
        raise InvalidParameterError(f"certificate: {error}") from None


def claim_request(
    presented: Certificate, certificate_id: str, config: Settings, now: float, device: Device
) -> ClaimRequest:
    """Return what a certificate asks of the registry.

    Args:
        presented: the certificate.
        certificate_id: its id at AWS IoT.
        config: the settings.
        now: seconds since 1970.
        device: is told what could be read, before anything can be wrong with it.

    Raises:
        InvalidParameterError: a subject field is missing, or would be refused by AWS IoT later.
        CertificateNotValidError: it is not valid now.
    """
    device.serial_number = _value(config.serial_number, presented)
    device.device_type = _value(config.device_type, presented)
    manufacturer = _value(config.manufacturer, presented)
    if now < presented.not_before:
        raise CertificateNotValidError("notBefore")
    if now > presented.not_after:
        raise CertificateNotValidError("notAfter")
    serial_number = _matching(config.serial_number, names.SERIAL_NUMBER, device.serial_number)
    return ClaimRequest(
        serial_number=serial_number,
        device_type=_matching(config.device_type, names.DEVICE_TYPE, device.device_type),
        manufacturer=_matching(config.manufacturer, names.ATTRIBUTE_VALUE, manufacturer),
        certificate_id=certificate_id,
        # Who vouches for the device is its maker's CA, as the claim certificate does elsewhere.
        claim_certificate_id=config.ca_certificate_id,
        template_name=config.gate_name,
        thing_name=names.thing_name(config.registry.name_prefix, serial_number),
    )


def _value(source: Source, presented: Certificate) -> str:
    if source.field is None:
        return source.value or ""
    try:
        return certificate.field(presented, source.field)
    except DerError as error:
        raise InvalidParameterError(f"{source.field}: {error}") from None


def _matching(source: Source, pattern: re.Pattern[str], value: str) -> str:
    if not names.matches(pattern, value):
        raise InvalidParameterError(f"{source.field}: characters or a length that cannot be used")
    return value
