"""From an event to a decision: every way it can go wrong is a denial."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry import names
from device_registry.dynamodb import RegistryUnavailableError
from device_registry.reasons import Denial, Grant
from device_registry.table import Granted, Refused
from provisioning_hook.decide import decide
from tests.unit.builders import (
    ENVIRONMENT,
    NOW,
    PEM,
    claim_request,
    record,
    register_thing_event,
)

DENIED = {"allowProvisioning": False, "parameterOverrides": {}}
OVERRIDES = {
    "ThingName",
    "ThingTypeName",
    "ThingGroupName",
    "PolicyName",
    "SerialNumber",
    "DeviceType",
    "Manufacturer",
    "ProvisionedAt",
}
AWS_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")


def grant(_settings, _request):
    return Granted(grant=Grant.FIRST_CLAIM, record=record(), claimed_at=NOW)


def never(_settings, _request):
    raise AssertionError("the registry must not be asked")


def failing(error):
    def claim(_settings, _request):
        raise error

    return claim


def test_a_granted_claim_is_allowed():
    decision = decide(register_thing_event(), ENVIRONMENT, grant)
    assert decision.verdict is Grant.FIRST_CLAIM
    assert decision.thing_name == "acme-SN-0001"
    assert decision.detail is None
    assert decision.response["allowProvisioning"] is True
    assert decision.response["parameterOverrides"].keys() == OVERRIDES
    assert decision.response["parameterOverrides"]["ProvisionedAt"] == "2026-09-21T14:13:20Z"


def test_the_claim_gets_the_settings_and_the_request():
    asked = []

    def claim(settings, request):
        asked.append((settings.table_name, settings.claim_lease_seconds, request))
        return grant(settings, request)

    decide(register_thing_event(), ENVIRONMENT, claim)
    assert asked == [("registry", 3600, claim_request(certificate_pem=PEM))]


def test_a_refused_claim_is_denied_with_its_reason():
    answer = Refused(denial=Denial.MALFORMED_RECORD, detail="claimedAt")
    decision = decide(register_thing_event(), ENVIRONMENT, lambda *_: answer)
    assert decision.verdict is Denial.MALFORMED_RECORD
    assert decision.detail == "claimedAt"
    assert decision.thing_name is None
    assert decision.response == DENIED


@pytest.mark.parametrize(
    ("event", "environment", "claim", "reason", "detail"),
    [
        (register_thing_event(), {}, never, Denial.MISCONFIGURED, "DEVICE_REGISTRY_TABLE"),
        ({}, ENVIRONMENT, never, Denial.INVALID_REQUEST, "certificateId"),
        (
            register_thing_event(SerialNumber="a b"),
            ENVIRONMENT,
            never,
            Denial.INVALID_PARAMETER,
            "SerialNumber",
        ),
        (
            register_thing_event(),
            ENVIRONMENT,
            failing(RegistryUnavailableError("ThrottlingException")),
            Denial.REGISTRY_UNAVAILABLE,
            "ThrottlingException",
        ),
        (
            register_thing_event(),
            ENVIRONMENT,
            failing(ZeroDivisionError("a secret")),
            Denial.INTERNAL_ERROR,
            "ZeroDivisionError",
        ),
        (
            register_thing_event(),
            ENVIRONMENT,
            lambda *_: Granted(grant=Grant.REPEAT, record=record(), claimed_at=10**20),
            Denial.INTERNAL_ERROR,
            "OverflowError",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Denial) else "",
)
def test_denied(event, environment, claim, reason, detail):
    decision = decide(event, environment, claim)
    assert (decision.verdict, decision.detail) == (reason, detail)
    assert decision.response == DENIED


@given(st.from_regex(names.SERIAL_NUMBER, fullmatch=True), st.integers(0, 2**33))
def test_every_override_is_a_string_that_aws_accepts(serial, claimed_at):
    stored = record(serial_number=serial)
    answer = Granted(grant=Grant.FIRST_CLAIM, record=stored, claimed_at=claimed_at)
    decision = decide(register_thing_event(SerialNumber=serial), ENVIRONMENT, lambda *_: answer)
    overrides = decision.response["parameterOverrides"]
    assert overrides.keys() == OVERRIDES
    assert all(AWS_NAME.fullmatch(overrides[k]) for k in OVERRIDES if k.endswith("Name"))
    assert all(names.matches(names.ATTRIBUTE_VALUE, value) for value in overrides.values())
