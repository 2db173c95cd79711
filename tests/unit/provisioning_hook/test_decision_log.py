"""The log line of a decision."""

import json

import pytest

from device_registry.decision_log import write
from device_registry.reasons import Denial, Grant
from provisioning_hook import decision_log, response
from provisioning_hook.decide import Decision
from tests.unit.builders import register_thing_event

NOW = 1_790_000_000.25
FAULTS = {
    "CRL_UNAVAILABLE",
    "INTERNAL_ERROR",
    "MALFORMED_RECORD",
    "MISCONFIGURED",
    "REGISTRY_UNAVAILABLE",
}


def decision(verdict, **extra):
    return Decision(verdict=verdict, response=response.denied(), **extra)


def test_an_allowed_request():
    allowed = decision(Grant.FIRST_CLAIM, thing_name="acme-SN-0001")
    assert decision_log.entry(allowed, register_thing_event(), "request-1", NOW) == {
        "timestamp": "2026-09-21T14:13:20.250+00:00",
        "level": "INFO",
        "event": "provisioning-decision",
        "outcome": "allowed",
        "reason": "FIRST_CLAIM",
        "serialNumber": "SN-0001",
        "deviceType": "temperature-sensor",
        "thingName": "acme-SN-0001",
        "certificateId": "de" * 32,
        "claimCertificateId": "c1a1" * 16,
        "templateArn": "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/acme-default",
        "clientId": "acme-default-SN-0001",
        "requestId": "request-1",
    }


@pytest.mark.parametrize("reason", Denial)
@pytest.mark.failure_mode("S12")
def test_a_denied_request_names_its_reason(reason):
    line = decision_log.entry(decision(reason, detail="why"), {}, "request-1", NOW)
    assert (line["outcome"], line["reason"], line["detail"]) == ("denied", reason.value, "why")
    assert line["level"] == ("ERROR" if reason.value in FAULTS else "INFO")


@pytest.mark.parametrize(
    "event", [None, [], "text", {"parameters": "text"}, {"parameters": None}, {"clientId": 7}]
)
def test_an_event_of_any_shape_can_be_logged(event):
    line = decision_log.entry(decision(Denial.INVALID_REQUEST), event, "request-1", NOW)
    assert line.keys() == {"timestamp", "level", "event", "outcome", "reason", "requestId"}


@pytest.mark.failure_mode("S6")
def test_strings_of_the_device_are_cut_and_cannot_start_a_line(capsys):
    forged = 'SN"}\n{"event":"provisioning-decision","outcome":"allowed"}\r\u2028\ud800'
    event = register_thing_event(SerialNumber=forged, DeviceType="x" * 100_000)
    write(decision_log.entry(decision(Denial.INVALID_PARAMETER), event, "r", NOW))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.isascii()
    line = json.loads(printed)
    assert line["serialNumber"] == forged
    assert line["outcome"] == "denied"
    assert len(line["deviceType"]) == 128


def test_neither_the_pem_nor_a_token_is_logged():
    event = {**register_thing_event(), "certificateOwnershipToken": "TOKEN"}
    line = json.dumps(decision_log.entry(decision(Grant.REPEAT), event, "r", NOW))
    assert "BEGIN" not in line
    assert "TOKEN" not in line


def test_the_line_as_it_is_written(capsys):
    allowed = decision(Grant.FIRST_CLAIM, thing_name="acme-SN-0001", detail="é")
    write(decision_log.entry(allowed, register_thing_event(), "request-1", NOW))
    assert capsys.readouterr().out == (
        '{"timestamp": "2026-09-21T14:13:20.250+00:00", "level": "INFO",'
        ' "event": "provisioning-decision", "outcome": "allowed", "reason": "FIRST_CLAIM",'
        ' "detail": "\\u00e9", "serialNumber": "SN-0001", "deviceType": "temperature-sensor",'
        f' "thingName": "acme-SN-0001", "certificateId": "{"de" * 32}",'
        f' "claimCertificateId": "{"c1a1" * 16}",'
        ' "templateArn":'
        ' "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/acme-default",'
        ' "clientId": "acme-default-SN-0001", "requestId": "request-1"}\n'
    )
