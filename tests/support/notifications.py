"""What alarms told a subscribed queue."""

import json
from collections.abc import Iterator
from typing import Any


def states(queue: Any, queue_url: str) -> Iterator[tuple[str, str]]:
    """Take what arrived: names of alarms and their new states, in their order.

    Args:
        queue: A boto3 client of SQS.
        queue_url: The queue, which gets the messages as the alarms wrote them.
    """
    while messages := queue.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get(
        "Messages"
    ):
        for message in messages:
            told = json.loads(message["Body"])
            queue.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            yield told["AlarmName"], told["NewStateValue"]
