"""The function's entry point.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html.
"""

import os
import time
from typing import Any

from device_registry import table
from device_registry.claim import ClaimRequest
from device_registry.decision_log import write
from device_registry.dynamodb import DynamoDB
from device_registry.lambda_context import LambdaContext
from provisioning_hook import decision_log
from provisioning_hook.budget import deadline
from provisioning_hook.decide import decide
from provisioning_hook.settings import Settings

DYNAMODB = DynamoDB()


def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer a RegisterThing request.

    Args:
        event: the hook's input, payload version 2020-04-01.
        context: the Lambda context object.

    Returns:
        ``{"allowProvisioning": bool, "parameterOverrides": {str: str}}``, a new object every time.
    """
    give_up_at = deadline(context)
    now = time.time()

    def claim(settings: Settings, request: ClaimRequest) -> table.Granted | table.Refused:
        return table.claim(
            settings.table_name,
            DYNAMODB,
            request,
            now=int(now),
            lease_seconds=settings.claim_lease_seconds,
            regions=settings.regions,
            deadline=give_up_at,
        )

    decision = decide(event, os.environ, claim)
    write(decision_log.entry(decision, event, context.aws_request_id, now))
    return decision.response
