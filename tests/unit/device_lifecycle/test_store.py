"""The table's own answers: reads, conditions, and the queries on the indexes."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from device_lifecycle.store import Store
from device_registry.confirmation import confirmation_update
from device_registry.record import STATUS_SHARDS, MalformedRecordError, Status, to_item
from device_registry.transitions import Change
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE, record

INDEXES = {
    "by-certificate": {"certificateId": "HASH"},
    "by-status": {"statusShard": "HASH", "statusChangedAt": "RANGE"},
}
TYPES = {"serialNumber": "S", "certificateId": "S", "statusShard": "S", "statusChangedAt": "N"}


def key_schema(keys):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()]


@pytest.fixture
def client(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="registry",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind} for name, kind in TYPES.items()
            ],
            KeySchema=key_schema({"serialNumber": "HASH"}),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": key_schema(keys),
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index, keys in INDEXES.items()
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def put(client, *records):
    for each in records:
        client.put_item(TableName="registry", Item=to_item(each))


def test_one_record(client):
    store = Store(client, "registry")
    assert store.get("SN-0001") is None
    put(client, record())
    assert store.get("SN-0001") == record()
    client.put_item(TableName="registry", Item={**to_item(record()), "status": {"S": "?"}})
    with pytest.raises(MalformedRecordError):
        store.get("SN-0001")


def test_a_record_is_read_as_it_is_now(client):
    asked = []
    client.meta.events.register(
        "provide-client-params.dynamodb.GetItem", lambda params, **_: asked.append(dict(params))
    )
    Store(client, "registry").get("SN-0001")
    assert [request["ConsistentRead"] for request in asked] == [True]


def test_a_condition_that_is_not_met_is_an_answer_and_a_refusal_is_none(client):
    store, before = Store(client, "registry"), record(status=Status.PROVISIONING)
    put(client, before)
    update = confirmation_update(before, Change(by="b", reason="r", at=NOW))
    assert store.update(update) is True
    assert store.update(update) is False
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Store(client, "another").update(update)


def test_who_holds_a_certificate(client):
    put(client, record(certificate_id=CERTIFICATE))
    store = Store(client, "registry")
    assert store.is_held(CERTIFICATE) is True
    assert store.is_held(OTHER_CERTIFICATE) is False


def test_all_in_a_status_since_a_time(client):
    serials = {f"SN-{number}" for number in range(40)}
    for serial in serials:
        put(client, record(serial_number=serial, status_changed_at=NOW))
    put(client, record(serial_number="OLD"), record(serial_number="R", status=Status.REVOKED))
    store = Store(client, "registry")

    def found(status, **since):
        return [
            item["serialNumber"]["S"]
            for shard in range(STATUS_SHARDS)
            for item in store.in_status(status, shard, **since)
        ]

    assert sorted(found(Status.ENROLLED)) == sorted({*serials, "OLD"})
    assert set(found(Status.ENROLLED, since=NOW)) == serials
    assert found(Status.ENROLLED, since=NOW + 1) == []
    assert found(Status.REVOKED) == ["R"]
