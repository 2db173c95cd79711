"""The run knows what the endpoint gives a device, so that it can look for it everywhere."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.support import journal
from tests.support.journal import PRIVATE_KEY, TOKEN, private_values

pytestmark = [
    pytest.mark.endpoint,
    pytest.mark.skipif(bool(os.environ.get("ENDPOINT")), reason="about the embedded endpoint"),
]


def noted(kind):
    entries = journal.entries(Path(os.environ[journal.VARIABLE]))
    return [entry["values"] for entry in entries if entry.get("secret") == kind]


@pytest.mark.parametrize("by_claim", [True, False], ids=["by claim", "by a trusted user"])
def test_keys_and_tokens_are_noted(fleet, serial_number, by_claim):
    claim = fleet.claims["line-1"] if by_claim else fleet.trusted_user()
    credentials = claim.credentials()
    with fleet.session(credentials, f"claim-acme-factory-{serial_number}") as session:
        issued = session.create_keys_and_certificate()
    assert [issued.ownership_token.encode().hex()] in noted(TOKEN)
    for pem in (credentials.private_key_pem, issued.private_key_pem):
        key = serialization.load_pem_private_key(pem.encode(), None)
        assert [value.hex() for value in private_values(key)] in noted(PRIVATE_KEY)
