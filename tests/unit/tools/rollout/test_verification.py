"""The verification of a target: whose rights it has, and what its errors become."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import NoCredentialsError

from tests.unit.tools.rollout.fakes import CHECK, target
from tools.rollout.steps import verification as steps
from tools.rollout.steps.interface import StepError
from tools.rollout.steps.verification import verification

HERE = target("a/eu-west-2", "one")


@pytest.fixture
def asked(monkeypatch):
    """Whose session was asked for."""
    requests = []

    def session(*request):
        requests.append(request)
        return SimpleNamespace(region_name=request[0])

    monkeypatch.setattr(steps, "role_session", session)
    return requests


def test_it_has_the_target_s_role(asked):
    verification(lambda *_: ())(HERE, {})
    assert asked == [("eu-west-2", HERE.role_arn, HERE.external_id)]


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
