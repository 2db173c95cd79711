"""The entry points of the four functions.

Follows https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from device_lifecycle import audit as trail
from device_lifecycle import clients, errors, events, journal, settings
from device_lifecycle import confirm as confirmation
from device_lifecycle import enforce as enforcement
from device_lifecycle import sweep as sweeping
from device_lifecycle.first_shadow import Parameters
from device_lifecycle.journal import Journal
from device_lifecycle.runtime import Runtime
from device_lifecycle.store import Store
from device_registry.lambda_context import LambdaContext
from device_registry.record import MalformedRecordError
from device_registry.shadow_parameter import FirstShadowError

PARAMETERS = Parameters()


def confirm(event: Any, context: LambdaContext) -> None:
    """Turn a record ACTIVE, on an event of AWS IoT.

    Args:
        event: what the topic rule selected.
        context: the Lambda context object.

    Raises:
        RetryError, ClientError, BotoCoreError: Lambda tries again, then gives the event to the
            dead-letter queue.
    """
    runtime, config = _runtime(context), settings.lifecycle(os.environ)
    try:
        confirmation.run(event, config, runtime)
    except (MalformedRecordError, FirstShadowError) as error:
        # Mended by hand; until then, each repetition ends the same.
        _tell_fault(runtime, event, errors.describe(error), "ERROR")
    except (errors.RetryError, ClientError, BotoCoreError) as error:
        _tell_fault(runtime, event, errors.describe(error), "WARN")
        raise


def _tell_fault(runtime: Runtime, event: Any, detail: str, level: str) -> None:
    told = {"thingName": events.thing_name(event), "detail": detail}
    runtime.journal.tell(journal.FAULT, told, level=level)


def enforce(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Make AWS IoT agree with the records that changed.

    Args:
        event: a batch of the table's stream.
        context: the Lambda context object.

    Returns:
        The records to deliver again.
    """
    return enforcement.run(event, settings.enforcement(os.environ), _runtime(context))


def audit(event: Any, _context: LambdaContext) -> dict[str, int]:
    """Keep log lines in the audit trail.

    Args:
        event: what a subscription of CloudWatch Logs delivers.

    Returns:
        How many entries were kept.

    Raises:
        RetryError, ClientError, BotoCoreError, MalformedEventError: Lambda tries again, then gives
            the event to the dead-letter queue.
    """
    config = settings.audit(os.environ)
    return {"kept": trail.run(event, config, clients.logs(), clients.s3())}


def sweep(_event: Any, context: LambdaContext) -> None:
    """Find what went half way. The event is a schedule's and says nothing.

    Args:
        context: the Lambda context object.
    """
    config = settings.lifecycle(os.environ)
    sweeping.run(config, settings.stuck_seconds(os.environ), _runtime(context))


def _runtime(context: LambdaContext) -> Runtime:
    table_name = settings.registry(os.environ).table_name
    return Runtime(
        clients=clients,
        store=Store(clients.dynamodb(), table_name),
        journal=Journal(context.aws_request_id),
        parameters=PARAMETERS,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        clock=time.time,
        sleep=time.sleep,
    )
