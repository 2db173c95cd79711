"""What AWS IoT has of a CA: the CA itself, and the certificates that it signed.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_ListCertificatesByCA.html and
https://docs.aws.amazon.com/iot/latest/developerguide/query-syntax.html.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_registry.aws_errors import NOT_FOUND, error_code, is_not_found
from tools.aws_errors import ACCESS_DENIED

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

_PAGE = 250
_INDEX = "AWS_Things"
# A query may have 1,000 characters, and a thing's name 128.
THINGS_PER_QUERY = 6
_NO_INDEX = frozenset({"IndexNotReadyException", "InvalidRequestException", NOT_FOUND})


class ConnectivityUnknownError(Exception):
    """The fleet index does not tell; the message is a sentence."""


@dataclass(frozen=True, kw_only=True)
class RegisteredAuthority:
    """A CA as AWS IoT has it."""

    active: bool
    auto_registration: bool


@dataclass(frozen=True, kw_only=True)
class RegisteredCertificate:
    """A certificate that a CA signed."""

    certificate_id: str
    arn: str
    status: str
    created: datetime


@dataclass(frozen=True, kw_only=True)
class Connection:
    """When a thing last connected or disconnected; the time in seconds, None if forgotten."""

    connected: bool
    at: float | None


def describe(iot: "IoTClient", authority_id: str) -> RegisteredAuthority | None:
    """Return a CA; None where this account and Region have none of that id."""
    try:
        answer = iot.describe_ca_certificate(certificateId=authority_id)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    description = answer["certificateDescription"]
    return RegisteredAuthority(
        active=description["status"] == "ACTIVE",
        auto_registration=description.get("autoRegistrationStatus") == "ENABLE",
    )


def certificates(iot: "IoTClient", authority_id: str) -> Iterator[RegisteredCertificate]:
    """Yield every certificate that a CA signed, the newest first."""
    pages = iot.get_paginator("list_certificates_by_ca").paginate(
        caCertificateId=authority_id, ascendingOrder=False, PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        for each in page.get("certificates", []):
            yield RegisteredCertificate(
                certificate_id=each["certificateId"],
                arn=each["certificateArn"],
                status=each["status"],
                created=each["creationDate"],
            )


def things_of(iot: "IoTClient", certificate: RegisteredCertificate) -> tuple[str, ...]:
    """Return the things that a certificate is attached to."""
    pages = iot.get_paginator("list_principal_things").paginate(principal=certificate.arn)
    try:
        return tuple(thing for page in pages for thing in page.get("things", []))
    except ClientError as error:
        if is_not_found(error):
            return ()
        raise


def connections(iot: "IoTClient", things: Sequence[str]) -> dict[str, Connection]:
    """Return the connections of at most `THINGS_PER_QUERY` things, by the thing's name.

    Raises:
        ConnectivityUnknownError: the fleet index is off, or the caller may not ask it.
    """
    query = " OR ".join(f'thingName:"{thing}"' for thing in things)
    try:
        answer = iot.search_index(indexName=_INDEX, queryString=query, maxResults=THINGS_PER_QUERY)
    except ClientError as error:
        code = error_code(error)
        if code in ACCESS_DENIED:
            raise ConnectivityUnknownError(
                "Last connections are not known: the caller may not use iot:SearchIndex."
            ) from error
        if code in _NO_INDEX:
            raise ConnectivityUnknownError(
                f"Last connections are not known: fleet indexing is off or not ready ({code})."
            ) from error
        raise
    found = answer.get("things", [])
    if found and not any("connectivity" in thing for thing in found):
        raise ConnectivityUnknownError(
            "Last connections are not known: fleet indexing does not index connectivity."
        )
    return dict(_connections(found))


def _connections(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Connection]]:
    for thing in found:
        connectivity = thing.get("connectivity")
        if connectivity is not None:
            milliseconds = connectivity.get("timestamp")
            yield (
                thing["thingName"],
                Connection(
                    connected=bool(connectivity.get("connected")),
                    at=milliseconds / 1_000 if milliseconds else None,
                ),
            )
