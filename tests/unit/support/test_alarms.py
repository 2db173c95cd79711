"""How the endpoint is made to read log lines, and to tell of alarms what was put."""

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import alarms
from tests.support.alarms import (
    alarm_event,
    counted,
    from_query,
    json_line,
    line_matches,
    missing,
    to_xml,
)

DENIED = {"event": "provisioning-decision", "outcome": "denied", "reason": "REVOKED"}


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ('{ $.event = "provisioning-decision" }', True),
        ('{ $.event = "provisioning-decision" && $.outcome = "denied" }', True),
        ('{ $.event = "provisioning-decision" && $.outcome = "allowed" }', False),
        ('{ ($.event = "sweep") || ($.event = "provisioning-decision") }', True),
        ('{ ($.event = "sweep") || ($.event = "state-change") }', False),
        ('{ $.absent = "denied" }', False),
        # More than is read here: rather no count than a wrong one.
        ("{ $.event EXISTS }", False),
    ],
)
def test_a_pattern_in_braces_compares_fields(pattern, matched):
    assert line_matches(pattern, DENIED) is matched


@pytest.mark.parametrize("line", ["START RequestId: 1", "[1]", '"text"', ""])
def test_what_is_no_json_object_has_no_fields(line):
    assert json_line(line) == {}


def test_a_line_counts_with_its_value_and_dimensions():
    filter_ = {"metricNamespace": "N", "metricName": "M", "metricValue": "1", "unit": "Count"}
    assert counted(filter_ | {"dimensions": {"Reason": "$.reason"}}, DENIED) == (
        *("N", "M", 1.0, "Count"),
        {"Reason": "REVOKED"},
    )
    assert counted(filter_ | {"metricValue": "$.stuck"}, {"stuck": 3})[2] == 3
    with pytest.raises(KeyError):
        counted(filter_ | {"metricValue": "$.stuck"}, DENIED)


@pytest.mark.parametrize(
    ("treatment", "operator", "taken"),
    [
        ("notBreaching", "GreaterThanOrEqualToThreshold", [5.0]),
        ("breaching", "GreaterThanThreshold", [15.0]),
        ("breaching", "LessThanThreshold", [5.0]),
        ("notBreaching", "LessThanThreshold", [15.0]),
        ("ignore", "GreaterThanThreshold", []),
        ("missing", "GreaterThanThreshold", []),
    ],
)
def test_an_empty_window_is_a_value_on_one_side_or_none(treatment, operator, taken):
    alarm = {"TreatMissingData": treatment, "ComparisonOperator": operator, "Threshold": 10.0}
    assert [point["Value"] for point in missing(alarm)] == taken
    counted = missing(alarm | {"Statistic": "SampleCount"})
    assert [point["Count"] for point in counted] == taken


def test_a_function_is_told_what_cloudwatch_would_tell_it():
    path = Path(__file__).parents[2] / "events/budget_alarm.json"
    expected = json.loads(path.read_text())
    alarm = {
        "AlarmArn": expected["alarmArn"],
        "AlarmName": "acme-claim-budget-factory/line-1",
        "AlarmDescription": expected["alarmData"]["configuration"]["description"],
        "Namespace": "AWS/IoT",
        "MetricName": "ApproximateNumberOfThingsRegistered",
        "Dimensions": [{"Name": "ClaimCertificateId", "Value": "c1a1" * 16}],
        "Period": 300,
        "Statistic": "Maximum",
        "StateValue": "ALARM",
        "StateReason": expected["alarmData"]["state"]["reason"],
    }
    # Nobody knows these here.
    told = expected["alarmData"]
    del told["state"]["reasonData"]
    told["previousState"] = {"value": "OK"}
    told["configuration"]["metrics"][0]["id"] = "watched"
    assert alarm_event(alarm, "OK", 1_795_253_775.49) == expected


def test_a_change_that_two_threads_see_at_once_is_told_once():
    def evaluate(alarm):
        before = alarm["StateValue"]
        # The engine's own; its globals are the module's.
        time.sleep(0.05)
        if before != "ALARM":
            alarm["StateValue"] = "ALARM"
            _dispatch_alarm_actions(alarm, before, "ALARM", "why")  # noqa: F821

    told = []
    metrics = SimpleNamespace(
        time=time,
        _evaluate_alarm=evaluate,
        _dispatch_alarm_actions=lambda alarm, *rest: told.append((alarm["StateValue"], *rest)),
        _dims_key=str,
        _dims_from_list=dict,
        _metrics={},
    )
    alarms._look_at_the_alarms_own_metric(metrics)
    alarm = {"Namespace": "N", "MetricName": "M", "Period": 60, "EvaluationPeriods": 1}
    alarm["StateValue"] = "OK"
    threads = [threading.Thread(target=metrics._evaluate_alarm, args=(alarm,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [("ALARM", "OK", "ALARM", "why")]


def test_a_request_of_the_query_protocol_is_read_as_json_has_it():
    params = {
        "AlarmName": ["a"],
        "ActionsEnabled": ["true"],
        "OKActions": [""],
        "AlarmActions.member.1": ["one"],
        "Metrics.member.2.Id": ["second"],
        "Metrics.member.1.Id": ["first"],
        "Metrics.member.1.ReturnData": ["false"],
        "Metrics.member.1.MetricStat.Period": ["60"],
    }
    assert from_query(params) == {
        "AlarmName": "a",
        "ActionsEnabled": True,
        "AlarmActions": ["one"],
        "Metrics": [
            {"Id": "first", "ReturnData": False, "MetricStat": {"Period": 60}},
            {"Id": "second"},
        ],
    }


def test_an_answer_is_told_in_xml():
    answer = {"Alarms": [{"Name": "a<b", "On": True, "SetTimestamp": 0, "Unit": None}]}
    assert to_xml(json.loads(json.dumps(answer))) == (
        "<Alarms><member><Name>a&lt;b</Name><On>true</On>"
        "<SetTimestamp>1970-01-01T00:00:00+00:00</SetTimestamp></member></Alarms>"
    )
