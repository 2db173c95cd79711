"""The error codes of AWS's that the tools tell apart."""

from botocore.exceptions import ClientError

INVALID_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
ACCESS_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedException", "UnauthorizedOperation"}
)
THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# These concern the run and not one row of it: going on would only repeat them.
RUN_ENDING = (
    INVALID_CREDENTIALS | ACCESS_DENIED | THROTTLED | frozenset({"ResourceNotFoundException"})
)


def error_code(error: ClientError) -> str:
    """Return AWS's code of an error answer."""
    return error.response["Error"].get("Code", "an unnamed error")


def is_not_found(error: ClientError) -> bool:
    """Tell whether AWS answered that the thing, certificate, policy or group does not exist."""
    return error_code(error) == "ResourceNotFoundException"
