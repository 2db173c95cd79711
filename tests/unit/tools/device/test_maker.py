"""The manufacturer for simulations signs what a real one would."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tools.device.maker import SUBJECT_FIELDS, Maker

DAY = dt.timedelta(days=1)


def loaded(credentials):
    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem.encode())
    key = serialization.load_pem_private_key(credentials.private_key_pem.encode(), None)
    return certificate, key


def basic(certificate):
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints)


def usage(certificate):
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value


@pytest.fixture(scope="module")
def maker():
    return Maker({"CommonName": "Root"}, days=5)


def test_a_root_signs_itself_and_may_sign(maker):
    root = maker.certificate
    root.verify_directly_issued_by(root)
    assert (basic(root).value.ca, basic(root).critical) == (True, True)
    assert usage(root).key_cert_sign
    assert usage(root).crl_sign
    assert root.not_valid_after_utc - root.not_valid_before_utc == 6 * DAY
    assert x509.load_pem_x509_certificate(maker.certificate_pem.encode()) == root


def test_an_intermediate_is_signed_by_its_issuer(maker):
    line = Maker({"CommonName": "Line"}, issuer=maker)
    line.certificate.verify_directly_issued_by(maker.certificate)
    assert line.certificate.public_key() != maker.certificate.public_key()
    device, _ = loaded(line.device({"CommonName": "d"}))
    device.verify_directly_issued_by(line.certificate)


def test_a_device_certificate_bears_each_field_and_may_sign_nothing(maker):
    subject = dict.fromkeys(SUBJECT_FIELDS, "DE")
    device, key = loaded(maker.device(subject, days=3))
    device.verify_directly_issued_by(maker.certificate)
    assert {a.oid for a in device.subject} == set(SUBJECT_FIELDS.values())
    assert key.public_key() == device.public_key()
    assert isinstance(key.curve, ec.SECP256R1)
    assert (basic(device).value.ca, usage(device).key_cert_sign) == (False, False)
    assert usage(device).digital_signature
    assert device.not_valid_after_utc - device.not_valid_before_utc == 4 * DAY


def test_keys_can_be_given():
    own = rsa.generate_private_key(65537, 2048)
    maker = Maker({"CommonName": "RSA"}, key=own)
    assert maker.certificate.public_key() == own.public_key()
    device, key = loaded(maker.device({"CommonName": "d"}, key=own))
    device.verify_directly_issued_by(maker.certificate)
    assert key.public_key() == own.public_key()


def test_a_revocation_list_names_who_was_revoked(maker):
    crl = maker.revocation_list([7, 9], days=2)
    assert crl.is_signature_valid(maker.key.public_key())
    assert crl.issuer == maker.certificate.subject
    assert {revoked.serial_number for revoked in crl} == {7, 9}
    assert crl.next_update_utc - crl.last_update_utc == 3 * DAY
    assert list(maker.revocation_list()) == []
