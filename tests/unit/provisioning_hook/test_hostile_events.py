"""Arbitrary events against the claim on a table: never an exception, never a wrong yes."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device_registry import names, table
from device_registry.reasons import Denial, Grant
from device_registry.record import Status, to_item
from provisioning_hook.decide import decide
from tests.unit.builders import (
    CERTIFICATE,
    ENVIRONMENT,
    NOW,
    OTHER_CERTIFICATE,
    record,
    register_thing_event,
)

EXAMPLES = 200
LEAST_DECIDED_BY_THE_REGISTRY = EXAMPLES // 4
AWS_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
DENIED = {"allowProvisioning": False, "parameterOverrides": {}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4)
    ),
    max_leaves=12,
)
# Near misses first: a value of the right shape tells more than noise.
NEAR = {
    "certificateId": [CERTIFICATE, OTHER_CERTIFICATE, CERTIFICATE.upper()],
    "claimCertificateId": ["ab" * 32, ""],
    "templateArn": ["arn:aws:iot:us-east-1:123456789012:provisioningtemplate/acme-other"],
    "clientId": ["anyone"],
    "parameters": [{}, {"SerialNumber": "SN-0001", "DeviceType": "temperature-sensor"}],
}
NEAR_PARAMETERS = {
    "SerialNumber": ["STRANGER", "sn-0001", "SN-0001 ", "SN-0001\n"],
    "DeviceType": ["gateway", "Temperature-Sensor"],
    "Manufacturer": ["Other", ""],
    "ThingName": ["acme-SN-0002"],
    "PolicyName": ["admin"],
    "ThingGroupName": ["acme-devices"],
    "AWS::IoT::Certificate::Id": [OTHER_CERTIFICATE],
    "Anything": ["at-all"],
}


def changes_of(near):
    """One or two fields, mostly with a near miss."""
    change = st.sampled_from(sorted(near)).flatmap(
        lambda key: st.tuples(
            st.just(key), st.sampled_from(near[key]) | st.sampled_from(near[key]) | json_values
        )
    )
    return st.lists(change, min_size=1, max_size=2).map(dict)


@st.composite
def events(draw):
    """The documented event, with some parameters or fields replaced; sometimes anything at all."""
    kind = draw(st.sampled_from(["as it is", *["parameters"] * 5, *["fields"] * 2, "anything"]))
    if kind == "anything":
        return draw(json_values)
    event = register_thing_event()
    if kind == "parameters":
        event["parameters"] |= draw(changes_of(NEAR_PARAMETERS))
    if kind == "fields":
        event |= draw(changes_of(NEAR))
    return event


def nearest():
    """The documented event in each status, by each of two certificates, and one near miss each."""
    for status in Status:
        for certificate in (CERTIFICATE, OTHER_CERTIFICATE):
            yield register_thing_event() | {"certificateId": certificate}, status
    for name, value in [
        ("SerialNumber", "STRANGER"),
        ("SerialNumber", "SN-0001\n"),
        ("DeviceType", "gateway"),
        ("Manufacturer", "Other"),
    ]:
        event = register_thing_event()
        event["parameters"] |= {name: value}
        yield event, Status.ENROLLED
    yield register_thing_event() | {"parameters": None}, Status.ENROLLED


@pytest.mark.failure_mode("S2", "S5")
def test_no_event_is_an_exception_or_a_wrong_yes(registry, connection):
    @settings(max_examples=EXAMPLES, derandomize=True)
    @given(event=events(), status=st.sampled_from(Status))
    def check(event, status):
        stored = record(status=status)
        registry.put_item(TableName="registry", Item=to_item(stored))

        def claim(config, asked):
            return table.claim(
                config.table_name,
                connection,
                asked,
                now=NOW,
                lease_seconds=60,
                regions=config.regions,
                deadline=0.0,
            )

        decision = decide(event, ENVIRONMENT, claim)
        verdicts.add(decision.verdict)
        if isinstance(decision.verdict, Denial):
            assert decision.response == DENIED
        else:
            assert decision.response["allowProvisioning"] is True
            assert_entitled(event, stored, decision.verdict)
            assert_acceptable(decision.response["parameterOverrides"])

    # What is drawn depends on which modules are loaded; what must be tried is not left to that.
    for event, status in nearest():
        check = example(event=event, status=status)(check)
    verdicts = set()
    check()
    assert connection.requests >= LEAST_DECIDED_BY_THE_REGISTRY
    assert {
        Grant.FIRST_CLAIM,
        Grant.REPEAT,
        Denial.UNKNOWN_SERIAL,
        Denial.WRONG_DEVICE_TYPE,
        Denial.WRONG_MANUFACTURER,
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
        Denial.ALREADY_ACTIVE,
        Denial.SUSPENDED,
        Denial.REVOKED,
        Denial.INVALID_PARAMETER,
        Denial.INVALID_REQUEST,
    } <= verdicts, "too few kinds of events were tried"


def assert_entitled(event, stored, verdict):
    """The serial is enrolled and free, or this very certificate holds the claim already."""
    assert event["parameters"]["SerialNumber"] == stored.serial_number
    assert event["parameters"]["DeviceType"] == stored.device_type
    assert event["parameters"]["Manufacturer"] == stored.manufacturer
    if verdict is Grant.REPEAT:
        assert event["certificateId"] == stored.certificate_id
        assert stored.status in {Status.PROVISIONING, Status.ACTIVE}
    else:
        assert stored.status is Status.ENROLLED


def assert_acceptable(overrides):
    """Every override is a string that AWS accepts, and names this device and no other."""
    assert overrides["ThingName"] == "acme-SN-0001"
    assert overrides["PolicyName"] == "acme-temperature-sensor"
    assert all(AWS_NAME.fullmatch(v) for key, v in overrides.items() if key.endswith("Name"))
    assert all(names.matches(names.ATTRIBUTE_VALUE, value) for value in overrides.values())
