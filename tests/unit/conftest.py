"""A registry table in this process, which evaluates condition expressions."""

import boto3
import pytest
from moto import mock_aws

from device_registry.dynamodb import ConditionFailedError


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


class Connection:
    """``DynamoDB`` as the hook uses it, on the table in this process; counts the requests."""

    def __init__(self, client):
        self._client = client
        self.requests = 0

    def update_item(self, arguments, _deadline):
        self.requests += 1
        try:
            return self._client.update_item(**arguments).get("Attributes")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError(error.response.get("Item")) from None


@pytest.fixture
def connection(registry):
    return Connection(registry)
