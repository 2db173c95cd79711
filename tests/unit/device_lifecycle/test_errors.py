"""What a log line says of an error."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from device_lifecycle import errors
from device_lifecycle.errors import RetryError
from device_registry.record import MalformedRecordError
from device_registry.shadow_parameter import FirstShadowError

REFUSAL = ClientError({"Error": {"Code": "ThrottlingException", "Message": "quoted"}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (REFUSAL, "GetItem: ThrottlingException"),
        (RetryError("not yet"), "RetryError: not yet"),
        (MalformedRecordError("status"), "MalformedRecordError: status"),
        (FirstShadowError("/a/parameter"), "FirstShadowError: /a/parameter"),
        (ReadTimeoutError(endpoint_url="https://quoted"), "ReadTimeoutError"),
    ],
)
def test_only_what_the_functions_said_themselves_is_quoted(error, told):
    assert errors.describe(error) == told
