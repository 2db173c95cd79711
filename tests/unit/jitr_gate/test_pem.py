"""PEM: exactly one block."""

import pytest

from jitr_gate import pem
from jitr_gate.der import DerError
from tests.unit.jitr_gate.encoding import pem as armoured

BLOCK = armoured(b"\x30\x00" * 40)


def test_text_around_a_block_is_left_alone():
    assert pem.decode(f"Issuer: CN=x\r\n{BLOCK}\r\nend", "CERTIFICATE") == b"\x30\x00" * 40


def test_lines_may_end_in_any_way():
    assert pem.decode(BLOCK.replace("\n", "\r\n"), "CERTIFICATE") == b"\x30\x00" * 40


@pytest.mark.parametrize(
    "text",
    [
        "",
        BLOCK * 2,
        BLOCK.replace("CERTIFICATE", "X509 CRL"),
        BLOCK.replace("-----END CERTIFICATE-----", ""),
        BLOCK.replace("-----BEGIN CERTIFICATE-----", ""),
        "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----",
    ],
)
def test_not_one_block(text):
    with pytest.raises(DerError, match=r"^not exactly one PEM block$"):
        pem.decode(text, "CERTIFICATE")


@pytest.mark.parametrize("body", ["MAA", "M*A=", "MÄA=", "MAA=MAA="])
def test_not_base64(body):
    with pytest.raises(DerError, match=r"^not base64$"):
        pem.decode(f"-----BEGIN X-----\n{body}\n-----END X-----", "X")
