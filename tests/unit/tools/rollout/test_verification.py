"""The verification of a target: whose rights it has, and what its errors become."""

from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from tests.unit.tools.rollout.fakes import CHECK, target
from tools.rollout.steps.interface import StepError
from tools.rollout.steps.verification import session_in, verification

HERE = target("a/eu-west-2", "one")
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


def test_it_has_the_target_s_role_in_the_target_s_region(asked):
    session = session_in(replace(HERE, role_arn=ROLE))
    assert session.region_name == "eu-west-2"
    assert session.get_credentials().token == "sessiontoken"
    (request,) = asked
    assert request["RoleArn"] == ROLE
    assert request["ExternalId"] == HERE.external_id


def test_a_role_that_asks_for_no_external_id_gets_none(asked):
    session_in(replace(HERE, role_arn=ROLE, external_id=None))
    assert "ExternalId" not in asked[0]


def test_without_a_role_the_caller_verifies(asked):
    assert session_in(HERE).region_name == "eu-west-2"
    assert asked == []


def test_what_was_seen_is_what_the_report_tells():
    seen = []

    def verify(outputs, session):
        seen.append((outputs, session.region_name))
        return (CHECK,)

    assert verification(verify)(HERE, {"a": 1}) == (CHECK,)
    assert seen == [({"a": 1}, "eu-west-2")]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "could not be made. Unable to locate credentials"),
        (ValueError("The stack has no template."), "could not be made. The stack has no template."),
        (KeyError("templates"), "does not pass on the root module's output 'templates'"),
    ],
)
def test_a_verification_that_cannot_be_made_is_a_failure(error, sentence):
    def verify(outputs, session):
        raise error

    with pytest.raises(StepError, match=sentence):
        verification(verify)(HERE, {})
