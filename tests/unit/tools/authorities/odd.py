"""Device certificates as a factory should not make them."""

import base64
import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tools.authorities.pem import without_warnings
from tools.device.maker import SUBJECT_FIELDS

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
CA = x509.BasicConstraints(ca=True, path_length=None)
NO_CA = x509.BasicConstraints(ca=False, path_length=None)


def usage(*names):
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


SIGNS = usage("digital_signature")


def name(*fields):
    """A subject out of pairs, without the library's own checks."""
    with without_warnings():
        return x509.Name(
            [
                x509.NameAttribute(SUBJECT_FIELDS[field], value, _validate=False)
                for field, value in fields
            ]
        )


def certificate(
    maker,
    *fields,
    key=None,
    serial=None,
    begin=NOW - DAY,
    end=NOW + 20 * DAY,
    extensions=((NO_CA, True), (SIGNS, True)),
):
    """A certificate that the maker signed."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(*(fields or (("CommonName", "acme-SN1"),))))
        .issuer_name(maker.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(maker.key, hashes.SHA256())


def to_pem(*certificates):
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _tlv(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(octets)]) + octets + content


def _content(tlv):
    """What stands behind a tag and a length of 1 to 4 octets."""
    return tlv[2 + (tlv[1] - 128 if tlv[1] >= 128 else 0) :]


def altered(signed, key, old, new):
    """The certificate with octets of its body replaced, and signed again on P-256, as PEM.

    The octets have to be whole elements directly below the body, or of the same length.
    """
    inside = _content(signed.tbs_certificate_bytes)
    assert inside.count(old) == 1
    body = _tlv(0x30, inside.replace(old, new))
    algorithm = _tlv(0x30, bytes.fromhex("06082a8648ce3d040302"))
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    der = _tlv(0x30, body + algorithm + _tlv(0x03, b"\x00" + signature))
    return pem_of(der)


def pem_of(der, label="CERTIFICATE"):
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()
