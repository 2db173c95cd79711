"""A table of another account is open to whom both sides let in, as tests/support/shared_tables.py
has it.
"""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.capabilities import Capability, skip_without
from tests.support.endpoint import client, new_account
from tests.support.stack import Stack

pytestmark = pytest.mark.endpoint

TABLE, KEY = "shared", {"id": {"S": "one"}}
READ = ["dynamodb:GetItem", "dynamodb:Query"]


class Shared:
    """A table of one account, and a user of another who may read it as far as that account says."""

    def __init__(self, endpoint, directory):
        self.owner, self.other = new_account(endpoint), new_account(endpoint)
        self.table = client(self.owner, "dynamodb")
        self.arn = self.table.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("id", "kind")
            ],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-kind",
                    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )["TableDescription"]["TableArn"]
        self.table.put_item(TableName=TABLE, Item={**KEY, "kind": {"S": "a"}})
        self.root = client(self.other, "dynamodb")
        self.stack = Stack({"name_prefix": ""}, self.other, directory)

    def open_to(self, principal, actions=READ):
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": actions,
            "Resource": [self.arn, f"{self.arn}/index/*"],
        }
        self.table.put_resource_policy(ResourceArn=self.arn, Policy=document(statement))

    def user(self, *actions):
        """A user of the other account who may do these on the table and its indexes."""
        documents = {"read": json.loads(self.rights(actions))} if actions else {}
        return client(self.other, "dynamodb", **self.stack.user(documents=documents))

    def role(self, name, actions):
        """Who has taken a role of the other account that may do these."""
        iam, sts = client(self.other, "iam"), client(self.other, "sts")
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": self.account},
        }
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"][
            "Arn"
        ]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=self.rights(actions))
        session = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            "dynamodb",
            endpoint_url=self.other.url,
            region_name=self.other.region,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )

    def rights(self, actions):
        resources = [self.arn, f"{self.arn}/index/*"]
        return document({"Effect": "Allow", "Action": actions, "Resource": resources})

    @property
    def account(self):
        return f"arn:aws:iam::{self.other.account_id}:root"


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def shared(auth_endpoint, tmp_path):
    skip_without(Capability.IAM_ENFORCED, auth_endpoint)
    shared = Shared(auth_endpoint, tmp_path)
    yield shared
    shared.stack.transport.close()


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_both_sides_must_allow(shared):
    reader, nobody = shared.user(*READ), shared.user()
    assert refused(reader.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"
    shared.open_to(shared.account)
    item = reader.get_item(TableName=shared.arn, Key=KEY)["Item"]
    assert item == shared.table.get_item(TableName=TABLE, Key=KEY)["Item"]
    assert refused(nobody.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"
    # What one side alone allows.
    assert refused(reader.put_item, TableName=shared.arn, Item=KEY) == "AccessDeniedException"
    shared.open_to(shared.account, ["dynamodb:PutItem"])
    assert refused(reader.put_item, TableName=shared.arn, Item=KEY) == "AccessDeniedException"
    assert refused(reader.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"


def test_a_role_is_let_in_by_its_own_name(shared):
    """As functions of another account come."""
    reader, other = shared.role("reader", READ), shared.role("other", READ)
    shared.open_to(f"arn:aws:iam::{shared.other.account_id}:role/reader")
    assert "Item" in reader.get_item(TableName=shared.arn, Key=KEY)
    assert refused(other.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"


def test_an_index_is_asked_for_as_such(shared):
    shared.open_to(shared.account)
    by_kind = {
        "IndexName": "by-kind",
        "KeyConditionExpression": "kind = :kind",
        "ExpressionAttributeValues": {":kind": {"S": "a"}},
    }
    reader = shared.user(*READ)
    assert reader.query(TableName=shared.arn, **by_kind)["Count"] == 1
    shared.table.put_resource_policy(
        ResourceArn=shared.arn,
        Policy=document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": shared.account},
                "Action": READ,
                "Resource": shared.arn,
            }
        ),
    )
    for caller in (reader, shared.root):
        assert refused(caller.query, TableName=shared.arn, **by_kind) == "AccessDeniedException"


def test_another_accounts_root_needs_the_tables_policy_too(shared):
    assert refused(shared.root.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"
    shared.open_to("arn:aws:iam::999999999999:root")
    assert refused(shared.root.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"
    shared.open_to(shared.account)
    assert "Item" in shared.root.get_item(TableName=shared.arn, Key=KEY)


def test_a_write_is_the_owners_and_a_transaction_keeps_to_one_account(shared):
    shared.open_to(shared.account, ["dynamodb:PutItem"])
    writer = shared.user("dynamodb:PutItem")
    two = {"id": {"S": "two"}}
    put = {"Put": {"TableName": shared.arn, "Item": two}}
    writer.transact_write_items(TransactItems=[put])
    assert shared.table.get_item(TableName=TABLE, Key=two)["Item"] == two
    assert shared.root.list_tables()["TableNames"] == []
    own = {"Put": {"TableName": "own", "Item": two}}
    root = shared.root.transact_write_items
    assert refused(root, TransactItems=[put, own]) == "ValidationException"


def test_a_table_of_another_region_is_not_found(shared):
    shared.open_to(shared.account)
    elsewhere = client(shared.other.in_region("eu-central-1"), "dynamodb")
    code = refused(elsewhere.get_item, TableName=shared.arn, Key=KEY)
    assert code == "ResourceNotFoundException"


def test_within_an_account_either_side_may_allow(shared):
    stack = Stack({"name_prefix": ""}, shared.owner, shared.stack.store.directory("x").parent)
    somebody = client(shared.owner, "dynamodb", **stack.user())
    stack.transport.close()
    assert refused(somebody.get_item, TableName=TABLE, Key=KEY) == "AccessDeniedException"
    user = client(shared.owner, "iam").list_users()["Users"][0]["Arn"]
    shared.open_to(user)
    assert "Item" in somebody.get_item(TableName=TABLE, Key=KEY)


def test_where_iam_is_not_enforced_the_table_has_to_let_in_the_account(endpoint, tmp_path):
    if not endpoint.embedded:
        pytest.skip("about the embedded endpoint; this one is external")
    shared = Shared(endpoint, tmp_path)
    shared.stack.transport.close()
    assert refused(shared.root.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"
    shared.open_to("arn:aws:iam::999999999999:role/reader")
    assert refused(shared.root.get_item, TableName=shared.arn, Key=KEY) == "AccessDeniedException"
    shared.open_to(f"arn:aws:iam::{shared.other.account_id}:role/reader")
    assert "Item" in shared.root.get_item(TableName=shared.arn, Key=KEY)
