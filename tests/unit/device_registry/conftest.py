"""The registry table for many examples: quicker than a client, with the same engine."""

import pytest

from tests.unit.device_lifecycle.memory import Memory


@pytest.fixture(scope="module")
def memory():
    return Memory()
