"""The registry table as DynamoDB describes it after an apply."""

import pytest

from tests.support.endpoint import client

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]


@pytest.fixture
def table(device_registry, endpoint):
    name = device_registry.outputs["table_name"]["value"]
    return client(endpoint, "dynamodb").describe_table(TableName=name)["Table"]


def test_the_key_is_the_serial_number(table):
    assert table["KeySchema"] == [{"AttributeName": "serialNumber", "KeyType": "HASH"}]


def test_capacity_is_on_demand(table):
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_every_index_has_its_key(table):
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert keys == {
        "by-claim-certificate": ["claimCertificateId", "claimedAt"],
        "by-certificate": ["certificateId"],
        "by-status": ["statusShard", "statusChangedAt"],
    }


def test_the_stream_carries_both_images(table):
    assert table["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


def test_the_table_is_encrypted_with_a_key_of_the_customer(table):
    assert table["SSEDescription"]["SSEType"] == "KMS"


def test_records_can_be_recovered_to_a_point_in_time(device_registry, endpoint):
    name = device_registry.outputs["table_name"]["value"]
    backups = client(endpoint, "dynamodb").describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_applied_again_nothing_changes_and_destroyed_nothing_is_left(workspace, account):
    registry = workspace("tests/terraform/fixtures/device-registry")
    registry.apply()
    name = registry.outputs()["table_name"]
    assert registry.plan().changes == {}
    registry.destroy()
    assert registry.resources() == []
    assert name not in client(account, "dynamodb").list_tables()["TableNames"]
