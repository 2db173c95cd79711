"""Replication between the replicas of a global table that can be slow, or interrupted.

The embedded engine writes to each replica at once, whatever was written there meanwhile. DynamoDB
replicates asynchronously, and of two writes to one item the later one stays in every replica; the
earlier one is dropped where it arrives last, and no stream tells of it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html

A replica's tags say how its replication behaves:

- `test:replication-seconds`: how long its writes take to arrive, and others' to arrive here; of two
  replicas' figures the longer one counts. Without it a write arrives at once.
- `test:replication` with the value `held`: nothing goes out or comes in. When the tag is gone,
  what has waited is exchanged.

A write has the time at which its own replica took it, and no two writes have the same. Items that
were there before a table had replicas are older than any.

The engine also forgets the key that a replica is to be encrypted with; here DescribeTable in the
replica's Region names it.

It runs in the engine's own environment and imports nothing of the project.
"""

import asyncio
import contextlib
import copy
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

SECONDS, STATE, HELD = "test:replication-seconds", "test:replication", "held"
# In a table's own record, so that a new replica starts with the items' times too.
TIMES = "_times_of_writes"
NO_SORT_KEY = "__no_sort__"


@dataclass(frozen=True)
class Write:
    """A write on its way to one replica.

    Attributes:
        account: Of both replicas.
        table: The name of both.
        origin: The Region that took the write.
        target: The Region that it goes to.
        key: Of the item, as the engine keeps it.
        item: None if it was deleted.
        at: When the origin took it, in a count that never stands still.
    """

    account: str
    table: str
    origin: str
    target: str
    key: tuple[Any, Any]
    item: dict[str, Any] | None
    at: int


class Replication:
    """What the replicas of all global tables tell each other. Lives on the engine's event loop.

    Args:
        tables: The engine's module for DynamoDB.
    """

    def __init__(self, tables: Any) -> None:
        self._tables = tables
        self._now = 0
        self._waiting: list[Write] = []

    def send(self, table: dict[str, Any], _: str, old: Any, new: Any) -> None:
        """Note when a replica took a write, and send the write to the others."""
        engine, name = self._tables, table["TableName"]
        regions = engine._replica_group(table)
        if not regions:
            return
        account, origin = engine.get_account_id(), engine.get_region()
        self._now = max(self._now + 1, time.time_ns())
        key = self._key(table, old if new is None else new)
        table.setdefault(TIMES, {})[key] = self._now
        for target in regions:
            if target == origin:
                continue
            write = Write(account, name, origin, target, key, copy.deepcopy(new), self._now)
            seconds = max(self._seconds(write, region) for region in (origin, target))
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self.arrive, write)
            else:
                self.arrive(write)

    def arrive(self, write: Write) -> None:
        """Apply a write, or let it wait for as long as either side is held."""
        if any(self._is_held(write, region) for region in (write.origin, write.target)):
            self._waiting.append(write)
            return
        with self._tables.request_scope(write.account, write.target):
            self._apply(write)

    def release(self) -> None:
        """Let go on what no longer has to wait."""
        waiting, self._waiting = self._waiting, []
        for write in waiting:
            self.arrive(write)

    def _apply(self, write: Write) -> None:
        engine = self._tables
        replica = engine._tables.get(write.table)
        # It may have been deleted, or have left the others, meanwhile.
        if replica is None or write.origin not in engine._replica_group(replica):
            return
        times = replica.setdefault(TIMES, {})
        if times.get(write.key, 0) > write.at:
            return
        times[write.key] = write.at
        partition, sort = write.key
        before = replica["items"].get(partition, {}).get(sort)
        if write.item is not None:
            after = copy.deepcopy(write.item)
            engine._set_item(replica, partition, sort, after)
            event = "INSERT" if before is None else "MODIFY"
            engine._emit_stream_event(write.table, event, before, after, replicate=False)
        elif before is not None:
            engine._remove_item(replica, partition, sort)
            engine._emit_stream_event(write.table, "REMOVE", before, None, replicate=False)

    def _key(self, table: dict[str, Any], item: dict[str, Any]) -> tuple[Any, Any]:
        value = self._tables._extract_key_val
        sort = value(item.get(table["sk_name"])) if table["sk_name"] else NO_SORT_KEY
        return value(item.get(table["pk_name"])), sort

    def _tag(self, write: Write, region: str, key: str) -> str:
        table = self._tables._tables.get_scoped(write.account, region, write.table) or {}
        arn = table.get("TableArn", "")
        tags = self._tables._tags.get_scoped(write.account, region, arn) or []
        return {tag["Key"]: tag["Value"] for tag in tags}.get(key, "")

    def _seconds(self, write: Write, region: str) -> float:
        with contextlib.suppress(ValueError):
            return float(self._tag(write, region, SECONDS))
        return 0.0

    def _is_held(self, write: Write, region: str) -> bool:
        return self._tag(write, region, STATE) == HELD


def mend(tables: Any) -> None:
    """Do all of the above to the engine's module for DynamoDB."""
    replication = Replication(tables)
    tables._replicate_write = replication.send
    tables._tag_resource = _releasing(tables._tag_resource, replication)
    tables._untag_resource = _releasing(tables._untag_resource, replication)
    _keep_keys_of_replicas(tables)


def _releasing(change: Any, replication: Replication) -> Any:
    def change_and_release(data):
        answer = change(data)
        if answer[0] == HTTPStatus.OK:
            replication.release()
        return answer

    return change_and_release


def _keep_keys_of_replicas(tables: Any) -> None:
    update = tables._apply_replica_updates

    def update_with_keys(name, table, updates):
        error = update(name, table, updates)
        if error:
            return error
        for change in updates:
            (replica,) = change.values()
            key, region = replica.get("KMSMasterKeyId"), replica["RegionName"]
            if key:
                member = tables._tables.get_scoped(tables.get_account_id(), region, name)
                member["SSEDescription"] = {
                    "Status": "ENABLED",
                    "SSEType": "KMS",
                    "KMSMasterKeyArn": key,
                }
        return None

    tables._apply_replica_updates = update_with_keys
