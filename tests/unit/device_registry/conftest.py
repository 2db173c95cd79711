"""A registry table in this process, which evaluates condition expressions."""

import boto3
import pytest
from moto import mock_aws


@pytest.fixture(scope="module")
def registry(monkeypatch_module):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch_module.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="registry",
            AttributeDefinitions=[{"AttributeName": "serialNumber", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "serialNumber", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch
