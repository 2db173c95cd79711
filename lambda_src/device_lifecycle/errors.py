"""AWS's error answers, told apart by their code."""

from botocore.exceptions import ClientError

from device_registry.record import MalformedRecordError

CONDITION_FAILED = "ConditionalCheckFailedException"
CONFLICT = "ConflictException"
EXISTS = "ResourceAlreadyExistsException"
NO_PARAMETER = "ParameterNotFound"
NOT_FOUND = "ResourceNotFoundException"


class FirstShadowError(Exception):
    """The settings of a device type cannot be used; the message names the parameter."""


class RetryError(Exception):
    """Not done yet, and worth another try; the message says what was waited for."""


def code(error: ClientError) -> str:
    """Return the code that AWS names its error by."""
    return error.response["Error"]["Code"]


def describe(error: Exception) -> str:
    """Return what a log line says of an error: another's message may quote anything."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {code(error)}"
    known = isinstance(error, FirstShadowError | RetryError | MalformedRecordError)
    return f"{type(error).__name__}: {error}" if known else type(error).__name__
