"""How long one decision may take.

AWS IoT waits 5 seconds for the hook, a cold start included, and then refuses the device:
https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html.
"""

import time

from device_registry.lambda_context import LambdaContext

DECISION_SECONDS = 3.5
# Left for the log line and the way back, so that a denial still names its reason.
RESERVE_SECONDS = 0.25


def deadline(context: LambdaContext) -> float:
    """Return when to give up, on ``time.monotonic``'s clock in seconds.

    Args:
        context: the Lambda context object, which knows when the function's own timeout strikes.
    """
    remaining = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    return time.monotonic() + min(DECISION_SECONDS, remaining)
