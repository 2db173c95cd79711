"""The DynamoDB connection: endpoints, credentials, retries, and time."""

import time

import pytest

from device_registry import dynamodb
from device_registry.dynamodb import (
    ATTEMPT_SECONDS,
    ConditionFailedError,
    DynamoDB,
    RegistryUnavailableError,
    endpoint_url,
)
from tests.unit.builders import ENVIRONMENT
from tests.unit.scripted_server import CLOSE, HANG, Script, elapsed, error, refusing, serving

ARGUMENTS = {"TableName": "registry", "Key": {"serialNumber": {"S": "SN-0001"}}}
ITEM = {"serialNumber": {"S": "SN-0001"}}
OK = (200, {"Attributes": ITEM})
CONDITION = error("ConditionalCheckFailedException", Item=ITEM)


def connection(url, **environment):
    return DynamoDB({**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": url, **environment})


def update(script, seconds=3.5, **environment):
    with serving(script) as url:
        table = connection(url, **environment)
        return table.update_item(ARGUMENTS, time.monotonic() + seconds)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "https://dynamodb.us-east-1.amazonaws.com"),
        ({"AWS_REGION": "eu-central-2"}, "https://dynamodb.eu-central-2.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "us-gov-west-1"}, "https://dynamodb.us-gov-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        (
            {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": "http://this"},
            "http://this",
        ),
    ],
)
def test_the_endpoint(environment, expected):
    assert endpoint_url({**ENVIRONMENT, **environment}) == expected


def test_a_region_of_no_partition_is_no_endpoint():
    with pytest.raises(RegistryUnavailableError, match=r"^UnknownRegion$"):
        endpoint_url({"AWS_REGION": "evil.example/"})


def test_the_request_is_signed_and_says_what_it_is():
    script = Script(OK)
    assert update(script, AWS_SESSION_TOKEN="session") == ITEM
    headers, body = script.requests[0]
    assert body == ARGUMENTS
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.UpdateItem"
    assert headers["Content-Type"] == "application/x-amz-json-1.0"
    # checkov:skip=CKV_SECRET_6:The name of a header and a value that nobody takes for a token.
    assert headers["X-Amz-Security-Token"] == "session"
    authorization = headers["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=123456789012/")
    assert "/us-east-1/dynamodb/aws4_request" in authorization


def test_credentials_from_the_container_as_under_snapstart():
    answer = {
        "AccessKeyId": "CONTAINER",
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    script = Script(OK)
    with serving(script) as url, serving(Script((200, answer))) as credentials_url:
        environment = {k: v for k, v in ENVIRONMENT.items() if "KEY" not in k}
        environment |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials_url,
        }
        assert DynamoDB(environment).update_item(ARGUMENTS, time.monotonic() + 3.5) == ITEM
    assert "Credential=CONTAINER/" in script.requests[0][0]["Authorization"]


def test_no_credentials_at_all():
    environment = {k: v for k, v in ENVIRONMENT.items() if "KEY" not in k}
    with pytest.raises(RegistryUnavailableError, match=r"^NoCredentials$"):
        DynamoDB(environment).update_item(ARGUMENTS, time.monotonic() + 3.5)


def test_an_answer_without_attributes():
    assert update(Script((200, {}))) is None


def test_a_condition_that_is_not_met_carries_the_item():
    with pytest.raises(ConditionFailedError) as refused:
        update(Script(CONDITION))
    assert refused.value.item == ITEM


def test_a_condition_that_is_not_met_for_want_of_an_item():
    with pytest.raises(ConditionFailedError) as refused:
        update(Script(error("ConditionalCheckFailedException")))
    assert refused.value.item is None


PASSING = [
    error("ThrottlingException"),
    error("ProvisionedThroughputExceededException"),
    error("RequestLimitExceeded"),
    error("InternalServerError", 500),
    (503, b"<html>no backend</html>"),
    (200, b"cut off {"),
    (200, b"[]"),
    CLOSE,
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_passing_fault_is_tried_once_more(fault):
    script = Script(fault, OK)
    assert update(script) == ITEM
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (error("ThrottlingException"), "ThrottlingException"),
        (error("InternalServerError", 500), "InternalServerError"),
        ((500, {}), "500"),
        ((502, b"<html>"), "JSONDecodeError"),
        ((200, b"[]"), "ValueError"),
        (CLOSE, "ConnectionClosedError"),
    ],
)
def test_a_lasting_fault_is_tried_twice_and_no_more(fault, cause):
    script = Script(fault)
    with pytest.raises(RegistryUnavailableError, match=f"^{cause}$"):
        update(script)
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (error("AccessDeniedException"), "AccessDeniedException"),
        (error("ResourceNotFoundException"), "ResourceNotFoundException"),
        (error("ValidationException"), "ValidationException"),
        ((400, {"__type": "UnqualifiedException"}), "UnqualifiedException"),
        ((403, {}), "403"),
    ],
)
def test_a_final_answer_is_not_tried_again(fault, cause):
    script = Script(fault)
    with pytest.raises(RegistryUnavailableError, match=f"^{cause}$"):
        update(script)
    assert len(script.requests) == 1


def test_a_write_whose_answer_was_lost_is_found_on_the_second_try():
    with pytest.raises(ConditionFailedError) as refused:
        update(Script(CLOSE, CONDITION))
    assert refused.value.item == ITEM


def test_nothing_listens():
    with (
        refusing() as url,
        elapsed() as seconds,
        pytest.raises(RegistryUnavailableError, match="EndpointConnectionError"),
    ):
        connection(url).update_item(ARGUMENTS, time.monotonic() + 3.5)
    assert seconds[0] < 3.5


def test_a_server_that_accepts_and_never_answers():
    script = Script(HANG)
    with elapsed() as seconds, pytest.raises(RegistryUnavailableError, match="ReadTimeoutError"):
        update(script)
    assert len(script.requests) == 2
    assert 2 * dynamodb.READ_TIMEOUT_SECONDS <= seconds[0] < 3.5


def test_no_attempt_starts_that_could_outlast_the_deadline():
    script = Script(HANG)
    with pytest.raises(RegistryUnavailableError, match="ReadTimeoutError"):
        update(script, seconds=2 * ATTEMPT_SECONDS - 0.6)
    assert len(script.requests) == 1


def test_exactly_enough_time(monkeypatch):
    monkeypatch.setattr(dynamodb.time, "monotonic", lambda: 100.0)
    with serving(Script(OK)) as url:
        assert connection(url).update_item(ARGUMENTS, 100.0 + ATTEMPT_SECONDS) == ITEM


def test_no_time_left_at_all():
    script = Script(OK)
    with pytest.raises(RegistryUnavailableError, match=r"^TimeBudgetExhausted$"):
        update(script, seconds=ATTEMPT_SECONDS - 0.1)
    assert script.requests == []


def test_the_pause_between_attempts(monkeypatch):
    pauses = []
    monkeypatch.setattr(dynamodb.time, "sleep", pauses.append)
    assert update(Script(error("ThrottlingException"), OK)) == ITEM
    assert pauses == [0.05]


def test_the_certificate_authorities_can_be_chosen(monkeypatch):
    chosen = []
    monkeypatch.setattr(dynamodb, "URLLib3Session", lambda **options: chosen.append(options))
    DynamoDB({"AWS_CA_BUNDLE": "bundle.pem"})
    DynamoDB({})
    assert [options["verify"] for options in chosen] == ["bundle.pem", True]
    assert [options["timeout"] for options in chosen] == [(0.5, 1.0), (0.5, 1.0)]


def test_the_body_does_not_wait_for_the_headers_to_be_acknowledged():
    rounds = []
    with serving(Script(OK)) as url:
        table = connection(url)
        table.update_item(ARGUMENTS, time.monotonic() + 3.5)
        for _ in range(10):
            with elapsed() as seconds:
                table.update_item(ARGUMENTS, time.monotonic() + 3.5)
            rounds += seconds
    # The quickest: a busy machine delays some of them, the algorithm would delay each.
    assert min(rounds) < 0.03, "Nagle's algorithm costs 40 ms a call"
