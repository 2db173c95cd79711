"""A manufacturer for simulations: a CA made for one run, and device certificates that it signs.

A real manufacturer keeps its CA's key in hardware; this one keeps it in memory and nowhere else.
The subject's fields are those that AWS IoT reads:
https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tools.device.model import ClientCredentials

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SUBJECT_FIELDS = {
    "CommonName": NameOID.COMMON_NAME,
    "Country": NameOID.COUNTRY_NAME,
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
    "StateName": NameOID.STATE_OR_PROVINCE_NAME,
}
"""What the parameters ``AWS::IoT::Certificate::*`` stand for in a subject, ``Id`` apart."""

_DAY = dt.timedelta(days=1)


class Maker:
    """A CA and what it signs.

    Args:
        subject: The CA's subject, by the field names of `SUBJECT_FIELDS`.
        key: Its key; a new one on P-256 when None.
        issuer: Signs the CA's certificate; itself when None.
        days: How long its certificate is valid.

    Attributes:
        certificate: The CA's certificate.
        key: Its private key.
    """

    def __init__(
        self,
        subject: Mapping[str, str],
        *,
        key: PrivateKey | None = None,
        issuer: Maker | None = None,
        days: int = 30,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        name = _name(subject)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        usage = _usage(signs_certificates=True)
        builder = _builder(name, issuer.certificate.subject if issuer else name, self.key, days)
        self.certificate: x509.Certificate = (
            builder.add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .sign(issuer.key if issuer else self.key, hashes.SHA256())
        )

    @property
    def certificate_pem(self) -> str:
        """The CA's certificate, for the platform team."""
        return to_pem(self.certificate)

    def device(
        self, subject: Mapping[str, str], *, key: PrivateKey | None = None, days: int = 20
    ) -> ClientCredentials:
        """Sign one device certificate and return it with its key.

        Args:
            subject: By the field names of `SUBJECT_FIELDS`.
            key: The device's key; a new one on P-256 when None.
            days: How long the certificate is valid.
        """
        own = key or ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(subject), self.certificate.subject, own, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return ClientCredentials(to_pem(certificate), key_to_pem(own))

    def revocation_list(
        self, serial_numbers: Iterable[int] = (), *, days: int = 1
    ) -> x509.CertificateRevocationList:
        """Sign a list of revoked certificates, by their X.509 serial numbers."""
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - _DAY)
            .next_update(now + days * _DAY)
        )
        for number in serial_numbers:
            revoked = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self.key, hashes.SHA256())


def to_pem(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_to_pem(key: PrivateKey) -> str:
    """A private key as PEM (PKCS #8, not encrypted)."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _name(subject: Mapping[str, str]) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(SUBJECT_FIELDS[field], value) for field, value in subject.items()]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
