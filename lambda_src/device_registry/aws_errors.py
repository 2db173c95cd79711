"""AWS's error answers, told apart by their code."""

from botocore.exceptions import ClientError

EXISTS = "ResourceAlreadyExistsException"
NOT_FOUND = "ResourceNotFoundException"


def error_code(error: ClientError) -> str:
    """Return the code that AWS names its error by."""
    return error.response["Error"].get("Code", "an unnamed error")


def is_not_found(error: ClientError) -> bool:
    """Tell whether AWS answered that the thing, certificate, policy or group does not exist."""
    return error_code(error) == NOT_FOUND


def describe(error: Exception) -> str:
    """Return what a log line says of an error: its message may quote anything."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error_code(error)}"
    return type(error).__name__
