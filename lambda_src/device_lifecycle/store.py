"""The registry table: consistent reads, conditional writes, and two of its indexes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_lifecycle import errors
from device_registry.aws_errors import error_code
from device_registry.record import (
    DeviceRecord,
    Item,
    Status,
    from_item,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BY_CERTIFICATE = "by-certificate"
BY_STATUS = "by-status"


class Store:
    """The registry table.

    Args:
        client: of DynamoDB.
        table_name: the table.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def get(self, serial_number: str) -> DeviceRecord | None:
        """Return a device's record as it is now; None where there is none.

        Raises:
            MalformedRecordError: somebody damaged it.
            ClientError, BotoCoreError: DynamoDB refused.
        """
        answer = self._client.get_item(
            TableName=self._table_name,
            Key={"serialNumber": {"S": serial_number}},
            ConsistentRead=True,
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def update(self, arguments: dict[str, Any]) -> bool:
        """Run a conditional UpdateItem, and tell whether the condition was met.

        Raises:
            ClientError, BotoCoreError: DynamoDB refused, for another reason.
        """
        try:
            self._client.update_item(TableName=self._table_name, **arguments)
        except ClientError as error:
            if error_code(error) == errors.CONDITION_FAILED:
                return False
            raise
        return True

    def is_held(self, certificate_id: str) -> bool:
        """Tell whether a certificate holds some device's claim.

        Raises:
            ClientError, BotoCoreError: DynamoDB refused.
        """
        answer = self._client.query(
            TableName=self._table_name,
            IndexName=BY_CERTIFICATE,
            KeyConditionExpression="certificateId = :certificateId",
            ExpressionAttributeValues={":certificateId": {"S": certificate_id}},
            Limit=1,
        )
        return bool(answer["Items"])

    def in_status(self, status: Status, shard: int, *, since: int = 0) -> Iterator[Item]:
        """Yield the items that reached a status, as the index knows them, page by page.

        Args:
            status: which.
            shard: which of the index's partitions for it, from 0 to ``STATUS_SHARDS`` - 1.
            since: leaves out those that reached it before, in seconds since 1970.

        Raises:
            ClientError, BotoCoreError: DynamoDB refused.
        """
        pages = self._client.get_paginator("query")
        for page in pages.paginate(
            TableName=self._table_name,
            IndexName=BY_STATUS,
            KeyConditionExpression="statusShard = :shard AND statusChangedAt >= :since",
            ExpressionAttributeValues={
                ":shard": {"S": f"{status}#{shard:02d}"},
                ":since": {"N": str(since)},
            },
        ):
            yield from page["Items"]
