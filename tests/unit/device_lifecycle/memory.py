"""The registry table without a network: moto's engine evaluates the expressions, none of its HTTP.

As fast as sequences of many writes need it, and as strict as a real client, which checks what it is
given. What DynamoDB makes of the queries on the indexes is
left to test_store.py, which asks moto through a real client.
"""

from functools import cache
from types import SimpleNamespace

from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend

from tests.unit.aws_in_memory import client_of


class ConditionalCheckFailedException(ClientError):
    def __init__(self):
        answer = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "as told"}}
        super().__init__(answer, "UpdateItem")


@cache
def shape_of(operation):
    return client_of("dynamodb").meta.service_model.operation_model(operation).input_shape


def check(operation, **arguments):
    report = ParamValidator().validate(arguments, shape_of(operation))
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


class Memory:
    """A DynamoDB client for one table, as far as it is used here."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionalCheckFailedException)

    def __init__(self):
        self._backend = DynamoDBBackend("us-east-1", "123456789012")
        self._items = {}
        self._backend.create_table(
            "registry",
            schema=[{"AttributeName": "serialNumber", "KeyType": "HASH"}],
            throughput=None,
            attr=[{"AttributeName": "serialNumber", "AttributeType": "S"}],
            global_indexes=None,
            indexes=None,
            streams=None,
            billing_mode="PAY_PER_REQUEST",
            sse_specification=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )

    def _read(self, key):
        found = self._backend.get_item("registry", key)
        serial = key["serialNumber"]["S"]
        self._items.pop(serial, None)
        if found is not None:
            self._items[serial] = found.to_json()["Attributes"]
        return self._items.get(serial)

    def get_item(self, *, TableName, Key, ConsistentRead=False):  # noqa: N803
        assert TableName == "registry"
        check("GetItem", TableName=TableName, Key=Key)
        item = self._read(Key)
        return {"Item": dict(item)} if item is not None else {}

    def put_item(self, *, TableName, Item):  # noqa: N803
        self._backend.put_item(TableName, Item, overwrite=True)
        self._read({"serialNumber": Item["serialNumber"]})

    def delete_item(self, *, TableName, Key):  # noqa: N803
        self._backend.delete_item(TableName, Key)
        self._read(Key)

    def update_item(self, *, TableName, Key, UpdateExpression, **more):  # noqa: N803
        given = {"TableName": TableName, "Key": Key, "UpdateExpression": UpdateExpression, **more}
        check("UpdateItem", **given)
        try:
            self._backend.update_item(
                TableName,
                Key,
                UpdateExpression,
                more.get("ExpressionAttributeNames", {}),
                more["ExpressionAttributeValues"],
                condition_expression=more["ConditionExpression"],
            )
        except ConditionalCheckFailed:
            raise ConditionalCheckFailedException from None
        self._read(Key)

    def query(self, *, TableName, IndexName, ExpressionAttributeValues, **more):  # noqa: N803
        assert TableName == "registry"
        values = ExpressionAttributeValues
        if IndexName == "by-certificate":
            found = self._having("certificateId", values[":certificateId"])
        else:
            since = int(values[":since"]["N"])
            found = [
                item
                for item in self._having("statusShard", values[":shard"])
                if int(item["statusChangedAt"]["N"]) >= since
            ]
        return {"Items": found}

    def _having(self, attribute, value):
        return [dict(item) for item in self._items.values() if item.get(attribute) == value]

    def get_paginator(self, operation):
        def paginate(**arguments):
            items = getattr(self, operation)(**arguments)["Items"]
            return [{"Items": items[:2]}, {"Items": items[2:]}]

        return SimpleNamespace(paginate=paginate)
