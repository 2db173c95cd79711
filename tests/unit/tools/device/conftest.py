"""The device commands without a network."""

from collections import defaultdict

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


@pytest.fixture
def transports(monkeypatch):
    """One for each endpoint's name, made when it is first asked for."""
    fakes = defaultdict(FakeTransport)
    monkeypatch.setattr(cli, "SdkTransport", lambda where, timeouts=None: fakes[where.host_name])
    return fakes
