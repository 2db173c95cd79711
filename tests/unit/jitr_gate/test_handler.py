"""The function as Lambda runs it, with a scripted DynamoDB on loopback."""

import datetime as dt
import json
import time
import traceback
from types import SimpleNamespace

import boto3
import pytest

from device_registry.dynamodb import DynamoDB
from device_registry.record import to_item
from jitr_gate import clients, handler
from tests.unit import attempts
from tests.unit.builders import CERTIFICATE, record
from tests.unit.jitr_gate.fakes import CRL_ENVIRONMENT, GATE_ENVIRONMENT, Aws, registered
from tests.unit.jitr_gate.fakes import clients as fake_clients
from tests.unit.scripted_server import Script, error, serving

TAKEN = (200, {"Attributes": to_item(record())})


def context(milliseconds):
    return SimpleNamespace(
        aws_request_id="request-1", get_remaining_time_in_millis=lambda: milliseconds
    )


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Invoke the function; returns the line it logged and the error it raised."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)

    def call(aws, *answers, event=None, environ=GATE_ENVIRONMENT, left=30_000):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(handler, "clients", fake_clients(aws))
        monkeypatch.setattr(handler, "DYNAMODB", DynamoDB())
        fault = None
        call.script = Script(*answers)
        with serving(call.script) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            try:
                assert handler.lambda_handler(event or registered(), context(left)) is None
            except handler.GateFaultError as raised:
                fault = raised
        (line,) = capsys.readouterr().out.splitlines()
        return json.loads(line), fault

    return call


def test_a_device_that_is_let_in(invoke):
    aws = Aws()
    begin = int(time.time())
    line, fault = invoke(aws, TAKEN)
    assert fault is None
    assert (line["outcome"], line["reason"]) == ("allowed", "FIRST_CLAIM")
    assert (line["thingName"], line["gate"]) == ("acme-SN-0001", "acme-maker")
    assert (line["certificateId"], line["requestId"]) == (CERTIFICATE, "request-1")
    assert aws.status == "ACTIVE"
    (_, first), (_, again) = invoke.script.requests
    values = first["ExpressionAttributeValues"]
    assert first["TableName"] == again["TableName"] == "registry"
    assert begin <= int(values[":now"]["N"]) <= time.time()
    assert int(values[":leaseExpiresAt"]["N"]) - int(values[":now"]["N"]) == 3600
    assert dt.datetime.fromisoformat(line["timestamp"]).timestamp() >= begin


def test_a_claim_that_does_not_lapse(invoke):
    invoke(Aws(), TAKEN, environ={**GATE_ENVIRONMENT, "CLAIM_LEASE_SECONDS": "never"})
    values = invoke.script.requests[0][1]["ExpressionAttributeValues"]
    assert values[":leaseExpiresAt"]["N"] == "253402300799"


def test_a_refusal_is_no_error(invoke):
    aws = Aws()
    line, fault = invoke(aws, error("ConditionalCheckFailedException"))
    assert fault is None
    assert (line["outcome"], line["reason"]) == ("denied", "UNKNOWN_SERIAL")
    assert line["level"] == "INFO"
    assert aws.status == "INACTIVE"


def test_a_fault_is_logged_and_raised_so_that_lambda_tries_again(invoke):
    aws = Aws()
    line, fault = invoke(aws, error("ThrottlingException"))
    assert (line["outcome"], line["reason"]) == ("denied", "REGISTRY_UNAVAILABLE")
    assert line["level"] == "ERROR"
    assert str(fault) == "REGISTRY_UNAVAILABLE: ThrottlingException"
    assert aws.status == "PENDING_ACTIVATION"


def test_what_lambda_prints_of_a_fault_holds_no_pem(invoke):
    aws = Aws()
    aws.answers = {"UpdateCertificate": "InternalFailureException"}
    _, fault = invoke(aws, TAKEN)
    assert "BEGIN" not in "".join(traceback.format_exception(fault))
    assert fault.__context__ is None


def test_time_that_is_over_is_a_fault(invoke):
    aws = Aws()
    line, fault = invoke(aws, TAKEN, left=500)
    assert (line["reason"], line["detail"]) == ("REGISTRY_UNAVAILABLE", "TimeBudgetExhausted")
    assert fault is not None
    assert invoke.script.requests == []


def test_a_replay_is_a_line_and_nothing_else(invoke):
    aws = Aws(status="INACTIVE")
    line, fault = invoke(aws, TAKEN)
    assert fault is None
    assert (line["event"], line["reason"]) == ("registration-ignored", "NOT_PENDING")
    assert invoke.script.requests == []


def test_a_list_that_cannot_be_read(invoke):
    line, fault = invoke(Aws(), TAKEN, environ=CRL_ENVIRONMENT)
    assert str(fault) == "CRL_UNAVAILABLE: NoSuchKey"
    assert line["level"] == "ERROR"


def test_the_clients_are_made_once(monkeypatch):
    for made in (clients.iot, clients.s3):
        made.cache_clear()
    asked = []

    def client(service, *, config):
        asked.append((service, config))
        return object()

    monkeypatch.setattr(boto3, "client", client)
    assert clients.iot() is clients.iot()
    assert clients.s3() is clients.s3()
    assert [service for service, _ in asked] == ["iot", "s3"]
    for _, config in asked:
        assert config is clients.CONFIG
    for made in (clients.iot, clients.s3):
        made.cache_clear()


def test_a_call_that_is_throttled_ends_before_the_function_does():
    (timeout,) = attempts.timeouts("jitp-ca/variables.tf")
    assert attempts.throttled_seconds(clients.CONFIG) < timeout
    assert (clients.CONFIG.connect_timeout, clients.CONFIG.read_timeout) == (2, 5)


def test_five_attempts_are_made(monkeypatch):
    assert clients.CONFIG.retries["mode"] == "standard"
    assert attempts.on_the_wire(clients.CONFIG, monkeypatch) == 5
