"""The trail: known fields only, at least once, and nothing that a device should keep."""

import base64
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError

from device_lifecycle import audit
from device_lifecycle.audit import Entry, MalformedEventError
from device_lifecycle.errors import RetryError
from device_lifecycle.settings import Archive, Audit
from tests.unit.device_lifecycle.fakes import clients, event

GROUP = "/iot-provisioning/acme/audit"
CONFIG = Audit(log_group=GROUP, archive=None)
ARCHIVED = Audit(log_group=GROUP, archive=Archive(bucket="acme-audit", owner="123456789012"))
DAY = "2026/09/21"


def packed(delivered):
    data = base64.b64encode(gzip.compress(json.dumps(delivered).encode())).decode()
    return {"awslogs": {"data": data}}


def subscription(*messages, **changes):
    told = event("log_subscription")
    if messages:
        told["logEvents"] = [
            {"id": str(n), "timestamp": 1_790_000_000_000 + n, "message": message}
            for n, message in enumerate(messages)
        ]
    return packed({**told, **changes})


def run(world, told, config=CONFIG):
    made = clients(world.aws, world.table)
    return audit.run(told, config, made.logs(), made.s3())


def kept(world, day=DAY):
    return [json.loads(each["message"]) for each in world.aws.streams[GROUP, day]]


@pytest.mark.failure_mode("B16")
def test_decisions_are_kept_in_the_order_of_their_time(world):
    assert run(world, subscription()) == 2
    first, second = kept(world)
    assert first == {
        "timestamp": "2026-09-21T14:13:20.000+00:00",
        "event": "provisioning-decision",
        "outcome": "allowed",
        "reason": "FIRST_CLAIM",
        "detail": "(left out)",
        "serialNumber": "SN-0001",
        "requestId": "request-0",
        "source": "/aws/lambda/acme-provisioning-hook",
        "id": "38753213000000000000000000000000000000000000000000000000",
    }
    assert (second["reason"], second["clientId"]) == ("UNKNOWN_SERIAL", "acme-default-SN-0002")
    assert [e["timestamp"] for e in world.aws.streams[GROUP, DAY]] == [
        1_790_000_000_000,
        1_790_000_000_250,
    ]


def test_no_pem_and_no_token_passes(world):
    run(world, subscription(), ARCHIVED)
    everything = json.dumps([kept(world), *(str(o["Body"]) for o in world.aws.objects.values())])
    assert "BEGIN" not in everything
    assert "secret" not in everything


def test_fields_that_are_no_strings_are_left_out_and_long_ones_cut(world):
    run(world, subscription(json.dumps({"event": "x", "by": 7, "reason": "r" * 600})))
    (entry,) = kept(world)
    assert "by" not in entry
    assert entry["reason"] == "r" * 512


def test_what_is_no_entry_is_passed_over(world):
    assert run(world, subscription("START RequestId", '"text"', '{"event": "e"}')) == 1
    assert run(world, subscription(logEvents=[])) == 0
    assert run(world, subscription(messageType="CONTROL_MESSAGE")) == 0


def test_entries_go_to_the_stream_of_their_day(world):
    told = subscription(
        logEvents=[
            {"id": "a", "timestamp": 1_790_000_000_000, "message": "{}"},
            {"id": "b", "timestamp": 1_790_086_400_000, "message": "{}"},
        ]
    )
    assert run(world, told) == 2
    assert [e["id"] for e in kept(world)] == ["a"]
    assert [e["id"] for e in kept(world, "2026/09/22")] == ["b"]


@pytest.mark.parametrize(("number", "length"), [(3_000, 400), (10_001, 1)])
def test_more_than_one_call_takes_is_kept_in_several(world, number, length):
    message = json.dumps({"event": "state-change", "reason": "x" * length})
    assert run(world, subscription(*[message] * number)) == number
    assert [each["id"] for each in kept(world)] == [str(n) for n in range(number)]


def test_a_call_is_filled_to_its_last_byte():
    # Two of them are what one call takes, with 26 bytes for each.
    entry = Entry(at=0, fields={"id": "x" * (524_288 - 26 - len('{"id": ""}'))})
    assert [len(part) for part in audit._parts([entry] * 4)] == [2, 2]


def test_the_day_is_the_same_wherever_the_function_runs(world, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Etc/GMT-14")
        time.tzset()
        run(world, subscription())
    time.tzset()
    assert len(kept(world)) == 2


def test_a_stream_that_another_run_makes_meanwhile(world):
    def made(operation, _):
        if operation == "CreateLogStream":
            world.aws.streams.setdefault((GROUP, DAY), [])

    world.aws.before = made
    assert run(world, subscription()) == 2
    run(world, subscription())
    assert len(kept(world)) == 4
    assert world.aws.calls.count("CreateLogStream") == 1


@pytest.mark.parametrize("operation", ["PutLogEvents", "CreateLogStream", "PutObject"])
def test_a_refusal_is_an_error(world, operation):
    world.aws.answers[operation] = "ThrottlingException"
    with pytest.raises(ClientError):
        run(world, subscription(), ARCHIVED)


def test_entries_that_are_rejected_are_an_error(world):
    world.aws.rejected = {"tooOldLogEventEndIndex": 1}
    wrong = "entries outside the time that CloudWatch Logs accepts"
    with pytest.raises(RetryError, match=f"^{wrong}$"):
        run(world, subscription())


def test_the_archive_has_one_object_however_often_it_is_told(world):
    for _ in range(2):
        run(world, subscription(), ARCHIVED)
    ((key, stored),) = world.aws.objects.items()
    assert key.startswith(f"audit/{DAY}/")
    assert key.endswith(".jsonl")
    lines = [json.loads(line) for line in stored["Body"].decode().splitlines()]
    assert lines == kept(world)[:2]
    assert stored["ContentType"] == "application/jsonl"
    assert stored["Bucket"] == "acme-audit"
    assert stored["ChecksumAlgorithm"] == "SHA256"
    assert stored["ExpectedBucketOwner"] == "123456789012"
    run(world, subscription("{}"), ARCHIVED)
    assert len(world.aws.objects) == 2


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"awslogs": {"data": "%"}},
        {"awslogs": {"data": "%" + subscription()["awslogs"]["data"]}},
        {"awslogs": {"data": base64.b64encode(b"no gzip").decode()}},
        {"awslogs": {"data": base64.b64encode(gzip.compress(b"no JSON")).decode()}},
        {"awslogs": {"data": base64.b64encode(gzip.compress(b"{}")[:-9]).decode()}},
        packed([]),
        packed({}),
        packed({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{}]}),
    ],
)
def test_what_is_no_event(told):
    with pytest.raises(MalformedEventError, match=r"^awslogs$"):
        audit.entries(told)
