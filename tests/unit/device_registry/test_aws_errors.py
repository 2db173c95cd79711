"""What is read of an error, and what a log line says of it."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from device_registry.aws_errors import describe, error_code, is_not_found


def refusal(**error):
    return ClientError({"Error": {"Message": "quoted", **error}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "code", "not_found"),
    [
        (refusal(Code="ResourceNotFoundException"), "ResourceNotFoundException", True),
        (refusal(Code="ThrottlingException"), "ThrottlingException", False),
        (refusal(), "an unnamed error", False),
    ],
)
def test_an_answer_is_known_by_its_code(error, code, not_found):
    assert (error_code(error), is_not_found(error)) == (code, not_found)
    assert describe(error) == f"GetItem: {code}"


def test_of_any_other_error_its_class_is_told():
    assert describe(ReadTimeoutError(endpoint_url="https://quoted")) == "ReadTimeoutError"
