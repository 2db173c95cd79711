"""The function's entry point. Terraform calls it before it changes a template's body."""

import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from template_versions import templates
from template_versions.plan import plan

# A role made moments ago may not be known everywhere yet.
ACCESS_DENIED = "AccessDeniedException"
PROPAGATION_PAUSE_SECONDS = 3.0
RESERVE_MILLISECONDS = 10_000

CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
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
            chosen = plan(templates.versions(iot, name))
            for version_id in chosen.delete:
                templates.delete(iot, name, version_id)
            return {"templateName": name, "kept": chosen.keep, "deleted": chosen.delete}
        except ClientError as error:
            denied = error.response["Error"]["Code"] == ACCESS_DENIED
            if not denied or context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS:
                raise
            time.sleep(PROPAGATION_PAUSE_SECONDS)
