"""The log line of an event."""

import json

import pytest

from device_registry.decision_log import FAULTS, write
from device_registry.reasons import Denial, Grant
from jitr_gate import decision_log
from jitr_gate.decide import Device
from jitr_gate.gate import Outcome
from jitr_gate.request import Reason
from tests.unit.builders import CERTIFICATE
from tests.unit.jitr_gate.fakes import CA, GATE_ENVIRONMENT, device_pem, registered

NOW = 1_790_000_000.25
DEVICE = Device(serial_number="SN-0001", device_type="temperature-sensor")


def entry(verdict, event=None, environ=GATE_ENVIRONMENT, **extra):
    outcome = Outcome(verdict=verdict, **extra)
    event = registered() if event is None else event
    return decision_log.entry(outcome, event, environ, "request-1", NOW)


def test_a_device_that_was_let_in():
    line = entry(Grant.FIRST_CLAIM, device=DEVICE, thing_name="acme-SN-0001")
    assert line == {
        "timestamp": "2026-09-21T14:13:20.250+00:00",
        "level": "INFO",
        "event": "provisioning-decision",
        "outcome": "allowed",
        "reason": "FIRST_CLAIM",
        "serialNumber": "SN-0001",
        "deviceType": "temperature-sensor",
        "thingName": "acme-SN-0001",
        "certificateId": CERTIFICATE,
        "claimCertificateId": CA,
        "gate": "acme-maker",
        "requestId": "request-1",
    }


@pytest.mark.parametrize("reason", Denial)
def test_a_device_that_was_not(reason):
    line = entry(reason, detail="why", device=DEVICE)
    assert (line["event"], line["outcome"]) == ("provisioning-decision", "denied")
    assert (line["reason"], line["detail"]) == (reason.value, "why")
    assert line["level"] == ("ERROR" if reason in FAULTS else "INFO")
    assert line["serialNumber"] == "SN-0001"
    assert "thingName" not in line


@pytest.mark.parametrize("reason", Reason)
def test_an_event_that_was_left_alone_is_no_decision(reason):
    line = entry(reason, detail="ACTIVE")
    assert line == {
        "timestamp": "2026-09-21T14:13:20.250+00:00",
        "level": "INFO",
        "event": "registration-ignored",
        "reason": reason.value,
        "detail": "ACTIVE",
        "certificateId": CERTIFICATE,
        "claimCertificateId": CA,
        "gate": "acme-maker",
        "requestId": "request-1",
    }


@pytest.mark.parametrize("event", [[], "text", 7, {}, {"certificateId": 7}])
def test_an_event_of_any_shape_can_be_logged(event):
    line = entry(Reason.NOT_THE_EVENT, event, environ={})
    assert line.keys() == {"timestamp", "level", "event", "reason", "requestId"}


def test_strings_of_the_device_are_cut_and_cannot_start_a_line(capsys):
    forged = 'SN"}\n{"event":"provisioning-decision","outcome":"allowed"}\r\u2028'
    hostile = Device(serial_number=forged, device_type="x" * 100_000)
    event = registered(certificatePem=device_pem(), certificateId="\n" * 200)
    write(entry(Denial.INVALID_PARAMETER, event, device=hostile))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.isascii()
    line = json.loads(printed)
    assert (line["serialNumber"], line["outcome"]) == (forged, "denied")
    assert len(line["deviceType"]) == len(line["certificateId"]) == 128
    assert "BEGIN" not in printed
