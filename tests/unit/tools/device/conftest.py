"""The device commands without a network."""

import pytest

from tests.unit.tools.device.fakes import FakeEndpoint
from tools.device import cli


class FakeTransport(FakeEndpoint):
    endpoint = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def transport(monkeypatch):
    fake = FakeTransport()

    def make(endpoint, timeouts=None):
        fake.endpoint = endpoint
        return fake

    monkeypatch.setattr(cli, "SdkTransport", make)
    return fake
