"""The function's settings, from its environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from device_registry import names
from device_registry.reasons import MisconfiguredError
from jitr_gate.certificate import SUBJECT_FIELDS
from provisioning_hook import settings as registry_settings

RefusedStatus = Literal["INACTIVE", "REVOKED"]

_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)


@dataclass(frozen=True)
class Source:
    """Where a value comes from: it is fixed, or a subject field's. Neither: there is none."""

    value: str | None = None
    field: str | None = None


@dataclass(frozen=True)
class CrlObject:
    """Where the CA's revocation list is, and the account that owns the bucket."""

    bucket: str
    key: str
    bucket_owner: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the gate of one CA is told; ``registry`` holds what the hook is told as well."""

    registry: registry_settings.Settings
    gate_name: str
    ca_certificate_id: str
    serial_number: Source
    device_type: Source
    manufacturer: Source
    refused_status: RefusedStatus
    crl: CrlObject | None


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        MisconfiguredError: a variable is missing or has a value that cannot work.
    """
    device_type = _source(environ, "DEVICE_TYPE", names.DEVICE_TYPE)
    if device_type == Source():
        raise MisconfiguredError("DEVICE_TYPE")
    return Settings(
        registry=registry_settings.from_environment(environ),
        gate_name=_matching(environ, "GATE_NAME", names.TEMPLATE_NAME),
        ca_certificate_id=_matching(environ, "CA_CERTIFICATE_ID", names.CERTIFICATE_ID),
        serial_number=Source(field=_field(environ, "SERIAL_NUMBER_FIELD")),
        device_type=device_type,
        manufacturer=_source(environ, "MANUFACTURER", names.ATTRIBUTE_VALUE),
        refused_status=_refused_status(environ),
        crl=_crl(environ),
    )


def _matching(environ: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = environ.get(name)
    if value is None or not names.matches(pattern, value):
        raise MisconfiguredError(name)
    return value


def _field(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if value is None or value not in SUBJECT_FIELDS:
        raise MisconfiguredError(name)
    return value


def _source(environ: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> Source:
    """Read ``name`` or ``name``_FIELD, of which there may be one."""
    field_name = f"{name}_FIELD"
    if name in environ and field_name in environ:
        raise MisconfiguredError(name)
    if name in environ:
        return Source(value=_matching(environ, name, pattern))
    if field_name in environ:
        return Source(field=_field(environ, field_name))
    return Source()


def _refused_status(environ: Mapping[str, str]) -> RefusedStatus:
    match environ.get("REFUSED_CERTIFICATE_STATUS"):
        case "INACTIVE":
            return "INACTIVE"
        case "REVOKED":
            return "REVOKED"
    raise MisconfiguredError("REFUSED_CERTIFICATE_STATUS")


def _crl(environ: Mapping[str, str]) -> CrlObject | None:
    if not environ.keys() & {"CRL_BUCKET", "CRL_KEY", "CRL_BUCKET_OWNER"}:
        return None
    for name in ("CRL_BUCKET", "CRL_KEY"):
        if not environ.get(name):
            raise MisconfiguredError(name)
    owner = _matching(environ, "CRL_BUCKET_OWNER", _ACCOUNT_ID)
    return CrlObject(environ["CRL_BUCKET"], environ["CRL_KEY"], owner)
