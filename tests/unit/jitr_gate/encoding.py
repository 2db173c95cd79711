"""Writes DER by hand, so that tests can write it wrongly."""

import base64

from jitr_gate import der

SHA256_WITH_ECDSA = bytes.fromhex("06082a8648ce3d040302")


def tlv(tag, *contents):
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*contents):
    return tlv(der.SEQUENCE, *contents)


def number(value):
    # The sign takes a bit of its own; of a negative number the complement says how many there are.
    bits = (value if value >= 0 else ~value).bit_length() + 1
    return tlv(der.INTEGER, value.to_bytes((bits + 7) // 8, "big", signed=True))


def attribute(identifier, value, tag=der.UTF8_STRING):
    content = value.encode() if isinstance(value, str) else value
    return sequence(tlv(der.OBJECT_IDENTIFIER, identifier), tlv(tag, content))


def name(*parts):
    """A name; each part is the encoding of one attribute, or several in one set."""
    return sequence(*(tlv(der.SET, part) for part in parts))


def time(text):
    tag = der.UTC_TIME if len(text) == len("YYMMDDHHMMSSZ") else der.GENERALIZED_TIME
    return tlv(tag, text.encode())


ALGORITHM = sequence(SHA256_WITH_ECDSA)
SIGNATURE = tlv(der.BIT_STRING, b"\0signature")
ISSUER = name(attribute(b"\x55\x04\x03", "Acme signing CA"))
VERSION_3 = tlv(der.EXPLICIT_0, number(2))
VERSION_2 = number(1)
SEVEN = number(7)
TEN_YEARS = sequence(time("260101000000Z"), time("360101000000Z"))
ONE_YEAR = time("260101000000Z") + time("270101000000Z")
NO_KEY = sequence()


def certificate(
    subject,
    *,
    version=VERSION_3,
    serial=SEVEN,
    issuer=ISSUER,
    validity=TEN_YEARS,
    key=NO_KEY,
    rest=b"",
    after_body=ALGORITHM + SIGNATURE,
):
    body = sequence(version, serial, ALGORITHM, issuer, validity, subject, key, rest)
    return sequence(body, after_body)


def crl(
    *entries,
    version=VERSION_2,
    issuer=ISSUER,
    updates=ONE_YEAR,
    revoked=None,
    rest=b"",
    after_body=ALGORITHM + SIGNATURE,
):
    listed = (sequence(*entries) if entries else b"") if revoked is None else revoked
    body = sequence(version, ALGORITHM, issuer, updates, listed, rest)
    return sequence(body, after_body)


def entry(serial, *extensions, extra=b""):
    listed = sequence(*extensions) if extensions else b""
    return sequence(number(serial), time("260101000000Z"), listed, extra)


def extension(identifier, critical=None):
    flag = b"" if critical is None else tlv(der.BOOLEAN, critical)
    return sequence(tlv(der.OBJECT_IDENTIFIER, identifier), flag, tlv(der.OCTET_STRING, b"\x05\0"))


def pem(encoded, label="CERTIFICATE"):
    body = base64.encodebytes(encoded).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"
