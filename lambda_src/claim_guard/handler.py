"""The function's entry point, an action of CloudWatch alarms.

CloudWatch invokes it asynchronously: what fails is tried again, and then given to the dead-letter
queue.
"""

import os
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from claim_guard import alarm, guard, journal, settings
from device_registry.lambda_context import LambdaContext
from device_registry.reasons import MisconfiguredError

# AWS IoT throttles its control plane at a few calls a second. Two calls, each asked three times and
# never answered, end before the function's timeout; AWS Lambda tries again what fails here.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)


def lambda_handler(event: Any, context: LambdaContext) -> None:
    """Switch the claim certificate off whose budget alarm went off.

    Args:
        event: what CloudWatch tells of the alarm.
        context: the Lambda context object.

    Raises:
        MisconfiguredError, RefusedError: nothing was asked of AWS IoT.
        ClientError, BotoCoreError: AWS IoT refused, or its answer is missing: the certificate may
            be off all the same.
    """
    log = journal.Journal(context.aws_request_id, time.time)
    try:
        budget = alarm.read(event, settings.alarm_arn_prefix(os.environ))
    except MisconfiguredError as error:
        log.misconfigured(error)
        raise
    except alarm.RefusedError as refused:
        log.refused(refused)
        raise
    try:
        outcome, before = guard.disable(
            boto3.client("iot", config=CONFIG), budget.claim_certificate_id
        )
    except (ClientError, BotoCoreError) as error:
        log.failed(budget, error)
        raise
    log.done(budget, outcome, before)
