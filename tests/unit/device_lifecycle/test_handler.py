"""The entry points: what they put together, and which errors they raise."""

import base64
import gzip
import json

import pytest
from botocore.exceptions import ClientError

from device_lifecycle import clients, events, handler
from device_lifecycle.errors import RetryError
from device_lifecycle.first_shadow import Parameters
from device_registry.reasons import MisconfiguredError
from device_registry.record import Status, to_item
from tests.unit import attempts
from tests.unit.builders import CERTIFICATE, record
from tests.unit.device_lifecycle import fakes
from tests.unit.device_lifecycle.fakes import ENVIRONMENT, PARAMETER, THING, Context, event, lines

CLAIM = {"certificate_id": CERTIFICATE, "thing_name": THING}


@pytest.fixture
def deployed(world, monkeypatch):
    """The handlers' own clients, but for what they are connected to."""
    made = fakes.clients(world.aws, world.table)
    for name in ("dynamodb", "iot", "iot_data", "logs", "s3", "ssm"):
        monkeypatch.setattr(clients, name, getattr(made, name))
    monkeypatch.setattr(handler, "PARAMETERS", Parameters())
    monkeypatch.setattr("time.sleep", world.pauses.append)
    more = {"STUCK_SECONDS": "3600", "AUDIT_LOG_GROUP": "/audit", "AWS_REGION": "us-east-1"}
    for name, value in {**ENVIRONMENT, **more}.items():
        monkeypatch.setenv(name, value)
    return world


def test_each_service_has_one_client(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("dynamodb", "iot", "iot_data", "logs", "s3", "ssm"):
        make = getattr(clients, name)
        assert make() is make()
        assert make().meta.service_model.service_name == name.replace("_", "-")
        assert make().meta.config.read_timeout == 5
        make.cache_clear()


def test_a_call_that_nobody_answers_ends_before_any_of_the_functions_does():
    files = ("device-lifecycle/main.tf", "device-lifecycle/variables.tf")
    given = [timeout for file in files for timeout in attempts.timeouts(file)]
    assert len(given) == len(["confirmation", "enforcement", "audit", "sweep"])
    assert attempts.unanswered_seconds(clients.CONFIG) < min(given)


def test_five_attempts_are_made(monkeypatch):
    assert clients.CONFIG.retries["mode"] == "standard"
    assert attempts.on_the_wire(clients.CONFIG, monkeypatch) == 5


def test_confirm(deployed, capsys):
    deployed.enrol(status=Status.PROVISIONING, **CLAIM)
    handler.confirm(event("presence_connected"), Context())
    assert deployed.stored().status is Status.ACTIVE
    assert lines(capsys)[0]["requestId"] == "request-1"


def test_what_a_repetition_may_mend_is_raised(deployed, capsys, monkeypatch):
    monkeypatch.setenv("CONFIRM_BY", "THING_EVENT")
    deployed.enrol(status=Status.PROVISIONING, **CLAIM)
    with pytest.raises(RetryError):
        handler.confirm(event("thing_created"), Context())
    deployed.aws.answers["DescribeCertificate"] = "ThrottlingException"
    with pytest.raises(ClientError):
        handler.confirm(event("thing_created"), Context())
    told = lines(capsys)
    assert {(line["event"], line["thingName"]) for line in told} == {("lifecycle-fault", THING)}
    assert [(line["level"], line["detail"]) for line in told] == [
        ("WARN", "RetryError: the certificate is not ACTIVE and attached yet"),
        ("WARN", "DescribeCertificate: ThrottlingException"),
    ]


def test_what_no_repetition_mends_is_told(deployed, capsys):
    deployed.enrol(status=Status.ACTIVE, **CLAIM)
    deployed.aws.parameters[PARAMETER] = "no JSON"
    handler.confirm(event("presence_connected"), Context())
    damaged = {**to_item(record(**CLAIM)), "deviceType": {"N": "1"}}
    deployed.table.put_item(TableName="registry", Item=damaged)
    handler.confirm(event("presence_connected"), Context())
    told = lines(capsys)
    assert {(line["event"], line["thingName"]) for line in told} == {("lifecycle-fault", THING)}
    assert [(line["level"], line["detail"]) for line in told] == [
        ("ERROR", f"FirstShadowError: {PARAMETER}"),
        ("ERROR", "MalformedRecordError: deviceType"),
    ]


def test_a_wrong_setting_is_raised(deployed, monkeypatch):
    monkeypatch.setenv("CONFIRM_BY", "")
    with pytest.raises(MisconfiguredError, match="CONFIRM_BY"):
        handler.confirm(event("presence_connected"), Context())


def test_enforce(deployed):
    deployed.enrol(status=Status.REVOKED, **CLAIM)
    deployed.aws.certificates[CERTIFICATE] = "ACTIVE"
    assert handler.enforce(event("table_stream"), Context()) == {"batchItemFailures": []}
    assert deployed.aws.certificates == {CERTIFICATE: "REVOKED"}


@pytest.mark.parametrize(("milliseconds", "acts"), [(14_999, False), (15_000, True)])
def test_enforce_acts_while_there_is_time(deployed, monkeypatch, milliseconds, acts):
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: milliseconds)
    first = event("table_stream")["Records"][0]["dynamodb"]["SequenceNumber"]
    answer = handler.enforce(event("table_stream"), Context())
    assert answer == {"batchItemFailures": [] if acts else [{"itemIdentifier": first}]}


@pytest.mark.parametrize("archived", [False, True])
def test_audit(deployed, monkeypatch, archived):
    archive = {"ARCHIVE_BUCKET": "acme-audit", "ARCHIVE_BUCKET_OWNER": "123456789012"}
    for name, value in archive.items() if archived else ():
        monkeypatch.setenv(name, value)
    data = gzip.compress(json.dumps(event("log_subscription")).encode())
    told = {"awslogs": {"data": base64.b64encode(data).decode()}}
    assert handler.audit(told, Context()) == {"kept": 2}
    assert bool(deployed.aws.objects) == archived


def test_sweep(deployed, capsys):
    deployed.enrol(status=Status.PROVISIONING, **CLAIM)
    handler.sweep({}, Context())
    assert lines(capsys, "sweep")[0]["checked"] == 1


def test_an_event_of_nothing_has_no_thing():
    assert events.thing_name({"eventType": "disconnected", "clientId": "acme-SN-0001"}) is None
