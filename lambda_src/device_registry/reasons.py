"""Why a provisioning request was allowed or denied: two closed lists."""

from enum import StrEnum
from typing import ClassVar


class Grant(StrEnum):
    """Why a claim was granted."""

    FIRST_CLAIM = "FIRST_CLAIM"
    LEASE_EXPIRED = "LEASE_EXPIRED"
    REPLACEMENT = "REPLACEMENT"
    REPEAT = "REPEAT"


class Denial(StrEnum):
    """Why a request was refused. The device never sees it; operators find it in the log."""

    UNKNOWN_SERIAL = "UNKNOWN_SERIAL"
    WRONG_DEVICE_TYPE = "WRONG_DEVICE_TYPE"
    WRONG_MANUFACTURER = "WRONG_MANUFACTURER"
    WRONG_CLAIM = "WRONG_CLAIM"
    CLAIMED_BY_OTHER_CERTIFICATE = "CLAIMED_BY_OTHER_CERTIFICATE"
    ALREADY_ACTIVE = "ALREADY_ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    ENROLMENT_EXPIRED = "ENROLMENT_EXPIRED"
    NOT_HOME_REGION = "NOT_HOME_REGION"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    INVALID_REQUEST = "INVALID_REQUEST"
    CERTIFICATE_NOT_VALID = "CERTIFICATE_NOT_VALID"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    CRL_UNAVAILABLE = "CRL_UNAVAILABLE"
    MALFORMED_RECORD = "MALFORMED_RECORD"
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE"
    MISCONFIGURED = "MISCONFIGURED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class RefusalError(Exception):
    """An error that means: refuse, for this reason. The message says which field or error code."""

    denial: ClassVar[Denial]


class MisconfiguredError(RefusalError):
    """A setting is missing or wrong; the message names the environment variable."""

    denial = Denial.MISCONFIGURED
