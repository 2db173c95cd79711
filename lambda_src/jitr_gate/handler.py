"""The function's entry point, called by a topic rule.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/auto-register-device-cert.html.
"""

import os
import time
from typing import Any

from device_registry import table
from device_registry.claim import ClaimRequest
from device_registry.decision_log import write
from device_registry.dynamodb import DynamoDB
from device_registry.lambda_context import LambdaContext
from jitr_gate import clients, decision_log, gate
from jitr_gate.settings import Settings
from provisioning_hook.budget import deadline

DYNAMODB = DynamoDB()


class GateFaultError(Exception):
    """Nothing was decided for good: Lambda tries again, and then gives the event to the queue."""


def lambda_handler(event: Any, context: LambdaContext) -> None:
    """Decide on one certificate that AWS IoT registered for the CA.

    Args:
        event: what AWS IoT published when the certificate's device connected.
        context: the Lambda context object.

    Raises:
        GateFaultError: a fault; the certificate stays as it is.
    """

    def claim(settings: Settings, request: ClaimRequest) -> table.Granted | table.Refused:
        return table.claim(
            settings.registry.table_name,
            DYNAMODB,
            request,
            now=int(time.time()),
            lease_seconds=settings.registry.claim_lease_seconds,
            regions=settings.registry.regions,
            deadline=deadline(context),
        )

    now = time.time()
    outcome = gate.run(event, os.environ, clients, claim, now)
    write(decision_log.entry(outcome, event, os.environ, context.aws_request_id, now))
    if outcome.is_fault:
        raise GateFaultError(f"{outcome.verdict}: {outcome.detail}")
