"""The canary's records. They are where a run that died is found by: made first, removed last."""

import secrets
from collections.abc import Iterator

from canary.target import Means, Target
from device_registry import names
from device_registry.record import (
    DeviceRecord,
    Item,
    ReprovisionPolicy,
    Status,
    status_shard,
    to_item,
)

# After that nobody is provisioned by a record that was forgotten.
ENROLLED_SECONDS = 900
# A run of this age is over: what it left nobody is about to remove.
ABANDONED_SECONDS = 1_800
# Further back nothing is looked for: the index would have to be read from its beginning.
LOOK_BACK_SECONDS = 7 * 86_400
# All canaries are in this one of a status's partitions, so that one is read and not sixteen.
SHARD = "#00"
_RANDOM_BYTES = 8


def serial_number() -> str:
    """Return a serial number that nobody else has."""
    while True:
        serial = names.RESERVED_SERIAL_PREFIX + secrets.token_hex(_RANDOM_BYTES)
        if status_shard(Status.ENROLLED, serial).endswith(SHARD):
            return serial


def enrol(means: Means, target: Target, serial: str) -> None:
    """Write the record of a device that may be provisioned, in this Region and for a while.

    Raises:
        ClientError, BotoCoreError: DynamoDB refused.
    """
    now = int(means.clock())
    record = DeviceRecord(
        serial_number=serial,
        device_type=target.device_type,
        status=Status.ENROLLED,
        enrolled_at=now,
        enrolled_by=names.CANARY,
        status_changed_at=now,
        reprovision_policy=ReprovisionPolicy.NEVER,
        batch=names.CANARY,
        enrolment_expires_at=now + ENROLLED_SECONDS,
        # Where several Regions share the table, this one is to be looked at.
        home_region=means.dynamodb.meta.region_name,
    )
    means.dynamodb.put_item(
        TableName=target.table_name,
        Item=to_item(record),
        ConditionExpression="attribute_not_exists(serialNumber)",
    )


def read(means: Means, target: Target, serial: str) -> Item | None:
    """Return what is stored.

    Raises:
        ClientError, BotoCoreError: DynamoDB refused.
    """
    answer = means.dynamodb.get_item(
        TableName=target.table_name, Key={"serialNumber": {"S": serial}}, ConsistentRead=True
    )
    return answer.get("Item")


def delete(means: Means, target: Target, serial: str) -> None:
    """Delete the record, if there is one.

    Raises:
        ClientError, BotoCoreError: DynamoDB refused.
    """
    means.dynamodb.delete_item(TableName=target.table_name, Key={"serialNumber": {"S": serial}})


def abandoned(means: Means, target: Target) -> Iterator[str]:
    """Yield the serial numbers of this Region's runs that did not come to their end.

    Raises:
        ClientError, BotoCoreError: DynamoDB refused.
    """
    now = int(means.clock())
    for status in Status:
        pages = means.dynamodb.get_paginator("query").paginate(
            TableName=target.table_name,
            IndexName="by-status",
            KeyConditionExpression="statusShard = :shard AND statusChangedAt > :since",
            FilterExpression=(
                "begins_with(serialNumber, :prefix) AND enrolledBy = :by"
                " AND homeRegion = :home AND enrolledAt < :before"
            ),
            ExpressionAttributeValues={
                ":shard": {"S": f"{status}{SHARD}"},
                ":since": {"N": str(now - LOOK_BACK_SECONDS)},
                ":prefix": {"S": names.RESERVED_SERIAL_PREFIX},
                ":by": {"S": names.CANARY},
                ":home": {"S": means.dynamodb.meta.region_name},
                ":before": {"N": str(now - ABANDONED_SECONDS)},
            },
            ProjectionExpression="serialNumber",
        )
        for page in pages:
            yield from (item["serialNumber"]["S"] for item in page["Items"])
