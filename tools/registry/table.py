"""The registry table as the tools see it: reads and conditional writes, one device or many.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/programming-with-dynamodb.html
and https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html.
"""

import heapq
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_registry.aws_errors import NOT_FOUND
from device_registry.record import STATUS_SHARDS, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The most that one BatchGetItem and one BatchExecuteStatement take.
READ_BATCH = 100
INSERT_BATCH = 25

_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
_ROUNDS_WITHOUT_PROGRESS = 10
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
_EXISTS = "DuplicateItem"
_TRY_AGAIN = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)

# What ends a run: one statement more would meet it again.
_RUN_ENDING = {
    "AccessDenied": "AccessDeniedException",
    "ResourceNotFound": NOT_FOUND,
}

StoredItem = Mapping[str, Any]


class ThrottledError(Exception):
    """DynamoDB left work undone, round after round."""


class ConditionFailedError(Exception):
    """The record is not as it was read. ``item`` is what is stored now, None for nothing."""

    def __init__(self, item: StoredItem | None) -> None:
        super().__init__("the record is not as it was read")
        self.item = item


@dataclass(frozen=True)
class InsertRefused:
    """DynamoDB refused one item: its code and its words."""

    code: str
    message: str


class Pause:
    """Waits longer from round to round as long as nothing moves, then gives up.

    Args:
        sleep: waits for a number of seconds.
    """

    def __init__(self, sleep: Any = time.sleep) -> None:
        self._sleep = sleep
        self._rounds = 0

    def after(self, *, progress: bool) -> None:
        """Wait before the next round.

        Raises:
            ThrottledError: too many rounds brought nothing.
        """
        self._rounds = 0 if progress else self._rounds + 1
        if self._rounds > _ROUNDS_WITHOUT_PROGRESS:
            raise ThrottledError
        longest = min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2**self._rounds)
        self._sleep(random.uniform(0, longest))  # noqa: S311 - spreads retries, keeps no secret


class RegistryTable:
    """One registry table. Errors of botocore's pass through, if not said otherwise.

    Args:
        client: a DynamoDB client that may be used from several threads.
        name: the table's name.
    """

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self.name = name

    def get(self, serial_number: str) -> StoredItem | None:
        """Return the item of a serial number, read consistently."""
        answer = self._client.get_item(
            TableName=self.name,
            Key={"serialNumber": {"S": serial_number}},
            ConsistentRead=True,
        )
        return answer.get("Item")

    def get_many(self, serial_numbers: Iterable[str]) -> dict[str, StoredItem]:
        """Return the items that exist, by serial number, read consistently.

        A consistent read costs twice the units of the other kind, and a row that was written a
        moment ago is then never written again.

        Args:
            serial_numbers: at most ``READ_BATCH`` different ones.

        Raises:
            ThrottledError: DynamoDB kept leaving keys unprocessed.
        """
        wanted: Any = [{"serialNumber": {"S": serial}} for serial in serial_numbers]
        found: dict[str, StoredItem] = {}
        pause = Pause()
        while wanted:
            answer = self._client.batch_get_item(
                RequestItems={self.name: {"Keys": wanted, "ConsistentRead": True}}
            )
            items = answer["Responses"].get(self.name, [])
            found |= {item["serialNumber"]["S"]: item for item in items}
            wanted = _keys(answer.get("UnprocessedKeys", {}).get(self.name))
            if wanted:
                pause.after(progress=bool(items))
        return found

    def insert_many(self, items: Sequence[StoredItem]) -> list[InsertRefused | bool]:
        """Write items that do not exist yet: True for written, False for one that exists.

        A PartiQL INSERT fails where the key exists, so each is a conditional write; 25 of them
        share a round trip and each still succeeds or fails alone.

        Raises:
            ThrottledError: DynamoDB kept throttling.
            ClientError: DynamoDB refused all, or one for a reason that holds for all.
        """
        results: dict[int, InsertRefused | bool] = {}
        waiting = list(range(len(items)))
        pause = Pause()
        while waiting:
            again: list[int] = []
            for start in range(0, len(waiting), INSERT_BATCH):
                chunk = waiting[start : start + INSERT_BATCH]
                for index, result in zip(
                    chunk, self._insert([items[i] for i in chunk]), strict=True
                ):
                    if isinstance(result, InsertRefused) and result.code in _TRY_AGAIN:
                        again.append(index)
                    else:
                        results[index] = result
            if again:
                pause.after(progress=len(again) < len(waiting))
            waiting = again
        return [results[index] for index in range(len(items))]

    def _insert(self, items: Sequence[StoredItem]) -> list[InsertRefused | bool]:
        answer = self._client.batch_execute_statement(
            Statements=[
                {
                    "Statement": f'INSERT INTO "{self.name}" VALUE {{'
                    + ", ".join(f"'{attribute}': ?" for attribute in item)
                    + "}",
                    "Parameters": list(item.values()),
                }
                for item in items
            ]
        )
        return [_inserted(response.get("Error")) for response in answer["Responses"]]

    def update(self, arguments: Mapping[str, Any]) -> StoredItem:
        """Run a conditional UpdateItem and return the attributes that the request asks for.

        Args:
            arguments: the request, without the table; its ReturnValues say what comes back.

        Raises:
            ConditionFailedError: the condition was not met.
        """
        request: dict[str, Any] = {
            **arguments,
            "TableName": self.name,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            return self._client.update_item(**request).get("Attributes", {})
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item")
            raise ConditionFailedError(item or None) from error

    def delete(self, serial_number: str, status: Status) -> None:
        """Delete a record that is in this status; one that is gone is as good.

        Raises:
            ConditionFailedError: it is in another status by now.
        """
        try:
            self._client.delete_item(
                TableName=self.name,
                Key={"serialNumber": {"S": serial_number}},
                ConditionExpression="attribute_not_exists(serialNumber) OR #status = :status",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":status": {"S": status.value}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError(None) from error

    def by_status(self, statuses: Iterable[Status]) -> Iterator[StoredItem]:
        """Yield the records of these statuses, newest change first, read as they are asked for.

        Each status is spread over 16 partitions of the index; their pages are merged.
        """
        shards = [
            self._query("by-status", "statusShard = :key", f"{status}#{shard:02d}", ())
            for status in statuses
            for shard in range(STATUS_SHARDS)
        ]
        yield from heapq.merge(
            *shards, key=lambda item: Decimal(item["statusChangedAt"]["N"]), reverse=True
        )

    def by_certificate(
        self, certificate_id: str, statuses: Sequence[Status] = ()
    ) -> Iterator[StoredItem]:
        """Yield the records whose present claim this device certificate holds."""
        return self._query("by-certificate", "certificateId = :key", certificate_id, statuses)

    def by_claim_certificate(
        self, certificate_id: str, statuses: Sequence[Status] = (), *, since: int | None = None
    ) -> Iterator[StoredItem]:
        """Yield the records whose present claim this claim certificate brought, newest first.

        Args:
            certificate_id: the claim certificate, or the CA.
            statuses: only records in one of these; none for all.
            since: only claims of this moment or later, in seconds since 1970.
        """
        condition = "claimCertificateId = :key"
        values: dict[str, Any] = {}
        if since is not None:
            condition += " AND claimedAt >= :since"
            values[":since"] = {"N": str(since)}
        return self._query("by-claim-certificate", condition, certificate_id, statuses, values)

    def _query(
        self,
        index: str,
        condition: str,
        key: str,
        statuses: Sequence[Status],
        more_values: Mapping[str, Any] | None = None,
    ) -> Iterator[StoredItem]:
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {":key": {"S": key}, **(more_values or {})},
            "ScanIndexForward": False,
        }
        if statuses:
            values = {f":s{n}": {"S": status.value} for n, status in enumerate(statuses)}
            arguments["FilterExpression"] = f"#status IN ({', '.join(values)})"
            arguments["ExpressionAttributeNames"] = {"#status": "status"}
            arguments["ExpressionAttributeValues"] |= values
        for page in self._client.get_paginator("query").paginate(**arguments):
            yield from page["Items"]

    def ever_claimed(self) -> Iterator[StoredItem]:
        """Yield every record that a certificate ever held, by reading the whole table once."""
        return self._scan(
            FilterExpression="attribute_exists(certificateIds) OR attribute_exists(certificateId)"
        )

    def by_batch(self, batch: str) -> Iterator[StoredItem]:
        """Yield every record of a batch, by reading the whole table once."""
        return self._scan(
            FilterExpression="#batch = :batch",
            ExpressionAttributeNames={"#batch": "batch"},
            ExpressionAttributeValues={":batch": {"S": batch}},
        )

    def every(self) -> Iterator[StoredItem]:
        """Yield every record, by reading the whole table once."""
        return self._scan()

    def _scan(self, **filters: Any) -> Iterator[StoredItem]:
        for page in self._client.get_paginator("scan").paginate(TableName=self.name, **filters):
            yield from page["Items"]

    def arn(self) -> str:
        """Return the table's ARN, which names its account and Region."""
        return self._client.describe_table(TableName=self.name)["Table"]["TableArn"]

    def exists(self) -> bool:
        """Tell whether there is such a table in this account and Region."""
        try:
            self._client.describe_table(TableName=self.name)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def deletion_protection(self) -> bool:
        """Tell whether DynamoDB refuses to delete the table."""
        table = self._client.describe_table(TableName=self.name)["Table"]
        return table.get("DeletionProtectionEnabled", False)


class NoTable(RegistryTable):
    """A registry whose table was deleted: no device has a record."""

    def get(self, serial_number: str) -> StoredItem | None:  # noqa: ARG002
        """Return nothing."""
        return None

    def delete(self, serial_number: str, status: Status) -> None:
        """Do nothing: what is gone is deleted."""

    def ever_claimed(self) -> Iterator[StoredItem]:
        """Yield nothing."""
        return iter(())

    def deletion_protection(self) -> bool:
        """Say that nothing keeps the table from being deleted."""
        return False


def _keys(unprocessed: Any) -> Any:
    return unprocessed["Keys"] if unprocessed else []


def _inserted(error: Any) -> InsertRefused | bool:
    if error is None:
        return True
    if error["Code"] == _EXISTS:
        return False
    if error["Code"] in _RUN_ENDING:
        answer: Any = {"Error": {**error, "Code": _RUN_ENDING[error["Code"]]}}
        raise ClientError(answer, "PartiQLInsert")
    return InsertRefused(error["Code"], error.get("Message", ""))
