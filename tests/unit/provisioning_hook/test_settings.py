"""The function's settings."""

import pytest

from device_registry.reasons import MisconfiguredError
from provisioning_hook.settings import Settings, from_environment
from tests.unit.builders import ENVIRONMENT, REGIONS


def test_settings():
    assert from_environment(ENVIRONMENT) == Settings("registry", "acme", 3600, REGIONS)


def test_a_claim_that_does_not_lapse():
    environment = {**ENVIRONMENT, "CLAIM_LEASE_SECONDS": "never"}
    assert from_environment(environment) == Settings("registry", "acme", None, REGIONS)


@pytest.mark.parametrize("seconds", ["60", "86400"])
def test_the_shortest_and_the_longest_lease(seconds):
    environment = {**ENVIRONMENT, "CLAIM_LEASE_SECONDS": seconds}
    assert from_environment(environment).claim_lease_seconds == int(seconds)


@pytest.mark.parametrize("name", ["DEVICE_REGISTRY_TABLE", "NAME_PREFIX", "CLAIM_LEASE_SECONDS"])
def test_a_missing_variable_is_named(name):
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        from_environment({k: v for k, v in ENVIRONMENT.items() if k != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE_REGISTRY_TABLE", ""),
        ("NAME_PREFIX", "Acme"),
        ("NAME_PREFIX", "acme-"),
        ("CLAIM_LEASE_SECONDS", "59"),
        ("CLAIM_LEASE_SECONDS", "86401"),
        ("CLAIM_LEASE_SECONDS", "-60"),
        ("CLAIM_LEASE_SECONDS", "1e3"),
        ("CLAIM_LEASE_SECONDS", "\u0663\u0666\u0660\u0660"),
    ],
)
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        from_environment({**ENVIRONMENT, name: value})
