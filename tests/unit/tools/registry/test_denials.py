import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry.decision_log import EVENT
from tools.registry.denials import newest, pattern

NOW = 1_790_000_000
GROUP = "/aws/lambda/acme-hook"


class FakeLogs:
    """Holds events and answers a window of them; like some endpoints it ignores the pattern."""

    def __init__(self, *events):
        self.events = events
        self.windows = []

    def get_paginator(self, _):
        return self

    def paginate(self, *, logGroupName, startTime, endTime, filterPattern):  # noqa: N803
        self.windows.append((startTime, endTime))
        inside = [e for e in self.events if startTime <= e["timestamp"] <= endTime]
        inside.sort(key=lambda event: event["timestamp"])
        yield {"events": inside[:1]}
        yield {"events": inside[1:]}


def event(age, message=None, **entry):
    entry = {"event": EVENT, "outcome": "denied", "serialNumber": "SN-1", **entry}
    return {"timestamp": (NOW - age) * 1000, "message": message or json.dumps(entry) + "\n"}


def find(*events, since=7 * 86_400, serial="SN-1"):
    logs = FakeLogs(*events)
    return newest(logs, GROUP, serial, since=NOW - since, now=NOW), logs


def test_the_newest_refusal_of_this_serial_number_is_found():
    found, _ = find(
        event(500, reason="OLD"),
        event(60, reason="NEW"),
        event(50, reason="OTHER", serialNumber="SN-2"),
        event(40, outcome="allowed", reason="FIRST_CLAIM"),
        event(30, event="something-else"),
        event(20, message="START RequestId: x"),
        event(10, message="[1]"),
    )
    assert found["reason"] == "NEW"


def test_only_as_much_of_the_log_is_read_as_needed():
    _, logs = find(event(60, reason="NEW"))
    assert logs.windows == [((NOW - 3599) * 1000, (NOW + 1) * 1000)]


@pytest.mark.parametrize("age", [0, 3_599, 3_600, 20_000, 100_000, 7 * 86_400])
def test_nothing_inside_the_time_asked_for_is_missed(age):
    found, _ = find(event(age, reason="R"))
    assert found["reason"] == "R"


def test_nothing_before_the_time_asked_for_is_looked_at():
    found, logs = find(event(90_000, reason="R"), since=86_400)
    assert found is None
    assert logs.windows[-1][0] == (NOW - 86_400) * 1000


def test_the_pattern_names_event_outcome_and_serial_number():
    assert pattern("SN_1-a") == (
        '{ $.event = "provisioning-decision" && $.outcome = "denied" && $.serialNumber = "SN_1-a" }'
    )


@given(st.text())
def test_no_serial_number_breaks_out_of_the_pattern(serial):
    made = pattern(serial)
    assert made.count('"') == 6
    assert "\\" not in made
    assert made.isprintable()
    assert made.count("&&") == 2


def test_a_stranger_s_serial_number_is_compared_exactly_as_far_as_it_was_logged():
    long = "x y" * 100
    found, _ = find(event(5, serialNumber="x-y"), event(9, serialNumber=long[:128]), serial=long)
    assert found["serialNumber"] == long[:128]
