import pytest

from tools.device.model import ClientCredentials, IssuedCertificate, RegisteredThing
from tools.device.state import Identity, Step, confirmed, issued, next_step, registered

CREDENTIALS = ClientCredentials("cert", "key")
PENDING = Identity("id", CREDENTIALS, ownership_token="token", token_expires_at=10_000)


@pytest.mark.parametrize(
    ("identity", "now", "step"),
    [
        (None, 0, Step.OBTAIN_CERTIFICATE),
        (PENDING, 9_939, Step.REGISTER),
        (PENDING, 9_940, Step.OBTAIN_CERTIFICATE),
        (PENDING, 20_000, Step.OBTAIN_CERTIFICATE),
        (Identity("id", CREDENTIALS), 0, Step.OBTAIN_CERTIFICATE),
        (Identity("id", CREDENTIALS, thing_name="thing"), 1e12, Step.CONNECT),
    ],
)
def test_next_step(identity, now, step):
    assert next_step(identity, now) is step


def test_the_token_lasts_an_hour_from_before_the_request():
    identity = issued(IssuedCertificate("id", "cert", "token", "key"), None, now=100.0)
    assert identity == Identity("id", CREDENTIALS, "token", 3_700.0)


def test_the_devices_own_key_is_kept():
    identity = issued(IssuedCertificate("id", "cert", "token"), "own key", now=0)
    assert identity.credentials.private_key_pem == "own key"


def test_a_certificate_without_a_key_is_of_no_use():
    with pytest.raises(ValueError, match="no private key"):
        issued(IssuedCertificate("id", "cert", "token"), None, now=0)


def test_a_registered_identity_drops_its_token():
    identity = registered(PENDING, RegisteredThing("thing", {"a": "b"}))
    assert identity == Identity("id", CREDENTIALS, None, 0.0, "thing", {"a": "b"}, False)
    assert confirmed(identity).confirmed


def test_no_repr_shows_a_key_or_a_token():
    identity = Identity("id", ClientCredentials("cert", "SECRET"), "SECRET")
    assert "SECRET" not in repr(identity)
