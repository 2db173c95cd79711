"""What may fail on the way: AWS's codes that only these functions know, and errors of their own."""

from botocore.exceptions import BotoCoreError, ClientError

from device_registry import aws_errors
from device_registry.record import MalformedRecordError
from device_registry.shadow_parameter import FirstShadowError

CONDITION_FAILED = "ConditionalCheckFailedException"
CONFLICT = "ConflictException"


class RetryError(Exception):
    """Not done yet, and worth another try; the message says what was waited for."""


# No repetition mends these: somebody has to.
BY_HAND = (FirstShadowError, MalformedRecordError)
WORTH_ANOTHER_TRY = (BotoCoreError, ClientError, RetryError)
EITHER = (*BY_HAND, *WORTH_ANOTHER_TRY)


def describe(error: Exception) -> str:
    """Return what a log line says of an error: another's message may quote anything."""
    known = isinstance(error, (*BY_HAND, RetryError))
    return f"{type(error).__name__}: {error}" if known else aws_errors.describe(error)
