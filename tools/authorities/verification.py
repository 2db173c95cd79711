"""Proves to AWS IoT that whoever registers a CA holds its private key.

A CA in certificate mode DEFAULT is registered with a verification certificate: one that the CA
has signed for a registration code. Follows
https://docs.aws.amazon.com/iot/latest/developerguide/register-CA-cert.html.
"""

import datetime as dt
import os
import re
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tools.authorities import pem
from tools.authorities.pem import PrivateKey, UnusableFileError

REGISTRATION_CODE = re.compile(r"[0-9a-fA-F]{64}")
MIN_RSA_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_CLOCKS_DIFFER = dt.timedelta(hours=1)
_PUBLIC = 0o644


class PassphraseNeededError(Exception):
    """The key is encrypted and no passphrase was given."""


def read_authority(content: bytes) -> x509.Certificate:
    """Return the CA's certificate, the only one in its file.

    Raises:
        UnusableFileError: the file holds something else, or more.
    """
    blocks = pem.certificate_blocks(content)
    if len(blocks) > 1:
        raise UnusableFileError(
            f"It holds {len(blocks)} certificates. AWS IoT registers the one that signs the "
            "devices' certificates: leave that one alone in the file."
        )
    return pem.parse(blocks[0])


def read_key(content: bytes, passphrase: bytes | None) -> PrivateKey:
    """Return the CA's private key.

    Raises:
        PassphraseNeededError: it is encrypted, and ``passphrase`` is None.
        UnusableFileError: it is no such key, or the passphrase is wrong.
    """
    try:
        key = serialization.load_pem_private_key(content, passphrase)
    except TypeError as error:
        if passphrase is None:
            raise PassphraseNeededError from error
        return read_key(content, None)
    except (ValueError, UnsupportedAlgorithm) as error:
        wrong = "the passphrase is wrong, or " if passphrase is not None else ""
        raise UnusableFileError(
            f"No private key can be read from it: {wrong}it is no PEM file of a key (PKCS #8, "
            "PKCS #1 or SEC 1)."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise UnusableFileError("The key is neither RSA nor EC: AWS IoT registers no such CA.")
    return key


def faults_of_authority(certificate: x509.Certificate, now: dt.datetime) -> list[str]:
    """Return why AWS IoT would not register this certificate as a CA, a sentence each."""
    return [
        *_validity_faults(certificate, now),
        *_ca_faults(certificate),
        *_key_faults(certificate),
    ]


def belong_together(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Tell whether the key is the certificate's."""
    return certificate.public_key() == key.public_key()


def certificate(
    authority: x509.Certificate, key: PrivateKey, code: str, *, now: dt.datetime, days: int
) -> str:
    """Return a verification certificate as PEM. Its own key is made here and kept nowhere.

    Args:
        authority: The CA's certificate.
        key: The CA's key.
        code: The registration code.
        now: The time.
        days: How long it is valid; never longer than the CA's certificate.
    """
    own = ec.generate_private_key(ec.SECP256R1())
    begin = max(now - _CLOCKS_DIFFER, authority.not_valid_before_utc)
    end = min(now + dt.timedelta(days=days), authority.not_valid_after_utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(_subject(code))
        .issuer_name(authority.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, pem.digest_for(key))
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def request(code: str) -> str:
    """Return a signing request for a verification certificate as PEM, for a CA in an HSM.

    Its key signs the request, which shows that somebody holds it, and is kept nowhere.
    """
    own = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(_subject(code))
    return made.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def write_new(path: Path, text: str) -> None:
    """Write a file that was not there.

    Raises:
        FileExistsError: it was.
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PUBLIC)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _subject(code: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, code)])


def _validity_faults(certificate: x509.Certificate, now: dt.datetime) -> list[str]:
    if now < certificate.not_valid_before_utc:
        begin = f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
        return [f"The CA's certificate is not valid before {begin}: wait, or set this clock."]
    if now > certificate.not_valid_after_utc:
        end = f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        return [f"The CA's certificate expired at {end}: register its successor."]
    return []


def _ca_faults(certificate: x509.Certificate) -> list[str]:
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension):
        return ["The CA's certificate has extensions that cannot be read: issue it again."]
    faults = []
    constraints = pem.extension(extensions, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        faults.append(
            "The certificate is not a CA's (basicConstraints lacks CA:TRUE): give the certificate "
            "that signs the devices' certificates."
        )
    usage = pem.extension(extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        faults.append("The CA's keyUsage lacks keyCertSign: issue its certificate again with it.")
    return faults


def _key_faults(certificate: x509.Certificate) -> list[str]:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size >= MIN_RSA_BITS:
            return []
        return [f"The CA's RSA key has {key.key_size} bits; AWS IoT wants {MIN_RSA_BITS} or more."]
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return []
    return ["The CA's key is neither RSA nor EC on P-256, P-384 or P-521, which AWS IoT wants."]
