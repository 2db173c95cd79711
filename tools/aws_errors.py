"""AWS's error codes by what they mean for a run of the tools."""

from device_registry.aws_errors import NOT_FOUND

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
RUN_ENDING = INVALID_CREDENTIALS | ACCESS_DENIED | THROTTLED | frozenset({NOT_FOUND})
