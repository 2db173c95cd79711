"""The endpoint as pytest fixtures, and AWS sessions that talk to it.

`endpoint` does not enforce IAM, `auth_endpoint` does (when it is the embedded one). Both last for
the whole session and are started by the first test that asks. `account` is an account of its own
for one test: two accounts share nothing, so tests need not clean up after each other.

Endpoints are started by each process that asks for one. With pytest-xdist, tests/conftest.py keeps
together what shares what it made there: devices' layers in one process, the examples in another.
"""

import contextlib
import itertools
import os
import secrets
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from localstack_client import session as localstack

from tools.endpoint import Endpoint, embedded_endpoint

# Begins anywhere: a second run at an external endpoint must not meet what the first one made.
_account_numbers = itertools.count(200_000_000_000 + secrets.randbelow(10**11))
_one_at_a_time = threading.Lock()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that does not enforce IAM."""
    with embedded_endpoint() as running:
        yield running


@pytest.fixture(scope="session")
def auth_endpoint() -> Iterator[Endpoint]:
    """An endpoint that enforces IAM and IoT policies."""
    with embedded_endpoint(auth=True) as running:
        yield running


@pytest.fixture
def account(endpoint: Endpoint) -> Endpoint:
    """The endpoint, as an account that no other test uses."""
    return new_account(endpoint)


@pytest.fixture
def auth_account(auth_endpoint: Endpoint) -> Endpoint:
    """The endpoint that enforces IAM, as the root user of an account that no other test uses."""
    return new_account(auth_endpoint)


def new_account(endpoint: Endpoint) -> Endpoint:
    """The endpoint, as an account that nothing else uses."""
    return endpoint.in_account(str(next(_account_numbers)))


def session(
    endpoint: Endpoint, *, access_key_id: str | None = None, secret_access_key: str = "test"
) -> localstack.Session:
    """An AWS session at the endpoint.

    Args:
        endpoint: Where, in which account and region.
        access_key_id: Of an IAM user; the account's root user when not given. Temporary
            credentials need a session token, which this kind of session does not pass on.
        secret_access_key: Belongs to the access key.
    """
    # The session reads AWS_ENDPOINT_URL when it is made, and prefers it to any argument.
    with using(endpoint):
        return localstack.Session(
            aws_access_key_id=access_key_id or endpoint.account_id,
            aws_secret_access_key=secret_access_key,
            region_name=endpoint.region,
        )


def client(endpoint: Endpoint, service: str, **credentials: str) -> Any:
    """A boto3 client for one service at the endpoint; `credentials` as for `session`."""
    # The environment is the whole process's: threads take turns.
    with _one_at_a_time, using(endpoint):
        return session(endpoint, **credentials).client(service)


@contextlib.contextmanager
def using(endpoint: Endpoint) -> Iterator[None]:
    """Point this process at the endpoint for a while, for code that reads the environment."""
    with mock.patch.dict(os.environ, endpoint.environment(), clear=True):
        yield
