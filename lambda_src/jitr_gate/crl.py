"""Whether a CA revoked a certificate, by the CA's revocation list.

A list that cannot be used says nothing about any device: that is a fault, and no refusal. Its
signature is not checked, for which the standard library has no means: whoever may write the object
decides who gets in.

Follows https://www.rfc-editor.org/rfc/rfc5280 (section 5).
"""

from device_registry.reasons import Denial, RefusalError
from jitr_gate import der, pem
from jitr_gate.certificate import Certificate
from jitr_gate.der import DerError

VERSION_2 = 1
# Without effect on who is on the list: authorityKeyIdentifier, cRLNumber.
_HARMLESS = frozenset({b"\x55\x1d\x23", b"\x55\x1d\x14"})
# They make a list hold less, or other certificates', than it seems to, critical or not:
# deltaCRLIndicator, issuingDistributionPoint, and certificateIssuer in an entry.
_PARTIAL = frozenset({b"\x55\x1d\x1b", b"\x55\x1d\x1c", b"\x55\x1d\x1d"})


class CrlUnavailableError(RefusalError):
    """The revocation list cannot be used; the message says why."""

    denial = Denial.CRL_UNAVAILABLE


def is_revoked(data: bytes, certificate: Certificate, now: float) -> bool:
    """Tell whether a certificate is on its CA's revocation list.

    Args:
        data: the list, as DER or PEM.
        certificate: the certificate.
        now: seconds since 1970.

    Raises:
        CrlUnavailableError: it is not a complete and current list of the certificate's CA.
    """
    try:
        return _is_revoked(_decoded(data), certificate, now)
    except DerError as error:
        raise CrlUnavailableError(str(error)) from None


def _decoded(data: bytes) -> bytes:
    if data[:1] == bytes([der.SEQUENCE]):
        return data
    return pem.decode(data.decode("ascii", "replace"), "X509 CRL")


def _is_revoked(data: bytes, certificate: Certificate, now: float) -> bool:
    outer = der.Reader(data)
    signed = outer.open(der.SEQUENCE)
    outer.close()
    body = signed.open(der.SEQUENCE)
    signed.take(der.SEQUENCE)
    signed.take(der.BIT_STRING)
    signed.close()
    if body.tag == der.INTEGER and der.integer(body.take(der.INTEGER)) != VERSION_2:
        raise DerError("a revocation list of an unknown version")
    body.take(der.SEQUENCE)
    if body.take(der.SEQUENCE) != certificate.issuer:
        raise DerError("the revocation list of another CA")
    _check_times(body, now)
    revoked = _is_listed(body, certificate.serial_number)
    if body.tag == der.EXPLICIT_0:
        wrapper = body.open(der.EXPLICIT_0)
        _check_extensions(wrapper.open(der.SEQUENCE))
        wrapper.close()
    body.close()
    return revoked


def _check_times(body: der.Reader, now: float) -> None:
    if der.take_time(body) > now:
        raise DerError("a revocation list of the future")
    # Without nextUpdate nobody can tell an old list from a new one: RFC 5280 demands it.
    if der.take_time(body) < now:
        raise DerError("the revocation list is out of date")


def _is_listed(body: der.Reader, serial_number: int) -> bool:
    """Read the whole list: a certificate further down may not hide behind a damaged entry."""
    found = False
    if body.tag != der.SEQUENCE:
        return found
    entries = body.open(der.SEQUENCE)
    while entries.tag is not None:
        entry = entries.open(der.SEQUENCE)
        found |= der.integer(entry.take(der.INTEGER)) == serial_number
        entry.take_any()
        if entry.tag is not None:
            _check_extensions(entry.open(der.SEQUENCE))
        entry.close()
    return found


def _check_extensions(extensions: der.Reader) -> None:
    while extensions.tag is not None:
        extension = extensions.open(der.SEQUENCE)
        identifier = bytes(extension.take(der.OBJECT_IDENTIFIER))
        critical = extension.tag == der.BOOLEAN and extension.take(der.BOOLEAN) != der.FALSE
        extension.take(der.OCTET_STRING)
        extension.close()
        if identifier in _PARTIAL:
            raise DerError("not the complete revocation list of one CA")
        if critical and identifier not in _HARMLESS:
            raise DerError("a critical extension that the gate does not know")
