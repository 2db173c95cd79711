"""Every fault that is planted is found, and by itself; good certificates pass."""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.tools.authorities.odd import (
    CA,
    DAY,
    NO_CA,
    NOW,
    SIGNS,
    altered,
    certificate,
    pem_of,
    to_pem,
    usage,
)
from tools.authorities.check import Batch, Plan, check
from tools.authorities.settings import SubjectRules
from tools.device.maker import Maker, key_to_pem

ROOT = Maker({"CommonName": "Northwind Root"})
MAKER = Maker({"CommonName": "Northwind 2026"}, issuer=ROOT)
RSA_MAKER = Maker({"CommonName": "Northwind RSA"}, key=rsa.generate_private_key(65_537, 2048))
RULES = SubjectRules(
    needed=frozenset({"CommonName"}), thing_name="CommonName", thing_name_prefix="acme-"
)
GATED = SubjectRules(
    serial_number="CommonName", device_type="OrganizationalUnit", manufacturer="Organization"
)
PLAN = Plan(authority=MAKER.certificate, rules=RULES, now=NOW, min_days=10)
GATED_PLAN = replace(PLAN, rules=GATED, device_types=frozenset({"gateway", "sensor"}))
WEAK = rsa.generate_private_key(65_537, 1024)  # noqa: S505 - a fault to be found
VERSION_3 = bytes.fromhex("a003020102")


def extensions(*given):
    return [(each, True) for each in given]


def faulty(content, plan=PLAN):
    result = check("f.pem", content, plan)
    assert len(result.problems) == 1, result.problems
    assert result.problems[0].endswith(".")
    return result.problems[0]


@pytest.mark.parametrize("with_intermediates", [False, True])
@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (rsa.generate_private_key(65_537, 2048), "RSA 2048"),
        (rsa.generate_private_key(65_537, 3072), "RSA 3072"),
        (ec.generate_private_key(ec.SECP256R1()), "EC secp256r1"),
        (ec.generate_private_key(ec.SECP384R1()), "EC secp384r1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("maker", [MAKER, RSA_MAKER], ids=["ec-ca", "rsa-ca"])
def test_a_good_certificate_passes(maker, key, shown, with_intermediates):
    chain = [maker.certificate, *([ROOT.certificate] if maker is MAKER else [])]
    content = to_pem(certificate(maker, key=key), *(chain if with_intermediates else []))
    result = check("f.pem", content, replace(PLAN, authority=maker.certificate))
    assert (result.problems, result.notes) == ([], [])
    assert (result.identity, result.key) == ("acme-SN1", shown)


def test_what_the_simulated_manufacturer_signs_passes():
    device = MAKER.device({"CommonName": "acme-SN1"})
    assert check("f.pem", device.certificate_pem.encode(), PLAN).problems == []


@pytest.mark.parametrize(
    "given",
    [
        [],
        extensions(NO_CA),
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)],
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)],
        [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)],
    ],
)
def test_extensions_may_be_absent_or_more(given):
    assert check("f.pem", to_pem(certificate(MAKER, extensions=given)), PLAN).problems == []


KEY = "PRIVATE " + "KEY"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "not PEM"),
        (b"hello", "not PEM"),
        (b"\x30\x82\x01\x02", "DER, not PEM"),
        (pem_of(b"x", "CERTIFICATE REQUEST"), "holds no CERTIFICATE but CERTIFICATE REQUEST"),
        (pem_of(b"nonsense"), "cannot be read as an X.509 certificate"),
        (pem_of(b"x", f"EC {KEY}"), "is a PRIVATE KEY and no certificate"),
        (to_pem(MAKER.certificate), "first certificate is the registered CA's own"),
        (to_pem(MAKER.certificate, certificate(MAKER)), "give the device's, and put it before"),
        (
            to_pem(certificate(MAKER)) + key_to_pem(MAKER.key).encode(),
            "treat the key as stolen",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused(content, part):
    assert part in faulty(content)


def test_a_key_is_never_repeated():
    content = key_to_pem(MAKER.key)
    assert content.splitlines()[1] not in faulty(content.encode())


STRANGER = Maker({"CommonName": "Stranger"})
IMPOSTOR = Maker({"CommonName": "Northwind 2026"})
BELOW = Maker({"CommonName": "Line 4"}, issuer=MAKER)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (to_pem(certificate(STRANGER)), "issued by 'Stranger', not by the registered CA"),
        (to_pem(certificate(IMPOSTOR)), "the registered CA's key did not sign it"),
        (
            to_pem(certificate(BELOW), BELOW.certificate, MAKER.certificate),
            "signed by 'Line 4', not by the registered CA 'Northwind 2026' itself",
        ),
        (
            to_pem(certificate(MAKER), ROOT.certificate),
            "Certificate 2 of the file is that of 'Northwind Root', which did not issue",
        ),
        (to_pem(certificate(MAKER), certificate(MAKER)), "Certificate 2 of the file is that of"),
        (
            to_pem(certificate(MAKER), MAKER.certificate) + pem_of(b"nonsense"),
            "Certificate 3 of the file: It cannot be read",
        ),
    ],
)
def test_the_chain_must_be_the_registered_ca_s(content, part):
    assert part in faulty(content)


def test_the_chain_file_names_the_ca_that_signed_instead():
    plan = replace(PLAN, chain=(STRANGER.certificate, BELOW.certificate))
    assert "register 'Line 4'" in faulty(to_pem(certificate(BELOW)), plan)


@pytest.mark.parametrize(("algorithm", "named"), [("05", "sha1"), ("04", "md5"), ("0e", "sha224")])
def test_a_weak_hash_is_named(algorithm, named):
    signed = certificate(RSA_MAKER)
    der = x509.load_pem_x509_certificate(to_pem(signed)).public_bytes(Encoding.DER)
    strong = bytes.fromhex("06092a864886f70d01010b")
    assert der.count(strong) == 2
    weak = pem_of(der.replace(strong, strong[:-1] + bytes.fromhex(algorithm)))
    problem = faulty(weak, replace(PLAN, authority=RSA_MAKER.certificate))
    assert f"signed with {named};" in problem
    assert "SHA-256" in problem


def test_a_signature_without_a_hash_of_its_own_or_unknown_is_named():
    signed = certificate(RSA_MAKER).public_bytes(Encoding.DER)
    strong = bytes.fromhex("06092a864886f70d01010b")
    unknown = signed.replace(strong, strong[:-1] + b"\x7f")
    problem = faulty(pem_of(unknown), replace(PLAN, authority=RSA_MAKER.certificate))
    assert "signed with 1.2.840.113549.1.1.127;" in problem


@pytest.mark.parametrize(
    ("begin", "end", "part"),
    [
        (NOW + DAY, NOW + 20 * DAY, "not valid before"),
        (NOW - 3 * DAY, NOW - DAY, "expired at"),
        (NOW - DAY, NOW, "expired at"),
        (NOW - DAY, NOW + 9 * DAY, "in less than 10 days"),
        (NOW - DAY, NOW + 40 * DAY, "after the CA's certificate"),
    ],
)
def test_validity(begin, end, part):
    assert part in faulty(to_pem(certificate(MAKER, begin=begin, end=end)))


def test_the_minimum_of_days_is_enough():
    content = to_pem(certificate(MAKER, end=NOW + 10 * DAY))
    assert check("f.pem", content, PLAN).problems == []
    assert check("f.pem", content, replace(PLAN, now=NOW + dt.timedelta(seconds=1))).problems != []


@pytest.mark.parametrize(
    ("key", "part"),
    [
        (WEAK, "RSA key has 1024 bits"),
        (rsa.generate_private_key(3, 2048), "public exponent 3"),
        (ec.generate_private_key(ec.SECP256K1()), "curve secp256k1"),
        (ed25519.Ed25519PrivateKey.generate(), "neither RSA nor EC"),
        (dsa.generate_private_key(2048), "neither RSA nor EC"),
        (MAKER.key, "the CA's own"),
    ],
)
def test_the_key_must_be_good(key, part):
    assert part in faulty(to_pem(certificate(MAKER, key=key)))


def test_a_key_that_cannot_be_read_is_a_problem():
    content = altered(
        certificate(MAKER),
        MAKER.key,
        bytes.fromhex("06082a8648ce3d030107"),
        bytes.fromhex("06082a8648ce3d03017f"),
    )
    assert "on a known curve" in faulty(content)


def test_a_rare_curve_is_a_note():
    key = ec.generate_private_key(ec.SECP521R1())
    result = check("f.pem", to_pem(certificate(MAKER, key=key)), PLAN)
    assert result.problems == []
    assert "P-521" in result.notes[0]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (extensions(CA, SIGNS), "basicConstraints CA:TRUE"),
        (extensions(NO_CA, usage("digital_signature", "key_cert_sign")), "keyCertSign"),
        (extensions(NO_CA, usage("key_encipherment")), "lacks digitalSignature"),
        (
            extensions(NO_CA, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
            "lacks clientAuth",
        ),
        (
            extensions(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")),
            "extension 1.2.3.4 is critical",
        ),
        (
            [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), bytes(50_000)), False)],
            "AWS IoT takes 65,536",
        ),
    ],
)
def test_extensions(given, part):
    assert part in faulty(to_pem(certificate(MAKER, extensions=given)))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (VERSION_3, b"", "X.509 version 1"),
        (VERSION_3, bytes.fromhex("a003020101"), "neither of X.509 version 1 nor 3"),
        # keyUsage becomes a second basicConstraints.
        (bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d13"), "one is there twice"),
        (VERSION_3 + b"\x02\x01\x01", VERSION_3 + b"\x02\x01\x00", "not positive"),
        (VERSION_3 + b"\x02\x01\x01", VERSION_3 + b"\x02\x01\xff", "not positive"),
        (
            VERSION_3 + b"\x02\x01\x01",
            VERSION_3 + b"\x02\x15\x00" + b"\xff" * 20,
            "longer than 20 octets",
        ),
    ],
)
def test_the_form_of_the_certificate(old, new, part):
    given = () if new == b"" else ((NO_CA, True), (SIGNS, True))
    signed = certificate(MAKER, serial=1, extensions=given)
    assert part in faulty(altered(signed, MAKER.key, old, new))


def test_the_longest_serial_number_is_good():
    content = to_pem(certificate(MAKER, serial=2**159 - 1))
    assert check("f.pem", content, PLAN).problems == []


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ([("Country", "DE")], "lacks CommonName"),
        ([("CommonName", "acme-1"), ("CommonName", "acme-2")], "has CommonName 2 times"),
        ([("CommonName", "")], "CommonName is empty"),
        ([("CommonName", "acme-\n1")], "cannot be printed"),
        ([("CommonName", "acme-1 2")], "the thing's name, is 'acme-1 2'; allowed are"),
        ([("CommonName", "acme-" + "x" * 124)], "1 to 128 letters"),
        ([("CommonName", "other-1")], "does not begin with 'acme-'"),
    ],
)
def test_the_thing_s_name(fields, part):
    assert part in faulty(to_pem(certificate(MAKER, *fields)))


@pytest.mark.parametrize(
    ("tag", "value", "part"),
    [
        ("13", b"acme-S_1", "a PrintableString with '_'"),
        ("14", b"acme-SN1", "neither UTF8String, PrintableString nor IA5String"),
        ("1e", "acme".encode("utf-16-be"), "neither UTF8String, PrintableString nor IA5String"),
        ("0c", b"acme-SN\xff", "text that is not of its type"),
    ],
)
def test_a_subject_field_is_text_that_all_read_alike(tag, value, part):
    old = b"\x55\x04\x03\x0c\x08acme-SN1"
    new = b"\x55\x04\x03" + bytes.fromhex(tag) + b"\x08" + value
    content = altered(certificate(MAKER, ("CommonName", "acme-SN1")), MAKER.key, old, new)
    assert part in faulty(content)


@pytest.mark.parametrize(("tag", "value"), [("13", b"acme-SN1"), ("16", b"acme-S_1")])
def test_other_usual_types_of_text_are_good(tag, value):
    old = b"\x55\x04\x03\x0c\x08acme-SN1"
    new = b"\x55\x04\x03" + bytes.fromhex(tag) + b"\x08" + value
    content = altered(certificate(MAKER, ("CommonName", "acme-SN1")), MAKER.key, old, new)
    assert check("f.pem", content, PLAN).problems == []


def test_a_colon_in_a_name_is_a_note():
    result = check("f.pem", to_pem(certificate(MAKER, ("CommonName", "acme-1:2"))), PLAN)
    assert result.problems == []
    assert "':'" in result.notes[0]


@pytest.mark.parametrize("value", ["two words", "a+b", "100%"])
def test_an_attribute_takes_no_space_plus_or_percent(value):
    rules = replace(RULES, attributes={"maker": "Organization"})
    content = to_pem(certificate(MAKER, ("CommonName", "acme-1"), ("Organization", value)))
    problem = faulty(content, replace(PLAN, rules=rules))
    assert f"Organization, the attribute 'maker', is {value!r}; allowed are" in problem


@pytest.mark.parametrize(
    ("group", "groups", "part"),
    [
        ("FR", {"DE", "AT"}, "which the stack does not have (it has AT, DE)"),
        ("DE", set(), "it has none"),
    ],
)
def test_a_thing_group_must_exist(group, groups, part):
    rules = replace(RULES, thing_group="Country", thing_groups=frozenset(groups))
    content = to_pem(certificate(MAKER, ("CommonName", "acme-1"), ("Country", group)))
    assert part in faulty(content, replace(PLAN, rules=rules))
    rules = replace(rules, thing_groups=frozenset({group}))
    assert check("f.pem", content, replace(PLAN, rules=rules)).problems == []


def gated(serial="SN1", kind="gateway", manufacturer="Northwind"):
    return to_pem(
        certificate(
            MAKER,
            ("CommonName", serial),
            ("OrganizationalUnit", kind),
            ("Organization", manufacturer),
        )
    )


def test_a_good_certificate_passes_the_gate_s_rules():
    result = check("f.pem", gated(), GATED_PLAN)
    assert (result.problems, result.identity) == ([], "SN1")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (gated(serial="-1"), "the serial number, is '-1'"),
        (gated(serial="SN:1"), "the serial number, is 'SN:1'"),
        (gated(kind="lamp"), "is 'lamp', which the stack does not have (it has gateway, sensor)"),
        (gated(manufacturer="North wind"), "the manufacturer, is 'North wind'"),
        (to_pem(certificate(MAKER, ("CommonName", "SN1"), ("Organization", "N"))), "lacks Organiz"),
    ],
)
def test_the_gate_s_fields(content, part):
    assert part in faulty(content, GATED_PLAN)


def test_without_a_catalogue_a_device_type_has_only_to_look_like_one():
    plan = replace(GATED_PLAN, device_types=None)
    assert check("f.pem", gated(kind="lamp"), plan).problems == []
    assert "lower-case letters" in faulty(gated(kind="Lamp"), plan)


def test_without_rules_the_subject_is_not_read():
    plan = replace(PLAN, rules=None)
    result = check("f.pem", to_pem(certificate(MAKER, ("Country", "DE"))), plan)
    assert (result.problems, result.identity) == ([], None)


def test_every_problem_is_told():
    content = to_pem(
        certificate(
            STRANGER,
            ("Country", "DE"),
            key=WEAK,
            begin=NOW - 3 * DAY,
            end=NOW - DAY,
            extensions=extensions(CA, usage("crl_sign")),
        )
    )
    assert len(check("f.pem", content, PLAN).problems) == 6


def batch(*contents, plan=PLAN):
    found = Batch()
    results = []
    for number, content in enumerate(contents, 1):
        result = check(f"{number}.pem", content, plan)
        found.add(result, plan.rules)
        results.append(result.problems)
    return results


def test_what_must_be_once_is_found_in_a_batch():
    key = ec.generate_private_key(ec.SECP256R1())
    first = certificate(MAKER, ("CommonName", "acme-1"), key=key, serial=7)
    results = batch(
        to_pem(first),
        to_pem(first),
        to_pem(certificate(MAKER, ("CommonName", "acme-1"))),
        to_pem(certificate(MAKER, ("CommonName", "acme-2"), key=key)),
        to_pem(certificate(MAKER, ("CommonName", "acme-3"), serial=7)),
        b"nonsense",
        to_pem(certificate(MAKER, ("CommonName", "acme-4"))),
        to_pem(certificate(MAKER, ("Country", "DE"))),
        to_pem(certificate(MAKER, ("Country", "DE"))),
    )
    assert [len(problems) for problems in results] == [0, 1, 1, 1, 1, 1, 0, 1, 1]
    assert "the same certificate as in 1.pem" in results[1][0]
    assert "thing name 'acme-1' is also that of 1.pem" in results[2][0]
    assert "key is also that of 1.pem" in results[3][0]
    assert "X.509 serial number is also that of 1.pem" in results[4][0]


def test_behind_a_gate_the_serial_number_must_be_once():
    results = batch(gated(), gated(), plan=GATED_PLAN)
    assert results[0] == []
    assert "serial number 'SN1' is also that of 1.pem" in results[1][0]


def test_a_key_that_cannot_be_read_is_nobody_else_s():
    old, new = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")
    contents = [
        altered(certificate(MAKER, ("CommonName", f"acme-{n}")), MAKER.key, old, new) for n in "12"
    ]
    assert [len(problems) for problems in batch(*contents)] == [1, 1]
