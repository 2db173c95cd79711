"""PEM files read with care: what kinds of block they hold, and certificates out of them.

Follows RFC 7468. AWS IoT takes at most 65,536 characters a certificate:
https://docs.aws.amazon.com/iot/latest/apireference/API_RegisterCertificate.html.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_CERTIFICATE = "CERTIFICATE"
# A certificate and its chain are a few kilobytes: what is longer is another kind of file.
_MAX_BYTES = 1_000_000


class UnusableFileError(ValueError):
    """A file that cannot be used; the message is a sentence without the file's name."""


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep the library quiet on what breaks RFC 5280: the checks tell it, in sentences."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        UnusableFileError: it cannot be read, or is too large to be a certificate.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UnusableFileError(f"It cannot be read: {error.strerror}.") from error
    if len(content) > _MAX_BYTES:
        raise UnusableFileError("It is larger than 1 MB: that is no certificate.")
    return content


def certificate_blocks(content: bytes) -> list[str]:
    """Return the certificates' PEM blocks, in the file's order, at least one.

    Raises:
        UnusableFileError: there is a private key, no certificate, or no PEM at all.
    """
    text = content.decode("utf-8", "replace")
    found = list(_BLOCK.finditer(text))
    blocks = [match[0] for match in found if match[1] == _CERTIFICATE]
    if "PRIVATE KEY-----" in text and not blocks:
        raise UnusableFileError(
            "It is a PRIVATE KEY and no certificate: give the certificate's file. If the key has "
            "left the device or the HSM that it was made for, treat it as stolen."
        )
    if "PRIVATE KEY-----" in text:
        raise UnusableFileError(
            "It contains a PRIVATE KEY, and was not checked further. Keys do not belong into "
            "files that are passed around: take the key out, and if the file has left the device "
            "or the HSM, treat the key as stolen and make a new one."
        )
    if blocks:
        return blocks
    if found:
        labels = ", ".join(dict.fromkeys(match[1] for match in found))
        raise UnusableFileError(
            f"It holds no CERTIFICATE but {labels}: put in what the CA has signed."
        )
    if content.startswith(b"\x30"):
        raise UnusableFileError(
            "It is DER, not PEM: convert it with `openssl x509 -inform der -in FILE -out FILE.pem`."
        )
    raise UnusableFileError("It is not PEM: no -----BEGIN CERTIFICATE----- is in it.")


def parse(block: str) -> x509.Certificate:
    """Read one certificate.

    Raises:
        UnusableFileError: it is damaged, or of a form that no certificate may have.
    """
    try:
        with without_warnings():
            certificate = x509.load_pem_x509_certificate(block.encode())
    except x509.InvalidVersion as error:
        raise UnusableFileError(
            "It is neither of X.509 version 1 nor 3. Set the version to 3 in the CA's profile."
        ) from error
    except ValueError as error:
        raise UnusableFileError(
            "It cannot be read as an X.509 certificate. Either it was damaged: export it "
            "again. Or its subject has a PrintableString with '_', '@' or '*', which none may "
            "have: write the fields as UTF8String in the CA's certificate profile."
        ) from error
    try:
        with without_warnings():
            # Names are decoded when they are asked for.
            _ = certificate.subject, certificate.issuer
    except ValueError as error:
        raise UnusableFileError(
            "Its subject or issuer holds text that is not of its type: write the fields as "
            "UTF8String, in UTF-8, in the CA's certificate profile."
        ) from error
    return certificate


def subject(name: x509.Name) -> str:
    """Return a name as people write it: its common name, else all of it."""
    with without_warnings():
        common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string() or "(no name)"


def extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    """Return an extension's value; None where it is absent."""
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def digest_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """Return the hash that goes with a key: as strong as its curve, and SHA-256 with RSA."""
    bits = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 0
    if bits <= ec.SECP256R1.key_size:
        return hashes.SHA256()
    return hashes.SHA384() if bits <= ec.SECP384R1.key_size else hashes.SHA512()
