"""Log lines that every deciding function writes alike."""

import json

import pytest

from device_registry import decision_log
from device_registry.reasons import Denial, Grant

NOW = 1_790_000_000.25
HEAD = {"timestamp": "2026-09-21T14:13:20.250+00:00", "level": "INFO"}


@pytest.mark.parametrize(
    ("verdict", "level", "outcome"),
    [
        *((each, "INFO", "allowed") for each in Grant),
        (Denial.UNKNOWN_SERIAL, "INFO", "denied"),
        (Denial.CERTIFICATE_REVOKED, "INFO", "denied"),
        (Denial.CERTIFICATE_NOT_VALID, "INFO", "denied"),
        (Denial.CRL_UNAVAILABLE, "ERROR", "denied"),
        (Denial.REGISTRY_UNAVAILABLE, "ERROR", "denied"),
    ],
)
def test_a_decision(verdict, level, outcome):
    assert decision_log.entry(verdict, "why", {"serialNumber": "SN-1"}, NOW) == {
        **HEAD,
        "level": level,
        "event": "provisioning-decision",
        "outcome": outcome,
        "reason": verdict.value,
        "detail": "why",
        "serialNumber": "SN-1",
    }


def test_fields_that_are_no_strings_are_left_out_and_long_ones_cut():
    fields = {"a": None, "b": 7, "c": ["x"], "d": "", "e": "x" * 129}
    assert decision_log.line("kind", "INFO", fields, NOW) == {
        **HEAD,
        "event": "kind",
        "d": "",
        "e": "x" * 128,
    }


def test_what_is_written_is_one_line(capsys):
    decision_log.write({"a": "\n\u2028é"})
    printed = capsys.readouterr().out
    assert printed == '{"a": "\\n\\u2028\\u00e9"}\n'
    assert json.loads(printed) == {"a": "\n\u2028é"}
