"""The certificate reader, against `cryptography` and against what a hostile maker may sign."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from hypothesis import given, settings
from hypothesis import strategies as st

from jitr_gate import certificate, der
from jitr_gate.certificate import SUBJECT_FIELDS
from jitr_gate.der import DerError
from tests.unit.jitr_gate import encoding
from tests.unit.jitr_gate.encoding import attribute, name, number, sequence, time, tlv
from tests.unit.jitr_gate.fakes import device_pem, maker
from tools.device.maker import SUBJECT_FIELDS as MAKER_FIELDS
from tools.device.maker import Maker

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
COMMON_NAME = SUBJECT_FIELDS["CommonName"]


def read(subject, **parts):
    return certificate.from_pem(encoding.pem(encoding.certificate(subject, **parts)))


def seconds(moment):
    return int(moment.timestamp())


def same(ours, theirs):
    """Both readers read the same, as far as the gate looks."""
    assert ours.serial_number == theirs.serial_number
    assert encoding.sequence(ours.issuer) == theirs.issuer.public_bytes()
    assert ours.not_before == seconds(theirs.not_valid_before_utc)
    assert ours.not_after == seconds(theirs.not_valid_after_utc)
    assert name_bytes(ours) == [
        (each.oid.dotted_string, each.value.encode()) for each in theirs.subject
    ]


def name_bytes(ours):
    return [(dotted(each.object_identifier), each.content) for each in ours.subject]


def dotted(identifier):
    first, *rest = identifier
    numbers, value = [first // 40, first % 40], 0
    for octet in rest:
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, numbers))


def test_the_fields_are_those_that_aws_iot_reads():
    identifiers = {field: dotted(each) for field, each in SUBJECT_FIELDS.items()}
    assert identifiers == {field: each.dotted_string for field, each in MAKER_FIELDS.items()}


def test_every_field_is_read_for_itself():
    subject = {field: f"value-{position}" for position, field in enumerate(MAKER_FIELDS)}
    subject["Country"] = "DE"
    ours = certificate.from_pem(device_pem(**subject))
    assert {field: certificate.field(ours, field) for field in SUBJECT_FIELDS} == subject


@pytest.mark.parametrize(
    "key",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP384R1()),
    ],
)
def test_certificates_of_every_kind_of_key(key):
    chain = Maker({"CommonName": "Root"}, key=key())
    signing = Maker({"CommonName": "Signing"}, issuer=chain, key=key())
    pem = signing.device({"CommonName": "SN-1"}, key=key()).certificate_pem
    same(certificate.from_pem(pem), x509.load_pem_x509_certificate(pem.encode()))


moments = st.integers(-631_152_000, 253_402_300_799).map(
    lambda seconds: EPOCH + dt.timedelta(seconds=seconds)
)
text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
ascii_text = st.text(st.characters(max_codepoint=127), min_size=1, max_size=30)
printable = st.from_regex(r"[A-Za-z0-9 '()+,./:=?-]{1,30}", fullmatch=True)
values = st.one_of(
    st.tuples(st.just(_ASN1Type.UTF8String), text),
    st.tuples(st.just(_ASN1Type.IA5String), ascii_text),
    st.tuples(st.just(_ASN1Type.PrintableString), printable),
)
fields = st.sampled_from(sorted(set(MAKER_FIELDS) - {"Country"}))


@st.composite
def certificates(draw):
    chosen = draw(st.lists(st.lists(st.tuples(fields, values), min_size=1, max_size=2), max_size=4))
    parts = [
        x509.RelativeDistinguishedName(
            [
                x509.NameAttribute(MAKER_FIELDS[field], value, _type=kind, _validate=False)
                for field, (kind, value) in dict(part).items()
            ]
        )
        for part in chosen
    ]
    begin, end = sorted([draw(moments), draw(moments)])
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(maker().certificate.subject)
        .public_key(key.public_key())
        .serial_number(draw(st.integers(1, 2**159 - 1)))
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(key, None)
    )


@settings(max_examples=150)
@given(certificates())
def test_what_cryptography_reads_is_read_alike(theirs):
    ours = certificate.from_pem(theirs.public_bytes(Encoding.PEM).decode())
    same(ours, theirs)
    for field, identifier in MAKER_FIELDS.items():
        found = theirs.subject.get_attributes_for_oid(identifier)
        if len(found) == 1:
            assert certificate.field(ours, field) == found[0].value
        else:
            with pytest.raises(DerError, match="more than once" if found else "missing"):
                certificate.field(ours, field)


GOOD = x509.load_pem_x509_certificate(device_pem().encode()).public_bytes(Encoding.DER)


# `cryptography` reads some of what RFC 5280 disallows, under protest.
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=500)
@given(data=st.data())
def test_damage_raises_one_error_or_is_read_alike(data):
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(GOOD) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(GOOD)), st.integers(0, len(GOOD))))
    damaged = bytes(damaged[:cut])
    try:
        ours = certificate.from_pem(encoding.pem(damaged))
        read_fields = {field: safe_field(ours, field) for field in SUBJECT_FIELDS}
    except DerError:
        return
    try:
        theirs = x509.load_der_x509_certificate(damaged)
        subject = [(each.oid.dotted_string, each.value) for each in theirs.subject]
        limits = theirs.not_valid_before_utc, theirs.not_valid_after_utc
    except (ValueError, TypeError, x509.InvalidVersion):
        return  # it looks at more than the gate does
    assert ours.serial_number == theirs.serial_number
    assert (ours.not_before, ours.not_after) == tuple(map(seconds, limits))
    for field, value in read_fields.items():
        if value is not None:
            assert (MAKER_FIELDS[field].dotted_string, value) in subject


def safe_field(ours, field):
    try:
        return certificate.field(ours, field)
    except DerError:
        return None


@settings(max_examples=300)
@given(st.one_of(st.text(), st.binary().map(encoding.pem)))
def test_noise_raises_one_error(text):
    with pytest.raises(DerError):
        certificate.from_pem(text)


# --- hostile subjects -----------------------------------------------------------------------------


def common_name(value, tag=der.UTF8_STRING):
    return certificate.field(read(name(attribute(COMMON_NAME, value, tag))), "CommonName")


@pytest.mark.parametrize("tag", [der.UTF8_STRING, der.PRINTABLE_STRING, der.IA5_STRING])
def test_three_types_of_text_are_read(tag):
    assert common_name("SN-0001", tag) == "SN-0001"


def test_text_keeps_its_characters():
    assert common_name("Müller\n\0") == "Müller\n\0"
    assert common_name("a'()+,-./:=? 1", der.PRINTABLE_STRING) == "a'()+,-./:=? 1"
    assert common_name("a@*\n", der.IA5_STRING) == "a@*\n"


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (b"\xff", der.UTF8_STRING),
        (b"\xc0\x80", der.UTF8_STRING),
        (b"\xed\xa0\x80", der.UTF8_STRING),
        (b"SN\xc3", der.UTF8_STRING),
        ("SN*1", der.PRINTABLE_STRING),
        ("SN_1", der.PRINTABLE_STRING),
        ("SN\n", der.PRINTABLE_STRING),
        ("Müller", der.PRINTABLE_STRING),
        ("Müller", der.IA5_STRING),
        (b"\x80", der.IA5_STRING),
    ],
)
def test_text_that_is_not_of_its_type(value, tag):
    with pytest.raises(DerError, match=r"^not text of its type$"):
        common_name(value, tag)


@pytest.mark.parametrize("tag", [0x12, 0x14, 0x1A, 0x1B, 0x1C, 0x1E, 0x02, 0x04, 0x2C, 0x30, 0x8C])
def test_other_types_are_refused(tag):
    message = "^not a UTF8String, PrintableString or IA5String$"
    with pytest.raises(DerError, match=message):
        common_name("SN-0001", tag)


@pytest.mark.parametrize(
    "parts",
    [
        [attribute(COMMON_NAME, "SN-1"), attribute(COMMON_NAME, "SN-2")],
        [attribute(COMMON_NAME, "SN-1") + attribute(COMMON_NAME, "SN-2")],
        [attribute(COMMON_NAME, "SN-1"), attribute(COMMON_NAME, "SN-1", der.IA5_STRING)],
    ],
)
def test_a_field_that_occurs_twice_is_not_chosen_from(parts):
    with pytest.raises(DerError, match=r"^more than once$"):
        certificate.field(read(name(*parts)), "CommonName")


def test_other_fields_may_occur_twice():
    unit = SUBJECT_FIELDS["OrganizationalUnit"]
    subject = name(attribute(unit, "a"), attribute(COMMON_NAME, "SN-1"), attribute(unit, "b"))
    assert certificate.field(read(subject), "CommonName") == "SN-1"


@pytest.mark.parametrize("lookalike", [b"\x55\x04\x03\x00", b"\x55\x04\x83\x03", b"\x55\x04"])
def test_an_identifier_that_only_looks_like_a_field_s_is_another(lookalike):
    with pytest.raises(DerError, match=r"^missing$"):
        certificate.field(read(name(attribute(lookalike, "SN-1"))), "CommonName")


def test_an_empty_subject_and_a_certificate_of_version_1():
    ours = read(name(), version=b"", rest=tlv(0xA3, b"\x05\0") + tlv(0x81, b""))
    assert ours.subject == ()
    assert ours.serial_number == 7


SUBJECT = name(attribute(COMMON_NAME, "SN-1"))
VALIDITY = time("260101000000Z") + time("360101000000Z")
SHAPES = {
    "a sequence for a set": {"subject": sequence(sequence(attribute(COMMON_NAME, "x")))},
    "an attribute of three": {
        "subject": name(sequence(tlv(der.OBJECT_IDENTIFIER, COMMON_NAME), number(1), number(1)))
    },
    "an attribute of one": {"subject": name(sequence(tlv(der.OBJECT_IDENTIFIER, COMMON_NAME)))},
    "no identifier": {"subject": name(sequence(number(1), number(1)))},
    "a set for the subject": {"subject": tlv(der.SET)},
    "no serial number": {"serial": b""},
    "an empty serial number": {"serial": tlv(der.INTEGER)},
    "no issuer": {"issuer": b""},
    "one time": {"validity": sequence(time("260101000000Z"))},
    "three times": {"validity": sequence(VALIDITY, time("360101000000Z"))},
    "no key": {"key": b""},
    "half an extension": {"rest": b"\xa3\x05"},
    "no signature": {"after_body": encoding.ALGORITHM},
    "no algorithm": {"after_body": encoding.SIGNATURE},
    "more than a signature": {"after_body": encoding.ALGORITHM + encoding.SIGNATURE + number(1)},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_certificate_of_another_shape_is_refused(shape):
    assert certificate.field(read(SUBJECT), "CommonName") == "SN-1"
    parts = {"subject": SUBJECT, **SHAPES[shape]}
    with pytest.raises(DerError):
        read(parts.pop("subject"), **parts)


def test_a_part_of_a_name_that_is_empty_is_named_so():
    with pytest.raises(DerError, match=r"^an empty part of a name$"):
        read(sequence(tlv(der.SET)))


def test_nothing_may_follow_a_certificate():
    good = encoding.certificate(SUBJECT)
    with pytest.raises(DerError, match=r"^there is more than expected$"):
        certificate.from_pem(encoding.pem(good + b"\x05\0"))


def test_what_is_read():
    ours = read(SUBJECT, serial=number(-5), issuer=name())
    assert (ours.serial_number, ours.issuer) == (-5, b"")
    assert ours.not_before == seconds(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert ours.not_after == seconds(dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
