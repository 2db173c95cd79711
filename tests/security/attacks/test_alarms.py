"""Who else tells the topic that people get their alarms from."""

import contextlib
import json
import secrets

import pytest

from tests.least_privilege.flows.callers import alarm_states, listening
from tests.security.attacks.attempt import against, denied, held
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client
from tests.support.waiting import until

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]


@contextlib.contextmanager
def going_off(stack, name):
    """An alarm that names the topic, and goes off."""
    cloudwatch = stack.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmActions=[stack.outputs["monitoring"]["topic_arn"]],
        Namespace="somebody",
        MetricName="somebody",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    try:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tried")
        yield
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])


@against(Protection.ALARM_TOPIC)
def test_an_alarm_of_somebody_else_tells_the_topic(guarded):
    """An alarm of the stack's own goes off after it, and is told."""
    name = secrets.token_hex(4)
    own, foreign, heard = f"{guarded.name_prefix}-{name}", f"foreign-{name}", set()

    def told():
        """The topic tells of the stack's own alarm."""
        heard.update(alarm for alarm, _ in alarm_states(guarded, queue))
        return own in heard

    with listening(guarded) as queue, going_off(guarded, foreign), going_off(guarded, own):
        until(told)
    held(foreign not in heard, "the topic tells of a foreign alarm")


@against(Protection.ALARM_TOPIC)
def test_another_account_tells_the_topic(guarded, auth_account):
    """The endpoint is reached without TLS, which the topic's policy forbids by itself."""
    denied(
        client(auth_account, "sns").publish,
        TopicArn=guarded.outputs["monitoring"]["topic_arn"],
        Message=json.dumps({"AlarmName": f"{guarded.name_prefix}-hook", "NewStateValue": "ALARM"}),
    )
