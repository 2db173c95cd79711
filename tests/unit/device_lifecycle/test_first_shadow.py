"""Settings for a new device: written once, and never over a value that is there."""

import json

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_lifecycle import activation, first_shadow
from device_lifecycle.errors import RetryError
from device_lifecycle.first_shadow import Parameters, missing
from device_registry.record import Status
from device_registry.shadow_parameter import FirstShadow, FirstShadowError
from tests.unit.builders import CERTIFICATE, NOW
from tests.unit.device_lifecycle.fakes import PARAMETER, THING, clients, lines

SETTINGS = {"interval": 60, "limits": {"low": 5, "high": 30}}
PATH = PARAMETER.removesuffix("/temperature-sensor/first-shadow")
CLAIM = {"status": Status.ACTIVE, "certificate_id": CERTIFICATE, "thing_name": THING}


def ensure(world, **environ):
    activation.ensure_first_shadow(world.runtime(), world.config(**environ), world.stored())


def desired(world, name=None):
    return world.aws.shadows[THING, name]["state"]["desired"]


@pytest.fixture
def device(world):
    world.enrol(**CLAIM)
    world.aws.parameters[PARAMETER] = json.dumps({"name": None, "desired": SETTINGS})
    return world


@pytest.mark.parametrize("name", [None, "settings"])
@pytest.mark.failure_mode("B15")
def test_written_once(device, capsys, name):
    device.aws.parameters[PARAMETER] = json.dumps({"name": name, "desired": SETTINGS})
    ensure(device)
    assert desired(device, name) == SETTINGS
    assert device.stored().shadow_written_at == NOW
    (line,) = lines(capsys)
    assert (line["event"], line["outcome"]) == ("first-shadow", "written")
    device.aws.shadows.clear()
    ensure(device)
    assert device.aws.shadows == {}


def test_what_somebody_set_stays(device):
    device.aws.shadows[THING, None] = {
        "state": {"reported": {"interval": 10, "limits": {"low": 1}}, "desired": {"mode": "eco"}},
        "version": 7,
    }
    ensure(device)
    assert desired(device) == {"mode": "eco", "limits": {"high": 30}}


def test_what_somebody_desired_of_the_settings_stays(device):
    own = {"interval": 10, "limits": {"low": 1}}
    device.aws.shadows[THING, None] = {"state": {"desired": own}, "version": 7}
    ensure(device)
    assert desired(device) == {"interval": 10, "limits": {"low": 1, "high": 30}}


def test_nothing_is_written_where_all_is_set(device, capsys):
    device.aws.shadows[THING, None] = {"state": {"reported": SETTINGS}, "version": 7}
    ensure(device)
    assert "UpdateThingShadow" not in device.aws.calls
    assert device.stored().shadow_written_at == NOW
    assert lines(capsys)[0]["outcome"] == "nothing-to-write"


def test_what_somebody_writes_meanwhile_is_read_again(device):
    device.aws.shadows[THING, None] = {"state": {"desired": {"mode": "eco"}}, "version": 7}
    reported = iter([{"interval": 10}])

    def meanwhile(operation, _):
        if operation == "UpdateThingShadow":
            for each in reported:
                device.aws.shadows[THING, None]["state"]["reported"] = each
                device.aws.shadows[THING, None]["version"] += 1

    device.aws.before = meanwhile
    ensure(device)
    assert desired(device) == {"mode": "eco", "limits": SETTINGS["limits"]}


def test_a_shadow_that_keeps_changing_is_left_for_later(device):
    device.aws.answers["UpdateThingShadow"] = "ConflictException"
    with pytest.raises(RetryError, match=r"^the shadow kept changing$"):
        ensure(device)
    assert device.aws.calls.count("UpdateThingShadow") == 3
    assert device.stored().shadow_written_at is None


@pytest.mark.parametrize("operation", ["GetParameter", "GetThingShadow", "UpdateThingShadow"])
def test_a_refusal_is_no_answer(device, operation):
    device.aws.answers[operation] = "ThrottlingException"
    with pytest.raises(ClientError):
        ensure(device)
    assert device.stored().shadow_written_at is None


def test_a_type_without_settings_has_no_first_shadow(device):
    device.aws.parameters.clear()
    ensure(device)
    ensure(device, SHADOW_PARAMETERS="")
    assert device.aws.calls == ["GetParameter"]
    assert device.stored().shadow_written_at is None


def test_a_record_without_a_thing_has_no_shadow(device):
    device.enrol(**{**CLAIM, "thing_name": None})
    ensure(device)
    assert device.aws.calls == []


@pytest.mark.parametrize(
    "value",
    [
        "no JSON",
        "[]",
        "7",
        '{"name": null}',
        '{"name": null, "desired": []}',
        '{"name": 7, "desired": {}}',
        '{"name": "a b", "desired": {}}',
    ],
)
def test_settings_that_cannot_be_used_are_named(device, value):
    device.aws.parameters[PARAMETER] = value
    with pytest.raises(FirstShadowError, match=PARAMETER):
        ensure(device)


def test_a_fleet_that_comes_back_at_once_asks_once(device):
    seconds = [0.0]
    parameters = Parameters(lambda: seconds[0])
    ssm = clients(device.aws, device.table).ssm()
    for _ in range(3):
        shadow = parameters.get(ssm, PATH, "temperature-sensor")
        assert shadow == FirstShadow(None, SETTINGS)
        assert parameters.get(ssm, PATH, "gateway") is None
    assert device.aws.calls == ["GetParameter"] * 2
    seconds[0] = 300.0
    parameters.get(ssm, PATH, "gateway")
    assert device.aws.calls == ["GetParameter"] * 3


documents = st.recursive(
    st.integers() | st.text(max_size=3) | st.none(),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("abc"), documents, max_size=3)


def leaves(value, *path):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, *path, key)
    if not isinstance(value, dict) or not value:
        yield path


def has(document, path):
    """Whether a value is at a path, or on the way to it."""
    for key in path:
        if not isinstance(document, dict):
            return True
        if key not in document:
            return False
        document = document[key]
    return True


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(wanted=objects, own=objects, reported=st.none() | objects)
def test_missing_is_all_that_nobody_set_and_nothing_else(wanted, own, reported):
    found = missing(wanted, own, reported)
    states = [own, reported or {}]
    for path in leaves(wanted):
        if path:
            assert not any(has(state, path) for state in states) or path not in set(leaves(found))
    for path in leaves(found):
        if path:
            assert path in set(leaves(wanted))
            assert not any(has(state, path) for state in states)


def test_which_shadow(device):
    shadow = FirstShadow("s", {"a": 1})
    assert first_shadow.write(clients(device.aws, device.table).iot_data(), THING, shadow)
    assert desired(device, "s") == {"a": 1}
