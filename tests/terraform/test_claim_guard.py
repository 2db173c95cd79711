"""A claim's budget alarm switches the claim off: that one, nothing else, whatever is told.

Where IAM is enforced, so that what the guard's role may not do it does not. The alarms are driven
by published values, since the endpoint does not count what AWS IoT does.
"""

import contextlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import notifications
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client, new_account
from tests.support.stack import ClaimKey
from tests.support.terraform import Workspace, stage
from tests.support.waiting import until
from tools.device.claims import ClaimCertificate
from tools.device.failures import ConnectionRefused
from tools.device.session import Endpoint as DeviceEndpoint
from tools.device.session import SdkTransport
from tools.endpoint import Endpoint

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

CONFIGURATION = "tests/terraform/fixtures/claim-guard"
FUNCTION = "leak-claim-guard"
ROLE = "leak-claim-guard-eu-west-1"
# One for each test, and one that nobody touches.
CLAIMS = ("factory/line-1", "factory/line-2", "factory/line-3", "factory/line-4")
QUIET = "factory/line-4"
BUDGET = 20
IN_WINDOW_SECONDS = 10
# Three attempts, with pauses between them, and a queue behind.
FAILED_SECONDS = 60


@dataclass
class Leak:
    """The applied fixture."""

    account: Endpoint
    outputs: dict
    planned_again: dict
    queue_url: str
    claims: dict[str, ClaimCertificate]

    def client(self, service):
        return client(self.account, service)

    def certificate_id(self, key):
        return self.outputs["certificates"][key]["id"]

    def status(self, key):
        answer = self.client("iot").describe_certificate(certificateId=self.certificate_id(key))
        return answer["certificateDescription"]["status"]

    def alarm(self, key):
        name = self.outputs["alarms"][f"claim-budget/{key}"]["name"]
        (alarm,) = self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm

    def registered(self, key, count, seconds_ago=0):
        """Publish how many things came in through a claim so far."""
        alarm = self.alarm(key)
        value = {name: alarm[name] for name in ("MetricName", "Dimensions")} | {
            "Timestamp": datetime.now(UTC) - timedelta(seconds=seconds_ago),
            "Value": count,
        }
        cloudwatch = self.client("cloudwatch")
        cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[value])

    def leaks(self, key):
        """One more than the budget, at the beginning of the alarm's window: soon it is gone."""
        self.registered(key, BUDGET + 1, self.alarm(key)["Period"] - IN_WINDOW_SECONDS)

    def lines(self, key=None):
        """What the guard logged of one claim, or of none."""
        claim = key and self.certificate_id(key)
        pages = self.client("logs").get_paginator("filter_log_events")
        events = [
            event
            for page in pages.paginate(logGroupName=f"/aws/lambda/{FUNCTION}")
            for event in page["events"]
        ]
        for event in events:
            with contextlib.suppress(ValueError):
                line = json.loads(event["message"])
                if "outcome" in line and line.get("claimCertificateId") == claim:
                    yield line["event"], line["outcome"], line.get("reason")

    def invoke(self, event):
        """Invoke the guard by hand; what it answered."""
        functions = self.client("lambda")
        answer = functions.invoke(
            FunctionName=FUNCTION, Qualifier="live", Payload=json.dumps(event)
        )
        return json.load(answer["Payload"])

    def event(self, key, claim, state="ALARM"):
        """What CloudWatch would tell of one claim's alarm, with any claim in it."""
        alarm = self.alarm(key)
        dimensions = {"ClaimCertificateId": self.certificate_id(claim)}
        metric = {"namespace": alarm["Namespace"], "name": alarm["MetricName"]}
        watched = {"metric": metric | {"dimensions": dimensions}, "period": 300, "stat": "Maximum"}
        return {
            "source": "aws.cloudwatch",
            "alarmArn": alarm["AlarmArn"],
            "alarmData": {
                "alarmName": alarm["AlarmName"],
                "state": {"value": state},
                "configuration": {"metrics": [{"id": "m", "metricStat": watched}]},
            },
        }

    def connects(self, key):
        """Whether a device with this certificate's key is let in."""
        ca_file = Path(self.account.ca_file)
        where = DeviceEndpoint(self.account.mqtt_host, self.account.mqtt_port, None, ca_file)
        with SdkTransport(where) as transport:
            try:
                transport.connect(self.claims[key].credentials(), "claim-leak").close()
            except ConnectionRefused:
                return False
            return True

    def told(self):
        """States of the alarms that the queue heard of, in their order, by name."""
        heard = {}
        for name, state in notifications.states(self.client("sqs"), self.queue_url):
            heard.setdefault(name, []).append(state)
        return heard


@pytest.fixture(scope="module")
def leak(auth_endpoint, tmp_path_factory):
    account = new_account(auth_endpoint)
    queues = client(account, "sqs")
    url = queues.create_queue(QueueName="desk")["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    directory = tmp_path_factory.mktemp("claims")
    keys = {key: ClaimKey(directory, key.replace("/", "-")) for key in (*CLAIMS, "device")}
    variables = {
        "queue_arn": attributes["Attributes"]["QueueArn"],
        "csr_pems": {key: one.csr_pem for key, one in keys.items()},
    }
    # SNS may write to it.
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": variables["queue_arn"],
            }
        ],
    }
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    copy = stage(tmp_path_factory.mktemp("claim-guard"))
    workspace = Workspace(copy, CONFIGURATION, account, variables).init()
    with workspace.one_provider():
        workspace.apply()
        outputs = workspace.outputs()
        claims = {key: keys[key].claim(outputs["certificates"][key]["pem"]) for key in keys}
        yield Leak(account, outputs, workspace.plan().changes, url, claims)
        workspace.destroy("-refresh=false")


def test_applied_again_nothing_changes(leak):
    assert leak.planned_again == {}


def test_only_the_alarms_of_the_claims_may_call_it_and_only_it_and_the_topic_are_called(leak):
    policy = leak.client("lambda").get_policy(FunctionName=FUNCTION, Qualifier="live")["Policy"]
    alias = leak.outputs["claim_guard"]["function_arn"]
    sources = set()
    for statement in json.loads(policy)["Statement"]:
        assert statement["Principal"] == {"Service": "lambda.alarms.cloudwatch.amazonaws.com"}
        assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", alias)
        account = {"AWS:SourceAccount": leak.account.account_id}
        assert statement["Condition"]["StringEquals"] == account
        sources.add(statement["Condition"]["ArnLike"]["AWS:SourceArn"])
    alarms = [leak.alarm(key) for key in CLAIMS]
    assert sources == {alarm["AlarmArn"] for alarm in alarms}
    for alarm in alarms:
        assert sorted(action.split(":")[2] for action in alarm["AlarmActions"]) == ["lambda", "sns"]
        assert alias in alarm["AlarmActions"]
        assert [action.split(":")[2] for action in alarm["OKActions"]] == ["sns"]


def test_its_role_names_the_claims_and_no_other_certificate(leak):
    answer = leak.client("iam").get_role_policy(RoleName=ROLE, PolicyName="claims")
    (statement,) = answer["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {"iot:DescribeCertificate", "iot:UpdateCertificate"}
    ids = [arn.rpartition(":cert/")[2] for arn in statement["Resource"]]
    assert ids == [leak.certificate_id(key) for key in CLAIMS]


def test_a_claim_beyond_its_budget_is_switched_off_and_stays_so(leak):
    leaked, name = CLAIMS[0], leak.alarm(CLAIMS[0])["AlarmName"]
    # Up to the budget nobody minds.
    leak.registered(leaked, BUDGET, leak.alarm(leaked)["Period"] - IN_WINDOW_SECONDS)
    assert leak.alarm(leaked)["StateValue"] == "OK"
    assert leak.connects(leaked)

    leak.leaks(leaked)
    assert leak.alarm(leaked)["StateValue"] == "ALARM"
    assert until(lambda: list(leak.lines(leaked))) == [("claim-disabled", "disabled", None)]
    assert leak.status(leaked) == "INACTIVE"
    assert not leak.connects(leaked)
    assert leak.status(QUIET) == "ACTIVE"
    assert leak.connects(QUIET)

    # Over, which opens nothing, and again, which closes nothing more.
    time.sleep(IN_WINDOW_SECONDS)
    leak.registered(leaked, BUDGET, leak.alarm(leaked)["Period"] - IN_WINDOW_SECONDS)
    assert leak.alarm(leaked)["StateValue"] == "OK"
    assert leak.status(leaked) == "INACTIVE"
    leak.leaks(leaked)
    until(lambda: len(list(leak.lines(leaked))) > 1)
    assert list(leak.lines(leaked))[1:] == [("claim-disabled", "unchanged", None)]
    assert leak.status(leaked) == "INACTIVE"

    # Whoever listens hears all of it.
    assert leak.told()[name][-3:] == ["ALARM", "OK", "ALARM"]


def test_what_an_alarm_that_nobody_allowed_tells_is_lost(leak):
    genuine = leak.alarm(QUIET)
    leak.client("cloudwatch").put_metric_alarm(
        **{
            name: genuine[name]
            for name in ("Namespace", "MetricName", "Dimensions", "Period", "Statistic")
        },
        AlarmName="leak-claim-budget-forged",
        AlarmActions=[leak.outputs["claim_guard"]["function_arn"]],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    leak.registered(QUIET, 2, genuine["Period"] - IN_WINDOW_SECONDS)
    alarms = leak.client("cloudwatch").describe_alarms(AlarmNames=["leak-claim-budget-forged"])
    (forged,) = alarms["MetricAlarms"]
    assert forged["StateValue"] == "ALARM"
    # Too late: the guard would believe this one, and CloudWatch does not tell it again.
    allowed = {"FunctionName": FUNCTION, "Qualifier": "live", "StatementId": "forged"}
    leak.client("lambda").add_permission(
        **allowed,
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=forged["AlarmArn"],
    )
    # One that is allowed has been heard meanwhile.
    leak.leaks(CLAIMS[1])
    assert until(lambda: list(leak.lines(CLAIMS[1]))) == [("claim-disabled", "disabled", None)]
    assert list(leak.lines(QUIET)) == []
    assert leak.status(QUIET) == "ACTIVE"
    leak.client("lambda").remove_permission(**allowed)


def test_an_event_that_somebody_made_up_reaches_no_other_certificate(leak):
    answer = leak.invoke(leak.event(QUIET, "device"))
    assert "AccessDenied" in answer["errorMessage"]
    assert until(lambda: list(leak.lines("device"))) == [("claim-guard-fault", "failed", None)]
    assert leak.status("device") == "ACTIVE"
    assert leak.connects("device")

    assert leak.invoke(leak.event(QUIET, QUIET, state="OK"))["errorMessage"] == "NOT_IN_ALARM"
    assert until(lambda: list(leak.lines())) == [("claim-guard-fault", "refused", "NOT_IN_ALARM")]
    assert leak.status(QUIET) == "ACTIVE"


def test_what_it_could_not_do_is_kept_and_done_when_it_is_put_in_again(leak):
    leaked, iam = CLAIMS[2], leak.client("iam")
    named = {"RoleName": ROLE, "PolicyName": "claims"}
    document = iam.get_role_policy(**named)["PolicyDocument"]
    lesser = json.dumps(document).replace('"iot:UpdateCertificate"', '"none:None"')
    iam.put_role_policy(**named, PolicyDocument=lesser)
    queue = {"QueueUrl": leak.outputs["claim_guard"]["dead_letter_queue_url"]}
    try:
        leak.leaks(leaked)
        (message,) = until(
            lambda: leak.client("sqs").receive_message(**queue).get("Messages"), FAILED_SECONDS
        )
    finally:
        iam.put_role_policy(**named, PolicyDocument=json.dumps(document))
    assert leak.status(leaked) == "ACTIVE"
    tries = list(leak.lines(leaked))
    assert tries == [("claim-guard-fault", "failed", None)] * 3

    # AWS keeps the event itself; the embedded endpoint what a destination would be told of it.
    kept = json.loads(message["Body"])
    assert leak.invoke(kept.get("requestPayload", kept)) is None
    assert leak.status(leaked) == "INACTIVE"
