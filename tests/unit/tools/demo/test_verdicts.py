"""Every way in which a run can differ from what was expected is noticed, and said in a sentence."""

from dataclasses import replace

import pytest

from tools.demo.observe import Seen
from tools.demo.scenario import REFUSALS
from tools.demo.verdicts import Refused, of_admission, of_refusal
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
