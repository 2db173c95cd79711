"""A registry table with its indexes in this process, and an AWS account in memory."""

import boto3
import pytest
from moto import mock_aws

from tests.unit.device_lifecycle.fakes import World

INDEXES = {
    "by-certificate": ("certificateId", None),
    "by-status": ("statusShard", "statusChangedAt"),
}


@pytest.fixture(scope="module")
def indexed_table(monkeypatch_module):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch_module.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="registry",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind}
                for name, kind in {
                    "serialNumber": "S",
                    "certificateId": "S",
                    "statusShard": "S",
                    "statusChangedAt": "N",
                }.items()
            ],
            KeySchema=[{"AttributeName": "serialNumber", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": name, "KeyType": kind}
                        for name, kind in zip(keys, ("HASH", "RANGE"), strict=True)
                        if name
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index, keys in INDEXES.items()
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture
def table(indexed_table):
    """The table, empty."""
    for item in indexed_table.scan(TableName="registry")["Items"]:
        key = {"serialNumber": item["serialNumber"]}
        indexed_table.delete_item(TableName="registry", Key=key)
    return indexed_table


@pytest.fixture
def world(table):
    return World(table)
