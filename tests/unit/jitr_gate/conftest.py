"""The gate between a registry table and an AWS IoT in this process."""

import time
from types import SimpleNamespace

import pytest

from device_registry.record import from_item, to_item
from jitr_gate import gate
from tests.unit.builders import record
from tests.unit.jitr_gate.fakes import GATE_ENVIRONMENT, Aws, Registry, clients, registered


@pytest.fixture
def enrol(registry):
    """Put a record into the table in place of the one that is there."""

    def put(**changes):
        registry.put_item(TableName="registry", Item=to_item(record(**changes)))

    return put


@pytest.fixture
def forget(registry):
    """Take the device's record out of the table."""

    def delete():
        registry.delete_item(TableName="registry", Key={"serialNumber": {"S": "SN-0001"}})

    return delete


@pytest.fixture
def stored(registry):
    """Read the record."""

    def get():
        key = {"serialNumber": {"S": "SN-0001"}}
        return from_item(registry.get_item(TableName="registry", Key=key)["Item"])

    return get


@pytest.fixture
def world(connection, enrol, forget, stored):
    """One enrolled device whose certificate was registered just now."""

    def build(**options):
        aws, claims = Aws(**options), Registry(connection)

        def run(event=None, environ=None):
            return gate.run(
                registered() if event is None else event,
                GATE_ENVIRONMENT if environ is None else environ,
                clients(aws),
                claims,
                time.time(),
            )

        return SimpleNamespace(
            aws=aws, claims=claims, run=run, stored=stored, enrol=enrol, forget=forget
        )

    enrol()
    return build
