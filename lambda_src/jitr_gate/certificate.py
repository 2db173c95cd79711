"""What the gate reads of a device certificate: who it names, until when, and who signed it.

AWS IoT has checked the signature when the device connected; that is not done again.

Follows https://www.rfc-editor.org/rfc/rfc5280 (section 4.1) and, for the subject's fields,
https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jitr_gate import der, pem
from jitr_gate.der import DerError

# The parameters AWS::IoT::Certificate::* that come from the subject, with the identifiers (2.5.4.x)
# that X.520 gives them.
SUBJECT_FIELDS = {
    "CommonName": b"\x55\x04\x03",
    "Country": b"\x55\x04\x06",
    "DistinguishedNameQualifier": b"\x55\x04\x2e",
    "Organization": b"\x55\x04\x0a",
    "OrganizationalUnit": b"\x55\x04\x0b",
    "SerialNumber": b"\x55\x04\x05",
    "StateName": b"\x55\x04\x08",
}
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")


@dataclass(frozen=True)
class Attribute:
    """One attribute of a name, as it is encoded."""

    object_identifier: bytes
    tag: int
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate, as far as the gate looks at it. Times are seconds since 1970.

    ``serial_number`` is the CA's number for it, ``issuer`` the encoding of the CA's name.
    """

    serial_number: int
    issuer: bytes
    not_before: int
    not_after: int
    subject: tuple[Attribute, ...]


def from_pem(text: str) -> Certificate:
    """Read a certificate.

    Raises:
        DerError: it is none.
    """
    outer = der.Reader(pem.decode(text, "CERTIFICATE"))
    signed = outer.open(der.SEQUENCE)
    outer.close()
    body = signed.open(der.SEQUENCE)
    signed.take(der.SEQUENCE)
    signed.take(der.BIT_STRING)
    signed.close()
    if body.tag == der.EXPLICIT_0:
        body.take_any()
    serial_number = der.integer(body.take(der.INTEGER))
    body.take(der.SEQUENCE)
    issuer = bytes(body.take(der.SEQUENCE))
    validity = body.open(der.SEQUENCE)
    not_before, not_after = der.take_time(validity), der.take_time(validity)
    validity.close()
    subject = tuple(_attributes(body.open(der.SEQUENCE)))
    body.take(der.SEQUENCE)
    while body.tag is not None:
        body.take_any()
    return Certificate(
        serial_number=serial_number,
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        subject=subject,
    )


def _attributes(name: der.Reader) -> Iterator[Attribute]:
    while name.tag is not None:
        relative = name.open(der.SET)
        if relative.tag is None:
            raise DerError("an empty part of a name")
        while relative.tag is not None:
            attribute = relative.open(der.SEQUENCE)
            object_identifier = bytes(attribute.take(der.OBJECT_IDENTIFIER))
            tag, content = attribute.take_any()
            attribute.close()
            yield Attribute(object_identifier, tag, bytes(content))


def field(certificate: Certificate, name: str) -> str:
    """Return the value of a subject field, one of ``SUBJECT_FIELDS``.

    Raises:
        DerError: the field is missing, occurs twice, or is not text of a type that all readers
            understand alike.
    """
    wanted = SUBJECT_FIELDS[name]
    found = [each for each in certificate.subject if each.object_identifier == wanted]
    if not found:
        raise DerError("missing")
    if len(found) > 1:
        # Which of them counts is for every reader to choose, AWS IoT among them.
        raise DerError("more than once")
    return _text(found[0])


def _text(attribute: Attribute) -> str:
    """Decode by type; T61String, BMPString and others are read differently by different readers."""
    try:
        if attribute.tag == der.UTF8_STRING:
            return attribute.content.decode()
        text = attribute.content.decode("ascii")
    except UnicodeDecodeError:
        raise DerError("not text of its type") from None
    if attribute.tag == der.IA5_STRING:
        return text
    if attribute.tag == der.PRINTABLE_STRING:
        if not _PRINTABLE.fullmatch(text):
            raise DerError("not text of its type")
        return text
    raise DerError("not a UTF8String, PrintableString or IA5String")
