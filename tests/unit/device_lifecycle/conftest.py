"""A registry table and an AWS account in memory."""

import pytest

from tests.unit.device_lifecycle.fakes import World
from tests.unit.device_lifecycle.memory import Memory


@pytest.fixture
def world():
    return World(Memory())
