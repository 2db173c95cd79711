"""The function's entry point, called by a schedule.

What a run finds is no error of the function: it is in the log, and counted there. The function
fails where it could not look at all; AWS Lambda then calls it again.
"""

import os
import time
from dataclasses import asdict
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from canary import run, settings
from canary.journal import Journal
from canary.target import Means
from device_registry.lambda_context import LambdaContext
from device_registry.reasons import MisconfiguredError

CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 5},
)


def lambda_handler(_event: Any, context: LambdaContext) -> list[dict[str, Any]]:
    """Provision a device, look at it and remove it. The event is a schedule's and says nothing.

    Args:
        context: the Lambda context object.

    Returns:
        The checks, for whoever invokes the function by hand.

    Raises:
        MisconfiguredError, ClientError, BotoCoreError: nothing was looked at.
    """
    log = Journal(context.aws_request_id, time.time)
    try:
        target = settings.target(os.environ)
        means = _means()
    except (MisconfiguredError, ClientError, BotoCoreError) as error:
        log.did_not_run(error)
        raise
    checks = run.run(target, means)
    log.ran(checks)
    return [asdict(check) for check in checks]


def _means() -> Means:
    return Means.of(partial(boto3.client, config=CONFIG), *settings.broker(os.environ))
