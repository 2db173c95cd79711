"""Every way in which a run can differ from what was expected is noticed, and said in a sentence."""

from dataclasses import replace

import pytest

from tools.demo.alarms import Heard
from tools.demo.observe import Seen, Standing
from tools.demo.scenario import COUNTERFEIT, REFUSALS, SENSORS, STRANGER
from tools.demo.verdicts import (
    CutOff,
    Refused,
    Sight,
    of_activation,
    of_admission,
    of_alarm,
    of_arrival,
    of_cut_off,
    of_refusal,
    of_turned_away,
)
from tools.device.just_in_time import JustInTimeResult, JustInTimeTimings
from tools.device.model import DeviceSpec, ProvisioningResult, Timings

DEVICE = DeviceSpec("TS-1", "sensor")
OUTPUTS = {
    "name_prefix": "acme",
    "device_types": {
        "sensor": {
            "thing_type_name": "acme-sensor",
            "thing_group_name": "acme-sensor",
            "policy_name": "acme-sensor",
        }
    },
}
RESULT = ProvisioningResult(
    serial_number="TS-1",
    thing_name="acme-TS-1",
    certificate_id="a" * 64,
    device_configuration={},
    certificate_file="",
    private_key_file="",
    resumed=False,
    attempts=1,
    timings=Timings(),
)
SEEN = Seen(
    thing="acme-TS-1",
    thing_type="acme-sensor",
    groups=("acme-sensor",),
    certificate_ids=("a" * 64,),
    policies=("acme-sensor",),
    certificate_statuses=("ACTIVE",),
    serial_number="TS-1",
    shadow={"serialNumber": "TS-1", "deviceType": "sensor"},
)
REFUSAL = REFUSALS[0]
REFUSED = Refused(
    status_code=403,
    error_code="AccessDenied",
    certificate_id="b" * 64,
    certificate_status="PENDING_ACTIVATION",
    entry={"reason": REFUSAL.reason, "certificateId": "b" * 64},
)


def test_a_device_that_got_what_it_should():
    assert list(of_admission(DEVICE, RESULT, SEEN, OUTPUTS)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"thing_type": "acme-gateway"},
        {"groups": ("acme-sensor", "acme-gateway")},
        {"groups": ()},
        {"policies": ("acme-gateway",)},
        {"policies": ("acme-gateway", "acme-sensor")},
        {"certificate_ids": ("a" * 64, "c" * 64)},
        {"certificate_statuses": ("INACTIVE",)},
        {"serial_number": "TS-2"},
        {"shadow": {}},
    ],
)
def test_a_device_that_got_something_else(change):
    (sentence,) = of_admission(DEVICE, RESULT, replace(SEEN, **change), OUTPUTS)
    assert sentence.startswith("TS-1: its ")


def test_a_thing_of_another_name():
    assert len(list(of_admission(DEVICE, RESULT, replace(SEEN, thing="acme-x"), OUTPUTS))) == 2


def test_a_device_that_came_with_an_identity():
    (sentence,) = of_admission(DEVICE, replace(RESULT, resumed=True), SEEN, OUTPUTS)
    assert "already" in sentence


def test_a_device_that_was_refused_as_it_should():
    assert list(of_refusal(REFUSAL, REFUSED)) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"status_code": None}, "let in"),
        ({"status_code": 400}, "400"),
        ({"entry": {**REFUSED.entry, "reason": "REVOKED"}}, "REVOKED"),
        ({"entry": {**REFUSED.entry, "certificateId": "d" * 64}}, "does not name"),
        ({"certificate_status": "ACTIVE"}, "ACTIVE"),
    ],
)
def test_a_device_that_was_refused_otherwise(change, word):
    (sentence,) = of_refusal(REFUSAL, replace(REFUSED, **change))
    assert word in sentence


def test_a_refusal_that_the_log_does_not_hold():
    sentences = list(of_refusal(REFUSAL, replace(REFUSED, entry={})))
    assert "none found" in sentences[0]


ARRIVAL = SENSORS[0]
NORTH = {
    "device_types": {
        "temperature-sensor": {
            "thing_type_name": "north-temperature-sensor",
            "policy_name": "north-temperature-sensor",
        }
    }
}
ARRIVED = JustInTimeResult(
    serial_number="TS-1001",
    thing_name="north-sensor-1001",
    certificate_id="c" * 64,
    attempts=2,
    timings=JustInTimeTimings(admission=0.1, total=0.2),
)
ARRIVED_THING = Seen(
    thing="north-sensor-1001",
    thing_type="north-temperature-sensor",
    groups=("DE", "north-temperature-sensor"),
    certificate_ids=("c" * 64,),
    policies=("north-temperature-sensor",),
    certificate_statuses=("ACTIVE",),
    serial_number="TS-1001",
    shadow={"serialNumber": "TS-1001", "deviceType": "temperature-sensor"},
)


def test_a_device_that_came_up_as_it_should():
    assert list(of_arrival(ARRIVAL, ARRIVED, ARRIVED_THING, NORTH)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"thing": "north-other"},
        {"thing_type": "north-gateway"},
        {"groups": ("DE",)},
        {"policies": ()},
        {"certificate_ids": ("c" * 64, "d" * 64)},
        {"certificate_statuses": ("INACTIVE",)},
        {"serial_number": "TS-9"},
        {"shadow": {}},
    ],
)
def test_each_difference_of_an_arrival_is_said(change):
    said = list(of_arrival(ARRIVAL, ARRIVED, replace(ARRIVED_THING, **change), NORTH))
    assert len(said) == 1
    assert said[0].startswith("TS-1001: its ")


def test_a_device_that_was_never_dropped_is_noticed():
    at_once = replace(ARRIVED, attempts=1)
    assert list(of_arrival(ARRIVAL, at_once, ARRIVED_THING, NORTH)) == [
        "TS-1001 was not dropped at its first connection."
    ]


AT_THE_GATE = Sight(
    connected=False,
    attempts=3,
    certificate_status="INACTIVE",
    thing_exists=False,
    entry={"reason": "UNKNOWN_SERIAL"},
)
NOWHERE = replace(AT_THE_GATE, certificate_status=None, entry={})


@pytest.mark.parametrize(("case", "sight"), [(STRANGER, AT_THE_GATE), (COUNTERFEIT, NOWHERE)])
def test_a_device_that_was_turned_away_as_it_should(case, sight):
    assert list(of_turned_away(case, sight)) == []


@pytest.mark.parametrize(
    ("case", "sight", "change", "sentence"),
    [
        (STRANGER, AT_THE_GATE, {"connected": True}, "was let in"),
        (STRANGER, AT_THE_GATE, {"thing_exists": True}, "has a thing"),
        (STRANGER, AT_THE_GATE, {"entry": {}}, "the log's reason is None"),
        (STRANGER, AT_THE_GATE, {"certificate_status": "ACTIVE"}, "AWS has ACTIVE"),
        (COUNTERFEIT, NOWHERE, {"certificate_status": "INACTIVE"}, "AWS has INACTIVE"),
        (COUNTERFEIT, NOWHERE, {"entry": {"reason": "REVOKED"}}, "refused as None"),
    ],
)
def test_each_way_in_is_noticed(case, sight, change, sentence):
    said = list(of_turned_away(case, replace(sight, **change)))
    assert len(said) == 1
    assert sentence in said[0]


FIRST_SHADOW = {"samplingRate": 30}
IN_SERVICE = Standing("ACTIVE", "device-lifecycle", "first connection", FIRST_SHADOW)


def test_a_device_that_is_in_service():
    assert list(of_activation(DEVICE, IN_SERVICE, FIRST_SHADOW)) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"status": "PROVISIONING", "by": None}, "PROVISIONING"),
        ({"by": "somebody"}, "by somebody"),
        ({"desired": {}}, "has {}"),
        ({"desired": {"samplingRate": 5}}, "{'samplingRate': 5}"),
    ],
)
def test_a_device_that_is_not_in_service(change, word):
    (sentence,) = of_activation(DEVICE, replace(IN_SERVICE, **change), FIRST_SHADOW)
    assert sentence.startswith("TS-1: its ")
    assert word in sentence


OUT = CutOff(disconnected_after=1.0, certificate_status="REVOKED", came_back=False, status_code=403)


def test_a_revoked_device_that_is_out_for_good():
    assert list(of_cut_off(DEVICE, OUT)) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"disconnected_after": None}, "stayed connected"),
        ({"certificate_status": "ACTIVE"}, "AWS has ACTIVE"),
        ({"came_back": True}, "could connect"),
        ({"status_code": None}, "not None"),
    ],
)
def test_each_way_in_for_a_revoked_device_is_noticed(change, word):
    (sentence,) = of_cut_off(DEVICE, replace(OUT, **change))
    assert word in sentence


HEARD = Heard("acme-denials", "ALARM", "docs/runbooks.md#denials", {"NewStateValue": "ALARM"})


def test_an_alarm_that_went_off_and_was_heard():
    assert list(of_alarm(HEARD)) == []


@pytest.mark.parametrize(("change", "word"), [({"state": "OK"}, "in OK"), ({"message": {}}, "No")])
def test_an_alarm_that_was_silent(change, word):
    (sentence,) = of_alarm(replace(HEARD, **change))
    assert word in sentence
