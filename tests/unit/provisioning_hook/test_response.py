"""What AWS IoT is told."""

import time

import pytest

from provisioning_hook import response
from tests.unit.builders import record


def test_denied():
    assert response.denied() == {"allowProvisioning": False, "parameterOverrides": {}}


@pytest.mark.failure_mode("B1", "B7", "B13", "S12")
def test_allowed():
    assert response.allowed(record(), "acme", 1_790_000_000) == {
        "allowProvisioning": True,
        "parameterOverrides": {
            "ThingName": "acme-SN-0001",
            "ThingTypeName": "acme-temperature-sensor",
            "ThingGroupName": "acme-temperature-sensor",
            "PolicyName": "acme-temperature-sensor",
            "SerialNumber": "SN-0001",
            "DeviceType": "temperature-sensor",
            "Manufacturer": "AcmeIoT",
            "ProvisionedAt": "2026-09-21T14:13:20Z",
        },
    }


def test_the_time_is_utc_wherever_it_runs(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    overrides = response.allowed(record(), "acme", 0)["parameterOverrides"]
    monkeypatch.undo()
    time.tzset()
    assert overrides["ProvisionedAt"] == "1970-01-01T00:00:00Z"


def test_a_manufacturer_that_nobody_recorded():
    overrides = response.allowed(record(manufacturer=None), "acme", 0)["parameterOverrides"]
    assert overrides["Manufacturer"] == "unknown"
    assert overrides["ProvisionedAt"] == "1970-01-01T00:00:00Z"


def test_every_answer_is_a_fresh_object():
    first = response.denied()
    first["allowProvisioning"] = True
    first["parameterOverrides"]["ThingName"] = "leaked"
    assert response.denied() == {"allowProvisioning": False, "parameterOverrides": {}}
