"""Which versions go, and what AWS IoT is asked."""

from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from template_versions import handler
from template_versions.plan import Plan, Version, plan
from tests.unit import attempts

AWS_CAP = 5
LIST = "list_provisioning_template_versions"
DELETE = "delete_provisioning_template_version"
EVENT = {"templateName": "acme-default", "bodySha256": "irrelevant"}


@st.composite
def template_versions(draw):
    ids = draw(st.lists(st.integers(1, 500), unique=True, min_size=1, max_size=AWS_CAP))
    default = draw(st.sampled_from(ids))
    return [Version(version_id, version_id == default) for version_id in ids]


@given(template_versions())
def test_there_is_room_for_three_more_and_the_default_stays(versions):
    chosen = plan(versions)
    assert len(chosen.keep) <= AWS_CAP - 3
    assert next(v.version_id for v in versions if v.is_default) in chosen.keep
    assert sorted(chosen.keep + chosen.delete) == sorted(v.version_id for v in versions)
    assert not chosen.delete or max(chosen.delete) < max(chosen.keep)


def test_the_oldest_go_first():
    versions = [Version(n, n == 1) for n in (3, 1, 5, 4, 2)]
    assert plan(versions) == Plan(keep=[5, 1], delete=[4, 3, 2])


def test_nothing_goes_while_there_is_room():
    versions = [Version(n, n == 2) for n in (1, 2)]
    assert plan(versions) == Plan(keep=[2, 1], delete=[])


def test_a_template_that_does_not_exist_yet():
    assert plan([]) == Plan(keep=[], delete=[])


@pytest.fixture
def iot(monkeypatch):
    client = boto3.client(
        "iot", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    monkeypatch.setattr(handler.boto3, "client", made(client))
    pauses = []
    monkeypatch.setattr(handler.time, "sleep", pauses.append)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()
    assert set(pauses) <= {3.0}


def made(client):
    def make(service, *, config):
        assert service == "iot"
        assert config is handler.CONFIG
        return client

    return make


def context(*milliseconds):
    remaining = iter(milliseconds)
    return SimpleNamespace(get_remaining_time_in_millis=lambda: next(remaining))


def listed(*ids, default, **extra):
    versions = [{"versionId": n, "isDefaultVersion": n == default} for n in ids]
    return {"versions": versions, **extra}


def test_old_versions_are_deleted_across_pages(iot):
    iot.add_response(
        LIST, listed(1, 2, default=5, nextToken="more"), {"templateName": "acme-default"}
    )
    iot.add_response(
        LIST, listed(3, 4, 5, default=5), {"templateName": "acme-default", "nextToken": "more"}
    )
    for version_id in (3, 2, 1):
        expected = {"templateName": "acme-default", "versionId": version_id}
        iot.add_response(DELETE, {}, expected)
    assert handler.lambda_handler(EVENT, context()) == {
        "templateName": "acme-default",
        "kept": [5, 4],
        "deleted": [3, 2, 1],
    }


def test_on_the_first_apply_there_is_nothing_to_do(iot):
    iot.add_client_error(LIST, "ResourceNotFoundException")
    assert handler.lambda_handler(EVENT, context()) == {
        "templateName": "acme-default",
        "kept": [],
        "deleted": [],
    }


def test_a_version_that_is_gone_already_is_as_good_as_deleted(iot):
    iot.add_response(LIST, listed(1, 2, 3, default=3))
    iot.add_client_error(DELETE, "ResourceNotFoundException")
    assert handler.lambda_handler(EVENT, context())["deleted"] == [1]


@pytest.mark.failure_mode("B21")
def test_a_role_that_is_not_known_yet_is_waited_for(iot):
    iot.add_client_error(LIST, "AccessDeniedException")
    iot.add_response(LIST, listed(1, default=1))
    assert handler.lambda_handler(EVENT, context(10_000))["kept"] == [1]


def test_a_role_that_stays_unknown_fails_the_apply(iot):
    iot.add_client_error(LIST, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        handler.lambda_handler(EVENT, context(9_999))


@pytest.mark.parametrize("operation", [LIST, DELETE])
def test_any_other_refusal_fails_the_apply(iot, operation):
    if operation == DELETE:
        iot.add_response(LIST, listed(1, 2, 3, 4, 5, default=5))
    iot.add_client_error(operation, "InvalidRequestException")
    with pytest.raises(ClientError, match="InvalidRequest"):
        handler.lambda_handler(EVENT, context())


def test_a_call_that_nobody_answers_ends_before_the_function_does():
    (timeout,) = attempts.timeouts("template-versions/main.tf")
    assert attempts.unanswered_seconds(handler.CONFIG) < timeout


def test_five_attempts_are_made(monkeypatch):
    assert handler.CONFIG.retries["mode"] == "standard"
    assert attempts.on_the_wire(handler.CONFIG, monkeypatch) == 5
