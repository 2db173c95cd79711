"""What the embedded endpoint lacks of CloudWatch, as far as this project's alarms need it.

- An alarm is described whole: the engine forgets metric queries, and of every alarm it tells Query
  callers, Terraform's provider among them, a few fields only, so that each plan changed each alarm.
- An alarm looks at its own metric: the engine takes every dimension's values together.
- An alarm whose whole window is empty treats that as it was told to: the engine leaves it alone.
- Alarms are evaluated when a service of the endpoint counts something: the engine does so only when
  somebody publishes a value. Neither does it by the clock.
- A change of an alarm's state is acted on once: values come from several threads, and the engine
  compares and sets without a lock.
- An alarm on one metric invokes the functions among its actions: the engine tells topics only.
- A log group's metric filters count, and subscription filters match, JSON lines: comparisons of a
  field with a text, joined by `&&` and `||`. Any other pattern in braces matches nothing.

What stays missing: alarms on metric math and anomaly bands are kept, and never evaluated, nor do
they invoke functions; an alarm looks at its whole window at once, not at one period after the
other; and a function hears nothing of the state before but what it was.

It runs in the engine's own environment and imports nothing of the project.
"""

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from types import FunctionType
from typing import Any
from xml.sax.saxutils import escape

# What is no text in a request, and is read as it is.
QUERY_TYPES = {
    "ActionsEnabled": "true".__eq__,
    "ReturnData": "true".__eq__,
    "Period": int,
}
# Of an alarm on one metric, or on metric queries: never all of them.
OF_ONE_FORM = ("Metrics", "Period", "Statistic", "Threshold", "ThresholdMetricId")
ACTIONS = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}
COMPARISON = re.compile(r'\(?\s*\$\.(\w+)\s*=\s*"([^"]*)"\s*\)?')


def mend(metrics: Any, logs: Any, call: Callable[[str, str, Any], None]) -> None:
    """Do all of the above to the engine's modules for metrics and for logs.

    Args:
        metrics: The engine's module.
        logs: The engine's module.
        call: Invokes a function for an alarm: the alarm's ARN, the function's, and the event.
    """
    _describe_alarms_as_they_were_put(metrics)
    _look_at_the_alarms_own_metric(metrics)
    _invoke_functions(metrics, call)
    _evaluate_as_things_are_counted(metrics)
    _read_log_lines(metrics, logs)


def _describe_alarms_as_they_were_put(metrics: Any) -> None:
    put, describe = metrics._put_metric_alarm, metrics._describe_alarms

    def put_whole(params, data, is_cbor, is_json=False):
        query = not (is_cbor or is_json)
        request = from_query(params) if query else data
        answer = put({}, request, is_cbor, is_json or query)
        if answer[0] != HTTPStatus.OK:
            return put(params, data, is_cbor, is_json)
        alarm = metrics._alarms[request["AlarmName"]]
        for name in OF_ONE_FORM:
            if name not in request:
                alarm.pop(name, None)
            elif name not in alarm:
                alarm[name] = request[name]
        return metrics._xml(HTTPStatus.OK, "PutMetricAlarmResponse", "") if query else answer

    def describe_whole(params, data, is_cbor, is_json=False):
        if not (is_cbor or is_json):
            status, _, body = describe({}, from_query(params), False, True)
            if status == HTTPStatus.OK:
                result = f"<DescribeAlarmsResult>{to_xml(json.loads(body))}</DescribeAlarmsResult>"
                return metrics._xml(status, "DescribeAlarmsResponse", result)
        return describe(params, data, is_cbor, is_json)

    metrics._put_metric_alarm, metrics._describe_alarms = put_whole, describe_whole


def _look_at_the_alarms_own_metric(metrics: Any) -> None:
    code = metrics._evaluate_alarm.__code__
    one_at_a_time = threading.Lock()

    def evaluate(alarm):
        changes: list[tuple[Any, ...]] = []
        with one_at_a_time:
            compare(alarm, lambda changed, *rest: changes.append((dict(changed), *rest)))
        # Without the lock: what is told of it may count something, and wait for that.
        for change in changes:
            metrics._dispatch_alarm_actions(*change)

    def compare(alarm, act):
        if not alarm.get("MetricName"):
            return
        dimensions = metrics._dims_key(metrics._dims_from_list(alarm.get("Dimensions") or []))
        own = (alarm["Namespace"], alarm["MetricName"], dimensions)
        begin = time.time() - alarm["Period"] * alarm["EvaluationPeriods"]
        points = [p for p in metrics._metrics.get(own) or [] if p["Timestamp"] >= begin]
        # In a namespace of its own: other requests count meanwhile.
        own_values = {
            "_metrics": {own: points or missing(alarm)},
            "_dispatch_alarm_actions": act,
        }
        FunctionType(code, {**vars(metrics), **own_values})(alarm)

    metrics._evaluate_alarm = evaluate


def missing(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What an alarm takes an empty window for: a value on one side of the threshold, or none."""
    sides = {"breaching": 1, "notBreaching": -1}
    treatment = alarm.get("TreatMissingData")
    if treatment not in sides:
        return []
    up = -1 if alarm["ComparisonOperator"].startswith("Less") else 1
    # By a factor: a percentile knows no negative values.
    value = alarm["Threshold"] * (1 + up * sides[treatment] / 2)
    # What is compared may be how many values there are, and not the values.
    count = value if alarm.get("Statistic") == "SampleCount" else 1.0
    return [{"Timestamp": time.time(), "Value": value, "Count": count}]


def _invoke_functions(metrics: Any, call: Callable[[str, str, Any], None]) -> None:
    tell_topics = metrics._dispatch_alarm_actions

    def act(alarm, old_state, new_state, reason):
        tell_topics(alarm, old_state, new_state, reason)
        actions = alarm.get(ACTIONS[new_state]) or [] if alarm.get("ActionsEnabled", True) else []
        for action in actions:
            if action.split(":")[2] == "lambda" and alarm.get("MetricName"):
                call(alarm["AlarmArn"], action, alarm_event(alarm, old_state, time.time()))

    metrics._dispatch_alarm_actions = act


def alarm_event(alarm: dict[str, Any], old_state: str, now: float) -> dict[str, Any]:
    """What CloudWatch invokes a function with that is an action of an alarm on one metric.

    Follows https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html.
    """
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    at = moment.replace("+00:00", "+0000")
    _, _, _, region, account, *_ = alarm["AlarmArn"].split(":")
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []},
    }
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    watched = {"metric": metric, "period": alarm["Period"], "stat": statistic}
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": account,
        "time": at,
        "region": region,
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": {
                "value": alarm["StateValue"],
                "reason": alarm["StateReason"],
                "timestamp": at,
            },
            "previousState": {"value": old_state},
            "configuration": {
                "description": alarm.get("AlarmDescription", ""),
                "metrics": [{"id": "watched", "metricStat": watched, "returnData": True}],
            },
        },
    }


def _evaluate_as_things_are_counted(metrics: Any) -> None:
    record = metrics.record_metric

    def record_and_evaluate(*arguments, **options):
        record(*arguments, **options)
        metrics._evaluate_all_alarms()

    metrics.record_metric = record_and_evaluate


def _read_log_lines(metrics: Any, logs: Any) -> None:
    matches, deliver = logs._subscription_pattern_matches, logs._fanout_to_subscription_filters

    def matches_json(pattern, message):
        if not (pattern or "").lstrip().startswith("{"):
            return matches(pattern, message)
        return line_matches(pattern, json_line(message))

    def count_and_deliver(group_name, stream_name, events):
        for one in [
            f for (group, _), f in list(logs._metric_filters.items()) if group == group_name
        ]:
            for event in events:
                line = json_line(event.get("message", ""))
                if line_matches(one["filterPattern"], line):
                    for transformation in one["metricTransformations"]:
                        with contextlib.suppress(KeyError, ValueError):
                            metrics.record_metric(*counted(transformation, line))
        deliver(group_name, stream_name, events)

    logs._subscription_pattern_matches = matches_json
    logs._fanout_to_subscription_filters = count_and_deliver


def json_line(message: str) -> dict[str, Any]:
    """A log line's fields; none where it is no JSON object."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def line_matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether a pattern in braces matches a line's fields."""
    inside = pattern.strip().removeprefix("{").removesuffix("}")

    def holds(comparison: str) -> bool:
        read = COMPARISON.fullmatch(comparison.strip())
        return read is not None and line.get(read[1]) == read[2]

    return any(all(map(holds, each.split("&&"))) for each in inside.split("||"))


def counted(
    transformation: dict[str, Any], line: dict[str, Any]
) -> tuple[str, str, float, str, dict[str, str]]:
    """What one line adds to a metric: namespace, name, value, unit and dimensions.

    Raises:
        KeyError: The line lacks a field that the value or a dimension is taken from.
        ValueError: The value is no number.
    """

    def taken(text: str) -> str:
        return str(line[text.removeprefix("$.")]) if text.startswith("$.") else text

    return (
        transformation["metricNamespace"],
        transformation["metricName"],
        float(taken(transformation["metricValue"])),
        transformation.get("unit", "None"),
        {name: taken(text) for name, text in (transformation.get("dimensions") or {}).items()},
    )


def from_query(params: dict[str, Any]) -> dict[str, Any]:
    """A request of the Query protocol as the JSON protocol has it."""
    tree: dict[str, Any] = {}
    for name, value in params.items():
        *parents, last = name.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        # An empty list is sent as an empty string.
        if text := value[0] if isinstance(value, list) else value:
            node[last] = text

    def settled(node, name=""):
        if not isinstance(node, dict):
            return QUERY_TYPES.get(name, str)(node)
        if node.keys() == {"member"}:
            return [settled(node["member"][number]) for number in sorted(node["member"], key=int)]
        return {key: settled(value, key) for key, value in node.items()}

    return settled(tree)


def to_xml(value: Any, name: str = "") -> str:
    """An answer of the JSON protocol as the Query protocol has it."""
    if isinstance(value, dict):
        told = {key: to_xml(one, key) for key, one in value.items() if one is not None}
        return "".join(f"<{key}>{text}</{key}>" for key, text in told.items())
    if isinstance(value, list):
        return "".join(f"<member>{to_xml(one)}</member>" for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if name.endswith("Timestamp"):
        return datetime.fromtimestamp(value, UTC).isoformat()
    return escape(str(value))
