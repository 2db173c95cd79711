"""Somebody who listens to the stack's alarms: a queue that is subscribed to their topic."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.demo.people import Person
from tools.demo.stack import Stack

_QUEUE = "alarms-heard"
_SECONDS = 30.0
_POLL_SECONDS = 0.3
ALARM = "ALARM"


@dataclass(frozen=True)
class Heard:
    """An alarm, and what was told of it.

    Attributes:
        name: The alarm's.
        state: As CloudWatch describes it.
        runbook: The section of the runbook that is about it.
        message: What arrived in the queue; empty when nothing did.
    """

    name: str
    state: str
    runbook: str
    message: Mapping[str, Any]


@dataclass(frozen=True)
class Listener:
    """A queue that hears the alarms of one stack.

    Attributes:
        root: Whose queue it is.
        stack: What is watched.
        queue_url: The queue.
    """

    root: Person
    stack: Stack
    queue_url: str

    def hear(self, key: str) -> Heard:
        """Wait until an alarm goes off and its message arrives, or for half a minute.

        Args:
            key: The alarm, as the stack's output names it.
        """
        alarm = self.stack.outputs["monitoring"]["alarms"][key]
        until = time.monotonic() + _SECONDS
        state, message = "", dict[str, Any]()
        while not (state == ALARM and message) and time.monotonic() < until:
            state = self._state(alarm["name"])
            message = message or self._message(alarm["name"])
            time.sleep(_POLL_SECONDS)
        return Heard(alarm["name"], state, alarm["runbook"], message)

    def _state(self, name: str) -> str:
        answer = self.root.client("cloudwatch").describe_alarms(AlarmNames=[name])
        return str(answer["MetricAlarms"][0]["StateValue"])

    def _message(self, name: str) -> dict[str, Any]:
        answer = self.root.client("sqs").receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10
        )
        told = [json.loads(one["Body"]) for one in answer.get("Messages", ())]
        off = [one for one in told if (one["AlarmName"], one["NewStateValue"]) == (name, ALARM)]
        return off[0] if off else {}


def listen(root: Person, stack: Stack) -> Listener:
    """Make a queue and subscribe it to the topic of the stack's alarms."""
    topic_arn = stack.outputs["monitoring"]["topic_arn"]
    sqs = root.client("sqs")
    url = sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attributes["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    root.client("sns").subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    return Listener(root, stack, url)
