"""The revocation list's reader, against `cryptography` and against lists that must not be used."""

import datetime as dt
import io

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from jitr_gate import certificate, crl, crl_object, der
from jitr_gate.crl import CrlUnavailableError
from jitr_gate.settings import CrlObject
from tests.unit.jitr_gate import encoding
from tests.unit.jitr_gate.encoding import entry, extension, name, number, sequence, time, tlv
from tests.unit.jitr_gate.fakes import Aws, clients, device_pem, maker
from tools.device.maker import Maker

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp()
DEVICE = certificate.from_pem(
    encoding.pem(encoding.certificate(name(), serial=number(7), issuer=encoding.ISSUER))
)
YES, NO = b"\xff", b"\x00"
KEY_IDENTIFIER, CRL_NUMBER = b"\x55\x1d\x23", b"\x55\x1d\x14"
REASON_CODE, DELTA = b"\x55\x1d\x15", b"\x55\x1d\x1b"
DISTRIBUTION_POINT, CERTIFICATE_ISSUER = b"\x55\x1d\x1c", b"\x55\x1d\x1d"
PARTIAL = "not the complete revocation list of one CA"
UNKNOWN = "a critical extension that the gate does not know"


def extensions(*each):
    return tlv(der.EXPLICIT_0, sequence(*each))


def revoked(data, now=NOW):
    return crl.is_revoked(data, DEVICE, now)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], False),
        ([entry(7)], True),
        ([entry(6), entry(8)], False),
        ([entry(6), entry(7), entry(8)], True),
        ([entry(7, extension(REASON_CODE))], True),
        ([entry(6, extension(REASON_CODE, NO)), entry(7)], True),
        ([entry(-249)], False),
    ],
)
@pytest.mark.parametrize("label", [None, "X509 CRL"])
def test_who_is_on_the_list(entries, expected, label):
    data = encoding.crl(*entries)
    assert revoked(encoding.pem(data, label).encode() if label else data) is expected


def test_a_list_of_version_1_and_an_empty_list():
    assert revoked(encoding.crl(entry(7), version=b"")) is True
    assert revoked(encoding.crl(revoked=sequence())) is False


@pytest.mark.parametrize(
    "each",
    [
        extension(KEY_IDENTIFIER),
        extension(CRL_NUMBER),
        extension(KEY_IDENTIFIER, YES) + extension(CRL_NUMBER, YES),
        extension(b"\x2a\x03"),
        extension(b"\x2a\x03", NO),
    ],
)
def test_extensions_without_effect(each):
    assert revoked(encoding.crl(entry(7), rest=extensions(each))) is True
    assert revoked(encoding.crl(rest=extensions(each))) is False


UNUSABLE = {
    "of another CA": (encoding.crl(issuer=name()), "the revocation list of another CA"),
    "of an unknown version": (
        encoding.crl(version=number(2)),
        "a revocation list of an unknown version",
    ),
    "of version 1, said aloud": (
        encoding.crl(version=number(0)),
        "a revocation list of an unknown version",
    ),
    "a delta": (encoding.crl(rest=extensions(extension(DELTA, YES))), PARTIAL),
    "a delta that is not critical": (encoding.crl(rest=extensions(extension(DELTA))), PARTIAL),
    "for some certificates": (
        encoding.crl(rest=extensions(extension(CRL_NUMBER), extension(DISTRIBUTION_POINT, YES))),
        PARTIAL,
    ),
    "indirect": (encoding.crl(entry(6, extension(CERTIFICATE_ISSUER, YES))), PARTIAL),
    "unknown and critical": (encoding.crl(rest=extensions(extension(b"\x2a\x03", YES))), UNKNOWN),
    "critical in a way of its own": (
        encoding.crl(rest=extensions(extension(b"\x2a\x03", b"\x01"))),
        UNKNOWN,
    ),
    "unknown and critical in an entry": (
        encoding.crl(entry(7), entry(8, extension(b"\x2a\x03", YES))),
        UNKNOWN,
    ),
    "without an end": (encoding.crl(updates=time("260101000000Z")), "truncated"),
    "without an end, but with entries": (
        encoding.crl(entry(7), updates=time("260101000000Z")),
        "a time was expected",
    ),
    "with a damaged entry": (
        encoding.crl(entry(7), sequence(number(8))),
        "truncated",
    ),
    "with a number too many in an entry": (
        encoding.crl(entry(7), entry(8, extension(REASON_CODE), extra=number(1))),
        "there is more than expected",
    ),
    "with something after the extensions": (
        encoding.crl(rest=extensions(extension(CRL_NUMBER)) + number(1)),
        "there is more than expected",
    ),
    "with two extension lists": (
        encoding.crl(rest=tlv(der.EXPLICIT_0, sequence(), sequence())),
        "there is more than expected",
    ),
    "with an extension of four": (
        encoding.crl(
            rest=extensions(
                sequence(tlv(der.OBJECT_IDENTIFIER, CRL_NUMBER), tlv(der.OCTET_STRING), number(1))
            )
        ),
        "there is more than expected",
    ),
    "with something after it": (encoding.crl() + number(1), "there is more than expected"),
    "signed twice": (
        encoding.crl(after_body=encoding.ALGORITHM + encoding.SIGNATURE * 2),
        "there is more than expected",
    ),
    "not signed": (
        encoding.crl(after_body=encoding.ALGORITHM),
        "an element of another type was expected",
    ),
    "signed by nothing": (
        encoding.crl(after_body=encoding.SIGNATURE),
        "an element of another type was expected",
    ),
    "a certificate": (encoding.certificate(name()), "an element of another type was expected"),
    "no list": (b"<html>", "not exactly one PEM block"),
    "nothing": (b"", "not exactly one PEM block"),
    "not text": (b"\xff\xfe", "not exactly one PEM block"),
    "another PEM block": (device_pem().encode(), "not exactly one PEM block"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_list_that_must_not_be_used(kind):
    data, message = UNUSABLE[kind]
    with pytest.raises(CrlUnavailableError, match=f"^{message}$"):
        revoked(data)


def test_the_limits_of_a_list():
    data = encoding.crl(entry(7))
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()
    end = dt.datetime(2027, 1, 1, tzinfo=dt.UTC).timestamp()
    assert revoked(data, begin) is revoked(data, end) is True
    with pytest.raises(CrlUnavailableError, match=r"^a revocation list of the future$"):
        revoked(data, begin - 0.5)
    with pytest.raises(CrlUnavailableError, match=r"^the revocation list is out of date$"):
        revoked(data, end + 0.5)


def test_the_maker_s_own_list():
    pem = device_pem()
    theirs = x509.load_pem_x509_certificate(pem.encode())
    ours = certificate.from_pem(pem)
    now = dt.datetime.now(dt.UTC).timestamp()
    for numbers, expected in (([], False), ([theirs.serial_number], True), ([5], False)):
        listed = maker().revocation_list(numbers)
        for form in (Encoding.DER, Encoding.PEM):
            assert crl.is_revoked(listed.public_bytes(form), ours, now) is expected
    stranger = Maker({"CommonName": "Another CA"}).revocation_list()
    with pytest.raises(CrlUnavailableError, match="another CA"):
        crl.is_revoked(stranger.public_bytes(Encoding.DER), ours, now)


KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
MADE = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


@st.composite
def lists(draw):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Acme signing CA")]))
        .last_update(MADE)
        .next_update(MADE + dt.timedelta(days=draw(st.integers(32, 36_500))))
    )
    serial_numbers = st.integers(1, 2**150) | st.integers(5, 9)
    for each in draw(st.lists(serial_numbers, unique=True, max_size=8)):
        one = x509.RevokedCertificateBuilder().serial_number(each).revocation_date(MADE)
        if draw(st.booleans()):
            one = one.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        builder = builder.add_revoked_certificate(one.build())
    if draw(st.booleans()):
        builder = builder.add_extension(x509.CRLNumber(draw(st.integers(0, 2**70))), critical=False)
    return builder.sign(KEY, None)


@settings(max_examples=150)
@given(lists())
def test_what_cryptography_reads_is_read_alike(theirs):
    listed = theirs.get_revoked_certificate_by_serial_number(DEVICE.serial_number)
    for form in (Encoding.DER, Encoding.PEM):
        assert revoked(theirs.public_bytes(form)) is (listed is not None)


GOOD = encoding.crl(entry(6), entry(7, extension(REASON_CODE)), rest=extensions(extension(DELTA)))


@settings(max_examples=400)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, len(GOOD)))
def test_damage_raises_one_error(at, octet, cut):
    for data in (GOOD[:at] + bytes([octet]) + GOOD[at + 1 :], GOOD[:cut], GOOD[cut:]):
        try:
            assert revoked(data) in {True, False}
        except CrlUnavailableError:
            continue


@given(st.binary())
def test_noise_raises_one_error(data):
    with pytest.raises(CrlUnavailableError):
        revoked(data)
    with pytest.raises(CrlUnavailableError):
        revoked(b"\x30" + data)


# --- the object -----------------------------------------------------------------------------------

PLACE = CrlObject("acme-lists", "maker.crl", "123456789012")


def fetch(aws):
    return crl_object.read(clients(aws).s3(), PLACE)


def test_the_object_is_read_from_the_account_that_should_own_it():
    assert fetch(Aws(crl=b"content")) == b"content"


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "NoSuchBucket", "SlowDown"])
def test_an_object_that_cannot_be_read(code):
    aws = Aws(crl=b"content")
    aws.answers = {"GetObject": code}
    with pytest.raises(CrlUnavailableError, match=f"^{code}$"):
        fetch(aws)


def test_a_connection_that_breaks_while_it_is_read(monkeypatch):
    def breaks(self):
        raise ReadTimeoutError(endpoint_url="https://s3")

    monkeypatch.setattr(StreamingBody, "read", breaks)
    with pytest.raises(CrlUnavailableError, match=r"^ReadTimeoutError$"):
        fetch(Aws(crl=b"content"))


def test_an_object_cut_short():
    aws = Aws(crl=b"content")
    body = StreamingBody(io.BytesIO(b"con"), 7)
    aws.GetObject = lambda **_: {"Body": body, "ContentLength": 7}
    with pytest.raises(CrlUnavailableError, match=r"^IncompleteReadError$"):
        fetch(aws)


def test_an_object_that_is_too_long(monkeypatch):
    monkeypatch.setattr(crl_object, "MAX_BYTES", 7)
    assert fetch(Aws(crl=b"content")) == b"content"
    with pytest.raises(CrlUnavailableError, match=r"^longer than the gate reads$"):
        fetch(Aws(crl=b"content!"))


def test_a_list_of_a_few_hundred_thousand_fits():
    assert crl_object.MAX_BYTES / len(entry(2**150)) > 300_000
