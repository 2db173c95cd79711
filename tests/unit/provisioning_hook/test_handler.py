"""The function as Lambda runs it, against a scripted DynamoDB on loopback."""

import json
import uuid
from types import SimpleNamespace

import pytest

from device_registry.dynamodb import DynamoDB
from device_registry.record import Status, to_item
from provisioning_hook import handler
from tests.unit.builders import CERTIFICATE, ENVIRONMENT, NOW, record, register_thing_event
from tests.unit.scripted_server import CLOSE, HANG, Script, elapsed, error, refusing, serving

DENIED = {"allowProvisioning": False, "parameterOverrides": {}}
LIMIT_SECONDS = 4.5
TAKEN = (200, {"Attributes": to_item(record())})
FUNCTION_TIMEOUT_MILLISECONDS = 4000


def context():
    return SimpleNamespace(
        aws_request_id=str(uuid.uuid4()),
        get_remaining_time_in_millis=lambda: FUNCTION_TIMEOUT_MILLISECONDS,
    )


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Invoke the function; returns its answer and the line it logged."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)

    def call(url, event=None):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        if call.url != url:  # a new execution environment
            monkeypatch.setattr(handler, "DYNAMODB", DynamoDB())
            call.url = url
        answer = handler.lambda_handler(event or register_thing_event(), context())
        (line,) = capsys.readouterr().out.splitlines()
        return answer, json.loads(line)

    call.url = None
    return call


def test_a_device_that_may_be_provisioned(invoke):
    script = Script(TAKEN)
    with serving(script) as url:
        answer, line = invoke(url)
    assert answer["allowProvisioning"] is True
    assert answer["parameterOverrides"]["ThingName"] == "acme-SN-0001"
    assert (line["outcome"], line["reason"]) == ("allowed", "FIRST_CLAIM")
    assert line["thingName"] == "acme-SN-0001"
    assert line["serialNumber"] == "SN-0001"
    assert len(line["requestId"]) == 36


@pytest.mark.failure_mode("S3")
def test_one_round_trip_to_the_right_table_with_the_configured_lease(invoke):
    script = Script(TAKEN)
    with serving(script) as url:
        invoke(url)
    ((_, body),) = script.requests
    values = body["ExpressionAttributeValues"]
    assert body["TableName"] == "registry"
    assert int(values[":leaseExpiresAt"]["N"]) - int(values[":now"]["N"]) == 3600


def test_a_repeat_gets_the_same_answer(invoke):
    held = record(
        status=Status.PROVISIONING,
        certificate_id=CERTIFICATE,
        claimed_at=NOW,
        lease_expires_at=2**33,
    )
    refused = error("ConditionalCheckFailedException", Item=to_item(held))
    with serving(Script(refused)) as url:
        first, line = invoke(url)
        second, _ = invoke(url)
    assert first == second
    assert first["allowProvisioning"] is True
    assert first["parameterOverrides"]["ProvisionedAt"] == "2026-09-21T14:13:20Z"
    assert line["reason"] == "REPEAT"


FAULTS = {
    "throttled": (error("ThrottlingException"), "REGISTRY_UNAVAILABLE"),
    "access denied": (error("AccessDeniedException"), "REGISTRY_UNAVAILABLE"),
    "no table": (error("ResourceNotFoundException"), "REGISTRY_UNAVAILABLE"),
    "server error": (error("InternalServerError", 500), "REGISTRY_UNAVAILABLE"),
    "not JSON": ((200, b"<html>"), "REGISTRY_UNAVAILABLE"),
    "hangs up": (CLOSE, "REGISTRY_UNAVAILABLE"),
    "never answers": (HANG, "REGISTRY_UNAVAILABLE"),
    "no item": (error("ConditionalCheckFailedException"), "UNKNOWN_SERIAL"),
    "empty answer": ((200, {}), "UNKNOWN_SERIAL"),
    "malformed record": (
        (200, {"Attributes": {**to_item(record()), "status": {"S": "?"}}}),
        "MALFORMED_RECORD",
    ),
}


@pytest.mark.parametrize("after_a_success", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.failure_mode("S1", "B11")
def test_a_fault_is_a_denial_in_time(invoke, fault, after_a_success):
    answer, reason = FAULTS[fault]
    script = Script(TAKEN, answer) if after_a_success else Script(answer)
    with serving(script) as url:
        if after_a_success:
            assert invoke(url)[0]["allowProvisioning"] is True
        with elapsed() as seconds:
            denied, line = invoke(url)
    assert denied == DENIED
    assert (line["outcome"], line["reason"]) == ("denied", reason)
    assert seconds[0] < LIMIT_SECONDS


@pytest.mark.parametrize("after_a_success", [False, True], ids=["cold", "warm"])
def test_a_refused_connection_is_a_denial_in_time(invoke, after_a_success):
    if after_a_success:
        with serving(Script(TAKEN)) as url:
            assert invoke(url)[0]["allowProvisioning"] is True
            call_again = url
    else:
        with refusing() as call_again:
            pass
    with elapsed() as seconds:
        denied, line = invoke(call_again)
    assert denied == DENIED
    assert line["reason"] == "REGISTRY_UNAVAILABLE"
    assert seconds[0] < LIMIT_SECONDS


@pytest.mark.parametrize("after_a_success", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("name", ["DEVICE_REGISTRY_TABLE", "NAME_PREFIX", "CLAIM_LEASE_SECONDS"])
def test_a_missing_variable_is_a_denial(invoke, monkeypatch, name, after_a_success):
    with serving(Script(TAKEN)) as url:
        if after_a_success:
            assert invoke(url)[0]["allowProvisioning"] is True
        monkeypatch.delenv(name)
        denied, line = invoke(url)
    assert denied == DENIED
    assert (line["reason"], line["detail"]) == ("MISCONFIGURED", name)


def test_a_missing_region_is_a_denial(invoke, monkeypatch):
    monkeypatch.delenv("AWS_REGION")
    denied, line = invoke("http://127.0.0.1:9")
    assert denied == DENIED
    assert (line["reason"], line["detail"]) == ("MISCONFIGURED", "AWS_REGION")


def test_a_warm_function_does_not_pass_one_devices_answer_to_the_next(invoke):
    with serving(Script(TAKEN, error("ConditionalCheckFailedException"))) as url:
        allowed, _ = invoke(url)
        stranger, line = invoke(url, register_thing_event(SerialNumber="STRANGER"))
    assert allowed["allowProvisioning"] is True
    assert stranger == DENIED
    assert line["reason"] == "UNKNOWN_SERIAL"
