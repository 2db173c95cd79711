"""Applied stacks for the whole layer, with IAM and IoT policies enforced.

Each has a file: `fleet`, whose devices come with claims, and `just_in_time`, whose devices come
with certificates from their makers. Attacks use both too.
"""

import secrets

import pytest

from tests.e2e.drills import drill  # noqa: F401 - a fixture


@pytest.fixture
def serial_number() -> str:
    """A serial number that no other test uses."""
    return f"SN-{secrets.token_hex(4)}"
