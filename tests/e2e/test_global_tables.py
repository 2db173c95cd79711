"""Replicas of a global table, as tests/support/global_tables.py has them at the endpoint."""

import time

import pytest

from tests.support.endpoint import client
from tests.support.waiting import until

pytestmark = pytest.mark.endpoint

TABLE, FIRST, SECOND, THIRD = "global", "eu-west-1", "eu-central-1", "eu-north-1"
# Long enough for two calls on a busy machine.
SECONDS = 2.0


class Replica:
    """One Region's part of the table."""

    def __init__(self, account, region):
        self.region = region
        self.table = client(account.in_region(region), "dynamodb")
        self.streams = client(account.in_region(region), "dynamodbstreams")
        self.arn = f"arn:aws:dynamodb:{region}:{account.account_id}:table/{TABLE}"

    def write(self, value, key="one"):
        self.table.put_item(TableName=TABLE, Item={"id": {"S": key}, "value": {"S": value}})

    def delete(self, key="one"):
        self.table.delete_item(TableName=TABLE, Key={"id": {"S": key}})

    def read(self, key="one"):
        item = self.table.get_item(TableName=TABLE, Key={"id": {"S": key}}).get("Item")
        return item and item["value"]["S"]

    def changes(self):
        """Old and new values, as the stream tells of them."""
        stream = self.table.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        shards = self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        iterator = self.streams.get_shard_iterator(
            StreamArn=stream, ShardId=shards[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = self.streams.get_records(ShardIterator=iterator)["Records"]
        images = [
            [record["dynamodb"].get(name) for name in ("OldImage", "NewImage")]
            for record in records
        ]
        return [tuple(image and image["value"]["S"] for image in pair) for pair in images]

    def tag(self, key, value):
        self.table.tag_resource(ResourceArn=self.arn, Tags=[{"Key": key, "Value": value}])

    def hold(self):
        self.tag("test:replication", "held")

    def release(self):
        self.table.untag_resource(ResourceArn=self.arn, TagKeys=["test:replication"])


@pytest.fixture
def replicas(endpoint, account):
    """A table with one item and three replicas, the first of which was there before the others."""
    if not endpoint.embedded:
        pytest.skip("about the embedded endpoint; this one is external")
    regions = [Replica(account, region) for region in (FIRST, SECOND, THIRD)]
    first = regions[0]
    first.table.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    first.write("old")
    key = f"arn:aws:kms:{SECOND}:{account.account_id}:key/of-the-replica"
    first.table.update_table(
        TableName=TABLE,
        ReplicaUpdates=[
            {"Create": {"RegionName": SECOND, "KMSMasterKeyId": key}},
            {"Create": {"RegionName": THIRD}},
        ],
    )
    description = regions[1].table.describe_table(TableName=TABLE)["Table"]
    assert description["SSEDescription"]["KMSMasterKeyArn"] == key
    return regions


def test_a_write_arrives_at_once_and_each_stream_tells_of_it(replicas):
    first, second, third = replicas
    assert [replica.read() for replica in replicas] == ["old"] * 3
    first.write("new")
    assert [replica.read() for replica in replicas] == ["new"] * 3
    assert second.changes() == third.changes() == [("old", "new")]
    third.delete()
    assert [replica.read() for replica in replicas] == [None] * 3
    assert first.changes() == [(None, "old"), ("old", "new"), ("new", None)]


@pytest.mark.parametrize("slow", [0, 1], ids=["sender", "receiver"])
def test_a_slow_replica_hears_later_and_the_others_at_once(replicas, slow):
    first, second, third = replicas
    replicas[slow].tag("test:replication-seconds", str(SECONDS))
    begin = time.monotonic()
    first.write("new")
    assert second.read() == "old"
    if slow == 1:
        assert third.read() == "new"
    until(lambda: second.read() == "new", pause=0.02)
    assert time.monotonic() - begin >= SECONDS
    assert second.changes() == [("old", "new")]


def test_the_later_of_two_writes_stays_everywhere(replicas):
    first, second, third = replicas
    second.hold()
    first.write("earlier")
    second.write("later")
    assert [replica.read() for replica in replicas] == ["earlier", "later", "earlier"]
    assert second.changes() == [("old", "later")]
    second.release()
    assert [replica.read() for replica in replicas] == ["later"] * 3
    # No stream tells of a write that came too late.
    assert second.changes() == [("old", "later")]
    assert third.changes() == [("old", "earlier"), ("earlier", "later")]


def test_a_deletion_has_its_time_too(replicas):
    first, second, _ = replicas
    first.hold()
    second.write("earlier")
    first.delete()
    first.release()
    assert [replica.read() for replica in replicas] == [None] * 3
    first.hold()
    second.delete()
    first.write("back")
    second.write("away", key="two")
    first.release()
    assert [replica.read() for replica in replicas] == ["back"] * 3
    assert first.read(key="two") == "away"


def test_a_slow_write_that_meets_a_held_replica_waits_for_it(replicas):
    first, second, third = replicas
    second.tag("test:replication-seconds", str(SECONDS))
    first.write("new")
    second.hold()
    time.sleep(1.5 * SECONDS)
    assert [third.read(), second.read()] == ["new", "old"]
    second.release()
    assert second.read() == "new"


def test_what_came_late_by_delay_alone_is_dropped_as_well(replicas):
    first, second, _ = replicas
    first.tag("test:replication-seconds", str(SECONDS))
    first.write("earlier")
    second.write("later")
    assert second.read() == "later"
    # The earlier one set out first, so that it has arrived as well.
    until(lambda: first.read() == "later", pause=0.02)
    assert [replica.read() for replica in replicas] == ["later"] * 3
    assert second.changes() == [("old", "later")]
