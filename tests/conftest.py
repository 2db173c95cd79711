"""What every layer shares: the order of the layers, their headers, and the fixtures of support."""

import socket

import pytest


@pytest.fixture
def closed_port():
    """A loopback port on which nothing listens: bound and not listening, so nobody takes it."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        yield placeholder.getsockname()[1]
