"""The function's entry point. Terraform calls it before it changes a template's body."""

import time
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from template_versions import templates

# A role made moments ago may not be known everywhere yet.
ACCESS_DENIED = "AccessDeniedException"
PROPAGATION_PAUSE_SECONDS = 3.0
RESERVE_MILLISECONDS = 10_000

# A call that is asked five times and never answered ends before the function's timeout.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 5},
)


class LambdaContext(Protocol):
    """What this function uses of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's own timeout."""


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Delete the versions that stand in the way of the next one.

    Args:
        event: ``templateName``; anything else is there to make Terraform call again.
        context: the Lambda context object.

    Returns:
        ``{"templateName": str, "kept": [int], "deleted": [int]}``.

    Raises:
        ClientError: AWS IoT refused; Terraform then stops before it touches the template.
    """
    iot = boto3.client("iot", config=CONFIG)
    name = event["templateName"]
    while True:
        try:
            chosen = templates.make_room(iot, name)
        except ClientError as error:
            denied = error.response["Error"]["Code"] == ACCESS_DENIED
            if not denied or context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS:
                raise
            time.sleep(PROPAGATION_PAUSE_SECONDS)
        else:
            return {"templateName": name, "kept": chosen.keep, "deleted": chosen.delete}
