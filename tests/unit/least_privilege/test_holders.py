"""No policy is overlooked: pages, policies that are attached, permissions of functions, keys."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from tests.least_privilege import holders

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:acme-guard"


class Missing(ClientError):
    """There is no policy."""

    def __init__(self):
        super().__init__({"Error": {"Code": "ResourceNotFoundException"}}, "GetPolicy")


class Client:
    """A client of a service that answers with what it was given.

    Args:
        pages: By operation that lists something.
        answers: By other operation.
    """

    exceptions = SimpleNamespace(ResourceNotFoundException=Missing, ClientError=ClientError)

    def __init__(self, pages, **answers):
        self._pages = pages
        vars(self).update(answers)

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **_: self._pages.get(operation, ()))


def stack_with(**clients):
    """A stack whose account has these services alone."""
    return SimpleNamespace(
        name_prefix="acme",
        endpoint=SimpleNamespace(account_id=ACCOUNT, region="eu-west-1"),
        client=clients.__getitem__,
    )


def allowing(sid, **fields):
    """A statement."""
    return {"Sid": sid, "Effect": "Allow", "Resource": "*", "Action": "kms:*"} | fields


def test_every_page_is_read():
    client = Client({"list_topics": [{"Topics": [1, 2]}, {"Topics": [3]}]})
    assert list(holders.every(client, "list_topics", "Topics")) == [1, 2, 3]


def test_a_policy_of_awss_that_a_role_has_is_told_of():
    attached = {"PolicyName": "Admin", "PolicyArn": "arn:aws:iam::aws:policy/Admin"}
    pages = {
        "list_roles": [{"Roles": [{"RoleName": "acme-guard", "AssumeRolePolicyDocument": "{}"}]}],
        "list_attached_role_policies": [{"AttachedPolicies": [attached]}],
    }
    with pytest.raises(LookupError, match="acme-guard has Admin"):
        holders.find(stack_with(iam=Client(pages)))


def permission(sid, resource):
    """A statement that lets a topic rule invoke."""
    by = {"Service": "iot.amazonaws.com"}
    return allowing(sid, Resource=resource, Principal=by, Action="lambda:InvokeFunction")


def test_permissions_of_the_function_itself_are_found_beside_those_of_its_aliases():
    statements = [
        permission("topic-rule-1", f"{FUNCTION}:live"),
        permission("topic-rule-2", FUNCTION),
    ]

    def get_policy(**place):
        wanted = FUNCTION + (f":{place['Qualifier']}" if "Qualifier" in place else "")
        # The endpoint tells of all of them where no alias is named.
        held = [one for one in statements if one["Resource"] == wanted or wanted == FUNCTION]
        return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": held})}

    pages = {
        "list_functions": [{"Functions": [{"FunctionName": "acme-guard"}]}],
        "list_aliases": [{"Aliases": [{"Name": "live"}]}],
    }
    stack = stack_with(**{"lambda": Client(pages, get_policy=get_policy)})
    found = list(holders._functions(stack))
    assert sorted(one.name for one in found) == ["guard (topic-rule-1)", "guard (topic-rule-2)"]
    assert {one.group for one in found} == {"called by a topic rule"}


def test_a_function_that_nobody_may_call_holds_nothing():
    def get_policy(**_):
        raise Missing

    pages = {"list_functions": [{"Functions": [{"FunctionName": "acme-guard"}]}]}
    stack = stack_with(**{"lambda": Client(pages, get_policy=get_policy)})
    assert list(holders._functions(stack)) == []


@pytest.mark.parametrize(
    ("sids", "found"),
    [
        ([holders.DEFAULT], []),
        (["AccountAdministersThroughIam", "LogGroupsOfTheFunctions"], ["registry-key"]),
    ],
)
def test_only_a_key_with_the_policy_that_every_key_begins_with_is_passed_over(sids, found):
    assert [one.file for one in holders._resources(keyed(*sids))] == found


def test_a_key_whose_first_policy_was_added_to_is_not_passed_over():
    with pytest.raises(LookupError, match="no file in policies/ has the statements"):
        list(holders._resources(keyed(holders.DEFAULT, "SomebodyElse")))


def keyed(*sids):
    """A stack with one key."""
    policy = json.dumps({"Statement": [allowing(sid) for sid in sids]})
    keys = Client({"list_keys": [{"Keys": [{"KeyId": "1"}]}]})
    keys.get_key_policy = lambda **_: {"Policy": policy}
    buckets = Client({}, list_buckets=lambda: {"Buckets": []})
    return stack_with(kms=keys, sns=Client({}), s3=buckets)
