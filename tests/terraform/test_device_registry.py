"""The registry module alone, from apply to destroy."""

import pytest

from tests.support.endpoint import client

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]


def test_applied_again_nothing_changes_and_destroyed_nothing_is_left(workspace, account):
    registry = workspace("tests/terraform/fixtures/device-registry")
    registry.apply()
    name = registry.outputs()["table_name"]
    assert registry.plan().changes == {}
    registry.destroy()
    assert registry.resources() == []
    assert name not in client(account, "dynamodb").list_tables()["TableNames"]
