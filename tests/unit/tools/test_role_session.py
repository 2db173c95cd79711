"""A session in a Region, as a role where one is named: what AWS STS is asked for."""

import boto3
import pytest

from tools.role_session import role_session

ROLE = "arn:aws:iam::000000000097:role/rollout"


@pytest.fixture
def asked(monkeypatch):
    """What AWS STS was asked for."""
    requests = []

    class Sts:
        def assume_role(self, **request):
            requests.append(request)
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            return {"Credentials": {name: name.lower() for name in names}}

    monkeypatch.setattr(boto3.Session, "client", lambda session, service: Sts())
    return requests


def test_it_has_the_role_s_rights_in_the_region(asked):
    session = role_session("eu-west-2", ROLE, "acme")
    assert session.region_name == "eu-west-2"
    assert session.get_credentials().token == "sessiontoken"
    (request,) = asked
    assert (request["RoleArn"], request["ExternalId"]) == (ROLE, "acme")


def test_a_role_that_asks_for_no_external_id_gets_none(asked):
    role_session("eu-west-2", ROLE, None)
    assert "ExternalId" not in asked[0]


def test_without_a_role_the_caller_s_own_rights_are_kept(asked):
    assert role_session("eu-west-2", None, "acme").region_name == "eu-west-2"
    assert asked == []
