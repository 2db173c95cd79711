"""Secrets are found however they are spelled, and nothing of them is told."""

import base64
import secrets

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from tests.support.journal import CREDENTIALS, PRIVATE_KEY, TOKEN, note_private_keys, private_values
from tests.support.secrets_scan import PEM, Scanner
from tools.claims import csr
from tools.device.maker import Maker

TOKEN_VALUE = secrets.token_urlsafe(48)
KEYS = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA": rsa.generate_private_key(65_537, 2048),
}
FORMATS = {
    "PKCS8": serialization.PrivateFormat.PKCS8,
    "traditional": serialization.PrivateFormat.TraditionalOpenSSL,
}
ENCODINGS = {"PEM": serialization.Encoding.PEM, "DER": serialization.Encoding.DER}


def encoded(key, structure, encoding):
    return key.private_bytes(ENCODINGS[encoding], FORMATS[structure], serialization.NoEncryption())


def body(pem):
    """The lines of a PEM text without its header and footer."""
    return pem.decode().splitlines()[1:-1]


WRITTEN = {
    "in PEM": lambda pem, der: pem.decode(),
    "in PEM, as JSON, twice": lambda pem, der: repr(repr(pem.decode())),
    "in PEM, encoded once more": lambda pem, der: base64.b64encode(pem).decode(),
    "in lines": lambda pem, der: "\n".join(body(pem)),
    "in lines, each quoted": lambda pem, der: str(body(pem)),
    "in one line": lambda pem, der: "".join(body(pem)),
    "in DER, for URLs": lambda pem, der: base64.urlsafe_b64encode(der).decode(),
    "in DER, in hexadecimal": lambda pem, der: der.hex(),
    "in DER, in capital letters": lambda pem, der: der.hex().upper(),
    "in DER, after something else": lambda pem, der: base64.b64encode(b"!" + der).decode(),
    "in DER, after two others": lambda pem, der: base64.b64encode(b"!!" + der).decode(),
}
NOTE = "what was made: "


@pytest.fixture(scope="module")
def scanner():
    """Knows everything that is a secret here."""
    scanner = Scanner()
    for key in KEYS.values():
        scanner.learn(PRIVATE_KEY, private_values(key))
    scanner.learn(TOKEN, [TOKEN_VALUE.encode()])
    scanner.learn(CREDENTIALS, [b"0123456789abcdef0123456789abcdef01234567"])
    return scanner


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("structure", FORMATS)
@pytest.mark.parametrize("name", KEYS)
def test_a_known_key_is_found(scanner, name, structure, written):
    pem, der = (encoded(KEYS[name], structure, encoding) for encoding in ENCODINGS)
    text = NOTE + WRITTEN[written](pem, der)
    (finding,) = scanner.scan(text)
    assert finding.kind == PRIVATE_KEY
    told = finding.before.replace("[...]", "")
    assert not any(told[at : at + 8] in text[len(NOTE) :] for at in range(len(told) - 7))


@pytest.mark.parametrize("structure", FORMATS)
@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_found_by_how_it_looks(name, structure):
    pem, der = (encoded(KEYS[name], structure, encoding) for encoding in ENCODINGS)
    for written in ("in PEM", "in PEM, as JSON, twice", "in PEM, encoded once more", "in one line"):
        (finding,) = Scanner().scan(f"key={WRITTEN[written](pem, der)}")
        assert finding.kind == PRIVATE_KEY, written


def test_half_a_key_is_found(scanner):
    der = encoded(KEYS["RSA"], "PKCS8", "DER")
    text = base64.b64encode(der).decode()
    assert scanner.scan(text[len(text) // 2 :][:40])


TOKEN_WRITTEN = {
    "as it is": TOKEN_VALUE,
    "in part": f"Bearer:{TOKEN_VALUE[5:40]}",
    "in base64": base64.b64encode(f"x{TOKEN_VALUE}".encode()).decode(),
    "in hexadecimal": TOKEN_VALUE.encode().hex(),
}


@pytest.mark.parametrize("written", TOKEN_WRITTEN)
def test_a_known_token_is_found(scanner, written):
    (finding,) = scanner.scan(f"token={TOKEN_WRITTEN[written]}")
    assert finding.kind == TOKEN
    assert finding.before == "token=" + ("Bearer:" if written == "in part" else "")


def test_a_secret_of_credentials_is_found(scanner):
    # checkov:skip=CKV_SECRET_2:Counts up, as no key does: the scanner has to find its like.
    (finding,) = scanner.scan("AWS_SECRET_ACCESS_KEY=0123456789abcdef0123456789abcdef01234567")
    assert finding.kind == CREDENTIALS


@pytest.mark.parametrize(
    "text",
    [
        # checkov:skip=CKV_SECRET_6:The alphabet, no token: the scanner has to find its like.
        '{"certificateOwnershipToken": "abcdefgh01234567"}',
        r"{\"certificateOwnershipToken\":\"abcdefgh01234567\"}",
        "ownershipToken = 'abcdefgh01234567'",
    ],
)
def test_an_unknown_token_is_found_by_its_name(text):
    assert [finding.kind for finding in Scanner().scan(text)] == [TOKEN]


def test_what_is_public_is_no_secret_but_pem_has_no_business_in_a_log(scanner):
    maker = Maker({"CommonName": "maker"}, key=KEYS["P-256"])
    device = maker.device({"CommonName": "device"}, key=KEYS["RSA"])
    _, request = csr.create(csr.KeyType.EC_P256, "claim")
    public = (
        KEYS["RSA"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for pem in (maker.certificate_pem, device.certificate_pem, request.decode(), public.decode()):
        for text in (pem, repr(pem), base64.b64encode(pem.encode()).decode()):
            assert scanner.scan(text) == []
            assert [finding.kind for finding in scanner.scan(text, is_log=True)] == [PEM]
        der = "".join(pem.splitlines()[1:-1])
        assert scanner.scan(der, is_log=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        encoded(KEYS["P-256"], "PKCS8", "PEM").decode().splitlines()[0],
        '"certificateOwnershipToken": null',
        "arn:aws:lambda:eu-west-1:123456789012:function:acme-provisioning-hook-of-a-long-name",
        "0" * 64,
    ],
)
def test_what_only_resembles_a_secret_is_none(scanner, text):
    assert scanner.scan(text) == []


def test_what_is_random_is_none_by_that(scanner):
    assert scanner.scan(f"{secrets.token_hex(32)} {secrets.token_urlsafe(48)}") == []


def test_a_secret_that_chance_might_write_is_refused():
    with pytest.raises(ValueError, match="a token of 8 bytes is too short"):
        Scanner().learn("a token", [b"12345678"])


def test_what_was_clean_is_looked_at_again_once_more_is_known():
    scanner = Scanner()
    assert scanner.scan(TOKEN_VALUE) == []
    scanner.learn(TOKEN, [TOKEN_VALUE.encode()])
    assert scanner.scan(TOKEN_VALUE)


def test_every_key_that_is_made_is_noted_until_that_ends():
    noted = []
    end = note_private_keys(lambda kind, *values: noted.append(values))
    keys = [
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(65_537, 2048),
        dsa.generate_private_key(2048),
    ]
    end()
    ec.generate_private_key(ec.SECP256R1())
    assert noted == [private_values(key) for key in keys]
    assert [len(values) for values in noted] == [1, 3, 1]
