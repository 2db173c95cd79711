"""The hook itself, with a plain boto3 client in place of its own connection."""

import os
import time

import boto3

from device_registry import table
from device_registry.decision_log import write
from device_registry.dynamodb import ConditionFailedError
from provisioning_hook import decision_log
from provisioning_hook.budget import deadline
from provisioning_hook.decide import decide


class ClientConnection:
    """``DynamoDB`` with boto3's client underneath."""

    def __init__(self):
        self.client = boto3.client("dynamodb")

    def update_item(self, arguments, _deadline):
        try:
            return self.client.update_item(**arguments).get("Attributes")
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError(error.response.get("Item")) from None


CONNECTION = ClientConnection()


def lambda_handler(event, context):
    give_up_at = deadline(context)
    now = time.time()

    def claim(settings, request):
        return table.claim(
            settings.table_name,
            CONNECTION,
            request,
            now=int(now),
            lease_seconds=settings.claim_lease_seconds,
            deadline=give_up_at,
        )

    decision = decide(event, os.environ, claim)
    write(decision_log.entry(decision, event, context.aws_request_id, now))
    return decision.response
