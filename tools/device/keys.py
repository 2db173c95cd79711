"""The device's own key and certificate signing request."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_MAX_COMMON_NAME_LENGTH = 64


def new_private_key() -> str:
    """A new EC P-256 key as PKCS #8 PEM text, not encrypted."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def signing_request(private_key_pem: str, serial_number: str) -> str:
    """A certificate signing request for a key, as PEM text; its common name is the serial number.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_CreateCertificateFromCsr.html
    (RSA of 2,048 bits or more, or NIST P-256, P-384 or P-521).

    Raises:
        ValueError: The text is no private key, or one of a kind AWS IoT does not sign.
    """
    key = serialization.load_pem_private_key(private_key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("The stored key is not an elliptic curve key.")
    name = x509.NameAttribute(NameOID.COMMON_NAME, serial_number[:_MAX_COMMON_NAME_LENGTH])
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([name]))
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
