"""What a budget alarm switches off, what it never does, and what the log tells of it."""

import contextlib
import copy
import json
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from botocore.stub import Stubber
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from claim_guard import alarm, handler, settings
from claim_guard.alarm import RefusedError
from device_lifecycle import audit
from device_registry.reasons import MisconfiguredError
from tests.unit import attempts
from tests.unit.builders import EVENTS

PREFIX = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-"
NAME = "acme-claim-budget-factory/line-1"
CLAIM = "c1a1" * 16
DESCRIBE, UPDATE = "describe_certificate", "update_certificate"
EVENT = json.loads((EVENTS / "budget_alarm.json").read_text())
CONTEXT = SimpleNamespace(aws_request_id="r-1")
GONE = object()
# Of a key that is made now: none, nor its beginning, is kept in a file.
KEY_HEADER = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    .decode()
    .splitlines()[0]
)


def changed(value, *path):
    """The event with one value exchanged; GONE takes it out."""
    event = copy.deepcopy(EVENT)
    place = event
    for step in path[:-1]:
        place = place[step]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return event


METRIC = ("alarmData", "configuration", "metrics", 0, "metricStat", "metric")
DIMENSIONS = (*METRIC, "dimensions")


@pytest.fixture
def iot(monkeypatch):
    client = boto3.client(
        "iot", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )

    def make(service, *, config):
        assert service == "iot"
        assert config is handler.CONFIG
        return client

    monkeypatch.setattr(handler.boto3, "client", make)
    monkeypatch.setattr(handler.time, "time", lambda: 1_795_000_000.0)
    monkeypatch.setenv("ALARM_ARN_PREFIX", PREFIX)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def described(status):
    return {"certificateDescription": {"certificateId": CLAIM, "status": status}}


@pytest.fixture
def told(capsys):
    """`told()`: the one line that was logged, without what every line has."""

    def read():
        (line,) = capsys.readouterr().out.splitlines()
        entry = json.loads(line)
        # All of it is in the audit trail.
        assert entry.keys() <= {"level", *audit.FIELDS}
        assert entry.pop("timestamp") == "2026-11-18T11:06:40.000+00:00"
        assert entry.pop("requestId") == "r-1"
        return entry

    return read


# --- what it does


def test_an_active_claim_is_switched_off(iot, told):
    iot.add_response(DESCRIBE, described("ACTIVE"), {"certificateId": CLAIM})
    iot.add_response(UPDATE, {}, {"certificateId": CLAIM, "newStatus": "INACTIVE"})
    assert handler.lambda_handler(EVENT, CONTEXT) is None
    assert told() == {
        "event": "claim-disabled",
        "level": "INFO",
        "outcome": "disabled",
        "from": "ACTIVE",
        "to": "INACTIVE",
        "alarmName": NAME,
        "claimCertificateId": CLAIM,
    }


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED", "PENDING_ACTIVATION"])
def test_what_lets_nobody_in_stays_as_it_is(iot, told, status):
    iot.add_response(DESCRIBE, described(status), {"certificateId": CLAIM})
    handler.lambda_handler(EVENT, CONTEXT)
    assert told() == {
        "event": "claim-disabled",
        "level": "INFO",
        "outcome": "unchanged",
        "from": status,
        "alarmName": NAME,
        "claimCertificateId": CLAIM,
    }


@pytest.mark.parametrize(("length", "kept"), [(255, 255), (256, 255)])
def test_the_longest_name_of_an_alarm_is_told_whole(iot, told, length, kept):
    name = NAME.ljust(length, "x")
    event = changed(name, "alarmData", "alarmName")
    event["alarmArn"] = f"{PREFIX.removesuffix('acme-claim-budget-')}{name}"
    iot.add_client_error(DESCRIBE, "ResourceNotFoundException")
    handler.lambda_handler(event, CONTEXT)
    assert told()["alarmName"] == name[:kept]


def test_a_claim_that_is_gone_is_as_good_as_off(iot, told):
    iot.add_client_error(DESCRIBE, "ResourceNotFoundException")
    handler.lambda_handler(EVENT, CONTEXT)
    line = told()
    assert (line["event"], line["outcome"]) == ("claim-disabled", "absent")
    assert not line.keys() & {"from", "to"}


def test_what_failed_half_way_is_done_by_the_next_attempt(iot, told):
    iot.add_response(DESCRIBE, described("ACTIVE"))
    iot.add_client_error(UPDATE, "ThrottlingException", "secret")
    with pytest.raises(ClientError, match="Throttling"):
        handler.lambda_handler(EVENT, CONTEXT)
    assert told() == {
        "event": "claim-guard-fault",
        "level": "WARN",
        "outcome": "failed",
        "detail": "UpdateCertificate: ThrottlingException",
        "alarmName": NAME,
        "claimCertificateId": CLAIM,
    }
    iot.add_response(DESCRIBE, described("ACTIVE"))
    iot.add_response(UPDATE, {})
    handler.lambda_handler(EVENT, CONTEXT)
    assert told()["outcome"] == "disabled"


def test_a_certificate_that_is_none_of_the_claims_is_out_of_reach(iot, told):
    iot.add_client_error(DESCRIBE, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        handler.lambda_handler(changed({"ClaimCertificateId": "ab" * 32}, *DIMENSIONS), CONTEXT)
    line = told()
    assert line["detail"] == "DescribeCertificate: AccessDeniedException"
    assert line["claimCertificateId"] == "ab" * 32


def test_an_endpoint_that_does_not_answer_is_tried_again(iot, told, monkeypatch):
    def silent(*_):
        raise ReadTimeoutError(endpoint_url="https://iot")

    monkeypatch.setattr(handler.guard, "disable", silent)
    with pytest.raises(BotoCoreError):
        handler.lambda_handler(EVENT, CONTEXT)
    assert told()["detail"] == "ReadTimeoutError"


def test_two_calls_that_nobody_answers_end_before_the_function_does():
    (timeout,) = attempts.timeouts("claim-guard/main.tf")
    assert 2 * attempts.unanswered_seconds(handler.CONFIG) < timeout


def test_three_attempts_are_made(monkeypatch):
    assert handler.CONFIG.retries["mode"] == "standard"
    assert attempts.on_the_wire(handler.CONFIG, monkeypatch) == 3


# --- what it never does: no call of AWS IoT is prepared in any of these, so each would fail


@pytest.mark.parametrize("value", [None, [], "text", 7, {}, {"Records": []}])
def test_what_is_no_alarm_is_refused(iot, told, value):
    with pytest.raises(RefusedError, match="MALFORMED"):
        handler.lambda_handler(value, CONTEXT)
    assert told() == {
        "event": "claim-guard-fault",
        "level": "ERROR",
        "outcome": "refused",
        "reason": "MALFORMED",
    }


@pytest.mark.parametrize(
    "path",
    [
        ("source",),
        ("alarmArn",),
        ("alarmData",),
        ("alarmData", "alarmName"),
        ("alarmData", "state"),
        ("alarmData", "state", "value"),
        ("alarmData", "configuration"),
        ("alarmData", "configuration", "metrics"),
        (*METRIC[:-1],),
        METRIC,
        (*METRIC, "namespace"),
        (*METRIC, "name"),
        DIMENSIONS,
    ],
)
def test_an_alarm_that_lacks_something_is_refused(iot, path):
    with pytest.raises(RefusedError, match="MALFORMED"):
        handler.lambda_handler(changed(GONE, *path), CONTEXT)


@pytest.mark.parametrize("metrics", [[], [{}], EVENT["alarmData"]["configuration"]["metrics"] * 2])
def test_an_expression_over_metrics_is_refused(iot, metrics):
    with pytest.raises(RefusedError, match="MALFORMED"):
        handler.lambda_handler(changed(metrics, "alarmData", "configuration", "metrics"), CONTEXT)


@pytest.mark.parametrize(
    "arn",
    [
        None,
        7,
        [PREFIX],
        "",
        PREFIX,
        f"{PREFIX}factory/line-2",
        PREFIX.replace("123456789012", "210987654321") + "factory/line-1",
        PREFIX.replace("eu-central-1", "us-east-1") + "factory/line-1",
        PREFIX.replace("acme", "evil") + "factory/line-1",
        f"x{PREFIX}factory/line-1",
        f"{PREFIX}factory/line-1\n",
    ],
)
def test_an_alarm_that_is_none_of_ours_is_refused(iot, told, arn):
    with pytest.raises(RefusedError, match="UNKNOWN_ALARM"):
        handler.lambda_handler(changed(arn, "alarmArn"), CONTEXT)
    assert "alarmName" not in told()


@pytest.mark.parametrize(
    "name",
    [
        None,
        7,
        "factory/line-1",
        "acme-claim-budget-",
        "acme-denials",
        KEY_HEADER,
    ],
)
def test_a_name_that_is_no_budget_alarms_is_refused(iot, told, name):
    event = changed(name, "alarmData", "alarmName")
    event["alarmArn"] = f"{PREFIX.removesuffix('acme-claim-budget-')}{name}"
    with pytest.raises(RefusedError, match="UNKNOWN_ALARM"):
        handler.lambda_handler(event, CONTEXT)
    assert told() == {
        "event": "claim-guard-fault",
        "level": "ERROR",
        "outcome": "refused",
        "reason": "UNKNOWN_ALARM",
    }


def test_another_source_is_refused(iot):
    with pytest.raises(RefusedError, match="UNKNOWN_ALARM"):
        handler.lambda_handler(changed("aws.events", "source"), CONTEXT)


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA", "alarm", "", None, ["ALARM"]])
def test_an_alarm_that_is_not_in_alarm_is_refused(iot, told, state):
    with pytest.raises(RefusedError, match="NOT_IN_ALARM"):
        handler.lambda_handler(changed(state, "alarmData", "state", "value"), CONTEXT)
    line = told()
    assert (line["reason"], line["alarmName"]) == ("NOT_IN_ALARM", NAME)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("AWS/Lambda", (*METRIC, "namespace")),
        ("RegisterThingFailed", (*METRIC, "name")),
        (["AWS/IoT"], (*METRIC, "namespace")),
        ({}, DIMENSIONS),
        ({"TemplateName": CLAIM}, DIMENSIONS),
        ({"ClaimCertificateId": CLAIM, "TemplateName": "t"}, DIMENSIONS),
        ([{"name": "ClaimCertificateId", "value": CLAIM}], DIMENSIONS),
        (CLAIM, DIMENSIONS),
        (None, DIMENSIONS),
    ],
)
def test_another_metric_is_refused(iot, told, value, path):
    with pytest.raises(RefusedError, match="OTHER_METRIC"):
        handler.lambda_handler(changed(value, *path), CONTEXT)
    line = told()
    assert (line["reason"], line["alarmName"]) == ("OTHER_METRIC", NAME)


@pytest.mark.parametrize(
    "claim",
    [
        None,
        7,
        "",
        "*",
        CLAIM[:-1],
        CLAIM.upper(),
        f"{CLAIM}\n",
        f"{CLAIM}/../{CLAIM}",
        [CLAIM],
        {"ClaimCertificateId": CLAIM},
        "arn:aws:iot:eu-central-1:123456789012:cert/" + CLAIM,
    ],
)
def test_what_is_no_certificate_id_is_refused(iot, told, claim):
    event = changed({"ClaimCertificateId": claim}, *DIMENSIONS)
    with pytest.raises(RefusedError, match="INVALID_CLAIM"):
        handler.lambda_handler(event, CONTEXT)
    line = told()
    assert (line["reason"], line["alarmName"]) == ("INVALID_CLAIM", NAME)
    assert "claimCertificateId" not in line


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["ALARM", CLAIM, NAME]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    (),
    ("alarmArn",),
    ("alarmData",),
    ("alarmData", "alarmName"),
    ("alarmData", "state"),
    ("alarmData", "state", "value"),
    ("alarmData", "configuration", "metrics"),
    METRIC,
    DIMENSIONS,
    (*DIMENSIONS, "ClaimCertificateId"),
]


@given(JSON, st.sampled_from(PLACES))
def test_whatever_is_put_into_an_event_it_is_refused_or_the_same_alarm(value, path):
    event = changed(value, *path) if path else value
    with contextlib.suppress(RefusedError):
        assert alarm.read(event, PREFIX) == alarm.read(EVENT, PREFIX)


# --- settings


def test_the_prefix_is_one_stacks_budget_alarms():
    assert settings.alarm_arn_prefix({"ALARM_ARN_PREFIX": PREFIX}) == PREFIX


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "arn:",
        PREFIX.removesuffix("claim-budget-"),
        PREFIX + "factory",
        f"{PREFIX}\n",
        "*" + PREFIX,
    ],
)
def test_a_prefix_that_lets_in_other_alarms_lets_in_none(iot, told, monkeypatch, value):
    monkeypatch.delenv("ALARM_ARN_PREFIX")
    if value is not None:
        monkeypatch.setenv("ALARM_ARN_PREFIX", value)
    with pytest.raises(MisconfiguredError, match="ALARM_ARN_PREFIX"):
        handler.lambda_handler(EVENT, CONTEXT)
    assert told() == {
        "event": "claim-guard-fault",
        "level": "ERROR",
        "outcome": "failed",
        "reason": "MISCONFIGURED",
        "detail": "ALARM_ARN_PREFIX",
    }
