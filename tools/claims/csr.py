"""Makes a claim certificate's key and its signing request.

AWS IoT signs RSA keys of 2048 bits and more, and EC keys on P-256, P-384 and P-521:
https://docs.aws.amazon.com/iot/latest/apireference/API_CreateCertificateFromCsr.html.
"""

import os
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_PRIVATE = 0o600
_PUBLIC = 0o644
_RSA_EXPONENT = 65_537


class KeyType(StrEnum):
    """The kind of key to make."""

    EC_P256 = "ec-p256"
    RSA_2048 = "rsa-2048"


def create(key_type: KeyType, common_name: str) -> tuple[bytes, bytes]:
    """Return a new private key (PKCS #8) and the signing request for it, both as PEM.

    Args:
        key_type: the kind of key.
        common_name: the request's subject, 1 to 64 characters; AWS IoT does not check it.

    Raises:
        ValueError: the common name's length.
    """
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if key_type is KeyType.EC_P256:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(_RSA_EXPONENT, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return (
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
    )


def write(directory: Path, name: str, key: bytes, request: bytes) -> tuple[Path, Path]:
    """Write ``NAME.key.pem``, readable by its owner only, and ``NAME.csr.pem``; return both paths.

    Raises:
        FileExistsError: one of them is there; a claim key in use is never overwritten.
        OSError: the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    key_path, request_path = directory / f"{name}.key.pem", directory / f"{name}.csr.pem"
    if request_path.exists():
        raise FileExistsError(request_path)
    _write_new(key_path, key, _PRIVATE)
    _write_new(request_path, request, _PUBLIC)
    return key_path, request_path


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Create the file with its mode from the first moment on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
