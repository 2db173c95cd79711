import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tools.device.keys import new_private_key, signing_request


def test_every_key_is_another():
    assert new_private_key() != new_private_key()


def test_a_foreign_kind_of_key_is_not_signed_for():
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(ValueError, match="not an elliptic curve key"):
        signing_request(key.decode(), "SN-1")
