"""Every alarm goes off, comes back, and both times somebody hears of it.

What drives each kind of alarm is listed here, and in the module's README:

- by real traffic where the endpoint counts it: calls of the hook, and the decisions it logs;
- by published values where it counts nothing: what AWS IoT, Amazon DynamoDB and Amazon SQS publish,
  and what the logs of functions would count that are no more than names in the fixture.

A value is published at the beginning of the alarm's window, so that it leaves the window after a
few seconds. How an alarm takes the empty window then is what brings it back, or leaves it.
"""

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from jsonschema import Draft202012Validator

from tests.support import metrics, notifications
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client, new_account
from tests.support.terraform import ROOT, Workspace, stage
from tools.endpoint import Endpoint

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

CONFIGURATION = "tests/terraform/fixtures/monitoring"
REAL = {"denials", "denials-by-reason/UNKNOWN_SERIAL", "hook-errors", "hook-throttles"}
# Nothing published is itself the failure: these begin in ALARM.
SILENT = {"canary-silent", "sweep-silent"}
# A value goes, and the state stays, until another value says otherwise.
LASTING = {"canary-failed", "claim-budget", "stuck-provisioning", "sweep-failures"}

SCHEMA = json.loads((ROOT / "tests/support/dashboard_schema.json").read_text())
IN_WINDOW_SECONDS = 5
WAIT_SECONDS = 30


@dataclass
class Watch:
    """The applied fixture, and what its alarms told the queue."""

    account: Endpoint
    workspace: Workspace
    queue_url: str
    outputs: dict
    planned_again: dict
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def client(self, service, **options):
        return client(self.account, service, **options)

    def described(self):
        """Every alarm, by its name."""
        pages = self.client("cloudwatch").get_paginator("describe_alarms").paginate()
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}

    def listen(self):
        """Take what arrived; by alarm, the states in their order."""
        for name, state in notifications.states(self.client("sqs"), self.queue_url):
            self.told[name].append(state)
        return self.told

    def publish(self, *values):
        """Publish values as (metric, value, seconds ago), of all metrics at once.

        One by one they would leave the window before the last one is there.
        """
        by_namespace = defaultdict(list)
        for metric, value, seconds_ago in values:
            by_namespace[metric["Namespace"]].append(
                {
                    "MetricName": metric["MetricName"],
                    "Dimensions": metric["Dimensions"],
                    "Timestamp": datetime.now(UTC) - timedelta(seconds=seconds_ago),
                    "Value": value,
                }
            )
        for namespace, data in by_namespace.items():
            self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def evaluate(self):
        """Have the endpoint look at its alarms: it does so when somebody publishes a value."""
        self.client("cloudwatch").put_metric_data(
            Namespace="Test", MetricData=[{"MetricName": "Evaluate", "Value": 1}]
        )

    def states(self):
        self.evaluate()
        return {name: alarm["StateValue"] for name, alarm in self.described().items()}

    def until(self, expected):
        """Wait until the named alarms are in these states, and return the states."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            states = self.states()
            found = {name: states[name] for name in expected}
            if found == expected or time.monotonic() > deadline:
                return found
            time.sleep(0.5)


@pytest.fixture(scope="module")
def watch(endpoint, tmp_path_factory):
    account = new_account(endpoint)
    queues = client(account, "sqs")
    url = queues.create_queue(QueueName="desk")["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    variables = {"queue_arn": attributes["Attributes"]["QueueArn"]}
    copy = stage(tmp_path_factory.mktemp("monitoring"))
    workspace = Workspace(copy, CONFIGURATION, account, variables).init()
    workspace.apply()
    applied = Watch(account, workspace, url, workspace.outputs(), workspace.plan().changes)
    yield applied
    workspace.destroy("-refresh=false")
    assert applied.described() == {}
    assert client(account, "sns").list_topics()["Topics"] == []
    assert client(account, "cloudwatch").list_dashboards()["DashboardEntries"] == []


def alarms(watch, module="monitoring"):
    """The alarms of one module by their keys, as CloudWatch describes them."""
    described = watch.described()
    return {key: described[own["name"]] for key, own in watch.outputs[module]["alarms"].items()}


def kind(key):
    return key.partition("/")[0]


def breaching(alarm):
    """A value beyond the threshold, and one that is not."""
    return alarm["Threshold"] * 2, 0.0


def window(alarm):
    return alarm["Period"] * alarm["EvaluationPeriods"]


# --- the alarms


def test_applied_again_nothing_changes(watch):
    assert watch.planned_again == {}


def test_every_published_metric_drives_its_alarm_there_and_back(watch):
    published = {key: a for key, a in alarms(watch).items() if key not in REAL}
    silent = {key for key in published if kind(key) in SILENT}
    assert watch.until({published[key]["AlarmName"]: "ALARM" for key in silent}) == {
        published[key]["AlarmName"]: "ALARM" for key in silent
    }

    watch.publish(
        *(
            (alarm, alarm["Threshold"], 0)
            if key in silent
            else (alarm, breaching(alarm)[0], window(alarm) - IN_WINDOW_SECONDS)
            for key, alarm in published.items()
        )
    )
    # While the values are there.
    states = watch.states()
    assert {key: states[alarm["AlarmName"]] for key, alarm in published.items()} == {
        key: "OK" if key in silent else "ALARM" for key in published
    }

    time.sleep(IN_WINDOW_SECONDS)
    states = watch.states()
    assert {key: states[alarm["AlarmName"]] for key, alarm in published.items()} == {
        key: "ALARM" if kind(key) in LASTING else "OK" for key in published
    }

    lasting = [alarm for key, alarm in published.items() if kind(key) in LASTING]
    watch.publish(*((alarm, breaching(alarm)[1], 0) for alarm in lasting))
    states = watch.states()
    assert {states[alarm["AlarmName"]] for alarm in published.values()} == {"OK"}

    told = watch.listen()
    for key, alarm in published.items():
        assert told[alarm["AlarmName"]][-2:] == ["ALARM", "OK"], key


def call(watch, **function):
    """Call the hook as AWS IoT does, for a device that nobody enrolled."""
    event = json.loads((ROOT / "tests/events/register_thing.json").read_text())
    functions = watch.client("lambda")
    return functions.invoke(Payload=json.dumps(event), **function)


def test_every_counted_metric_drives_its_alarm_there_and_back(watch):
    counted = {key: alarm for key, alarm in alarms(watch).items() if key in REAL}
    assert counted.keys() == REAL
    names = {alarm["AlarmName"] for alarm in counted.values()}
    functions = watch.client("lambda")
    hook = "watch-provisioning-hook"

    # Denied, twice; the function itself is well.
    for _ in range(2):
        answer = json.load(call(watch, FunctionName=hook, Qualifier="live")["Payload"])
        assert answer["allowProvisioning"] is False
    denied = {counted[key]["AlarmName"] for key in REAL if key.startswith("denials")}
    assert watch.until(dict.fromkeys(names, "ALARM") | dict.fromkeys(names - denied, "OK")) == {
        name: "ALARM" if name in denied else "OK" for name in names
    }
    # An alarm for one reason is silent about another.
    assert watch.states()["watch-denials-by-reason-REVOKED"] == "OK"

    # A version that cannot start.
    functions.update_function_configuration(FunctionName=hook, Handler="nowhere.handler")
    assert "FunctionError" in call(watch, FunctionName=hook)
    # No room for another call.
    functions.put_function_concurrency(FunctionName=hook, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequests"):
        call(watch, FunctionName=hook)
    everything = dict.fromkeys(names, "ALARM")
    assert watch.until(everything) == everything

    # The same alarms with a window of a few seconds, so that nobody waits five minutes for the end.
    cloudwatch = watch.client("cloudwatch")
    for alarm in counted.values():
        members = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape
        put = {name: alarm[name] for name in alarm.keys() & members.members.keys()}
        cloudwatch.put_metric_alarm(**put | {"Period": 10, "EvaluationPeriods": 1})
    over = dict.fromkeys(names, "OK")
    assert watch.until(over) == over

    told = watch.listen()
    for name in names:
        assert told[name][-2:] == ["ALARM", "OK"], name


def test_alarms_on_expressions_tell_the_topic_that_they_were_given(watch):
    own = alarms(watch, "expressions")
    forms = {
        key: [query["Expression"] for query in alarm.get("Metrics", []) if "Expression" in query]
        for key, alarm in own.items()
    }
    assert forms == {
        "registration-failures/factory": ["ANOMALY_DETECTION_BAND(watched, 2)"],
        "registration-failure-ratio/factory": ["IF(calls >= 10, failed / calls, 0)"],
        "key-creation-failures": [],
        "csr-signing-failures": [],
    }
    for alarm in own.values():
        assert alarm["AlarmActions"] == [watch.outputs["monitoring"]["topic_arn"]]
        for state in ("ALARM", "OK"):
            watch.client("cloudwatch").set_alarm_state(
                AlarmName=alarm["AlarmName"], StateValue=state, StateReason="A test sets it"
            )
    told = watch.listen()
    assert {tuple(told[alarm["AlarmName"]][-2:]) for alarm in own.values()} == {("ALARM", "OK")}


@requires(Capability.METRIC_MATH_ALARMS)
def test_the_ratio_of_few_calls_is_not_judged_and_that_of_many_is(watch):
    alarm = alarms(watch, "expressions")["registration-failure-ratio/factory"]
    (watched,) = [q["MetricStat"]["Metric"] for q in alarm["Metrics"] if q["Id"] == "calls"]
    watch.publish(*[(watched, 1, 0)] * 9)
    assert watch.states()[alarm["AlarmName"]] != "ALARM"
    watch.publish((watched, 1, 0))
    assert watch.until({alarm["AlarmName"]: "ALARM"}) == {alarm["AlarmName"]: "ALARM"}


# --- what they name


def asked(alarm):
    """Namespace, metric, statistic and dimensions of everything that an alarm looks at."""
    if "MetricName" in alarm:
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        yield alarm["Namespace"], alarm["MetricName"], statistic, alarm["Dimensions"]
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            one = query["MetricStat"]["Metric"]
            yield (
                one["Namespace"],
                one["MetricName"],
                query["MetricStat"]["Stat"],
                one["Dimensions"],
            )


def test_every_alarm_asks_for_a_metric_of_aws_as_it_is_published(watch):
    seen = set()
    for alarm in watch.described().values():
        for namespace, name, statistic, dimensions in asked(alarm):
            if namespace.startswith("AWS/"):
                metric = metrics.documented(namespace, name)
                assert statistic in metric.statistics, alarm["AlarmName"]
                assert {one["Name"] for one in dimensions} in metric.dimensions, alarm["AlarmName"]
            else:
                assert namespace in {"IoTProvisioning/watch", "IoTProvisioning/usual"}
            seen.add(namespace)
    assert seen >= metrics.DOCUMENTED.keys()


@pytest.fixture(scope="module")
def dashboard(watch):
    name = watch.outputs["monitoring"]["dashboard_name"]
    answer = watch.client("cloudwatch").get_dashboard(DashboardName=name)
    return json.loads(answer["DashboardBody"])


def test_the_dashboard_is_one_that_cloudwatch_takes(dashboard):
    errors = Draft202012Validator(SCHEMA).iter_errors(dashboard)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
    ids = [
        [series[-1]["id"] for series in widget["properties"]["metrics"] if "id" in series[-1]]
        for widget in dashboard["widgets"]
        if widget["type"] == "metric"
    ]
    assert all(len(some) == len(set(some)) for some in ids)


def test_the_dashboard_asks_for_metrics_of_aws_as_they_are_published(dashboard):
    seen = set()
    for own in [widget["properties"] for widget in dashboard["widgets"]]:
        for series in own.get("metrics", []):
            if len(series) == 1:
                continue
            namespace, name, *dimensions, options = series
            if namespace.startswith("AWS/"):
                metric = metrics.documented(namespace, name)
                where = f"{own['title']}: {name}"
                assert options.get("stat", own.get("stat")) in metric.statistics, where
                assert set(dimensions[::2]) in metric.dimensions, where
            seen.add(namespace)
    assert seen == {*metrics.DOCUMENTED, "IoTProvisioning/watch"}


def test_the_dashboard_shows_every_alarm_and_the_limit_of_the_hook(watch, dashboard):
    shown = {
        arn
        for widget in dashboard["widgets"]
        if widget["type"] == "alarm"
        for arn in widget["properties"]["alarms"]
    }
    assert shown == {alarm["arn"] for alarm in watch.outputs["monitoring"]["alarms"].values()}
    lines = [
        line["value"]
        for widget in dashboard["widgets"]
        for line in widget["properties"].get("annotations", {}).get("horizontal", [])
    ]
    assert {5000, 4000, 20, 10000} <= set(lines)


def test_only_alarms_of_this_account_and_prefix_publish(watch):
    topics, keys = watch.client("sns"), watch.client("kms")
    topic = topics.get_topic_attributes(TopicArn=watch.outputs["monitoring"]["topic_arn"])
    condition = {
        "StringEquals": {"aws:SourceAccount": watch.account.account_id},
        "ArnLike": {
            "aws:SourceArn": f"arn:aws:cloudwatch:{watch.account.region}"
            f":{watch.account.account_id}:alarm:watch-*"
        },
    }
    publish, over_tls = json.loads(topic["Attributes"]["Policy"])["Statement"]
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == condition
    assert (over_tls["Effect"], over_tls["Principal"]) == ("Deny", "*")
    key = topic["Attributes"]["KmsMasterKeyId"]
    assert key == watch.outputs["monitoring"]["topic_kms_key_arn"]
    policy = json.loads(keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    (use,) = [s for s in policy["Statement"] if s["Principal"] == publish["Principal"]]
    assert use["Condition"] == condition
    assert set(use["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
