"""What account-baseline does to settings that an account has once, as AWS's own APIs show them.

Logging options and Device Defender are served by no endpoint without these capabilities; there the
plan tests and tests/static/test_audit_template.py stand alone.
"""

import json
from pathlib import Path

import pytest

from tests.support.capabilities import Capability, requires
from tests.support.endpoint import client

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

EXAMPLE = "terraform/examples/account-baseline"
EVENTS = "module.account_baseline.aws_iot_event_configurations.this[0]"
INDEX = "module.account_baseline.aws_iot_indexing_configuration.this[0]"
WITHOUT = {"logging": False, "audit": False}


def events(account):
    found = client(account, "iot").describe_event_configurations()["eventConfigurations"]
    return {name: one["Enabled"] for name, one in found.items()}


def index(account):
    found = client(account, "iot").get_indexing_configuration()
    return {
        name: found[f"{part}IndexingConfiguration"].get(f"{name}IndexingMode")
        for part, name in (
            ("thing", "thing"),
            ("thing", "thingConnectivity"),
            ("thingGroup", "thingGroup"),
        )
    }


OFF = {"thing": "OFF", "thingConnectivity": "OFF", "thingGroup": "OFF"}
ON = {"thing": "REGISTRY", "thingConnectivity": "STATUS", "thingGroup": "ON"}


def test_what_is_there_is_adopted_and_stays_when_the_rest_is_destroyed(workspace, account):
    iot = client(account, "iot")
    assert not any(events(account).values())
    assert index(account) == OFF
    iot.update_event_configurations(eventConfigurations={"JOB": {"Enabled": True}})

    baseline = workspace(EXAMPLE, **WITHOUT)
    baseline.run("import", "-no-color", "-input=false", EVENTS, account.region)
    baseline.run("import", "-no-color", "-input=false", INDEX, account.region)
    plan = baseline.plan()
    assert plan.changes == {EVENTS: ["update"], INDEX: ["update"]}
    (change,) = (one for one in plan.document["resource_changes"] if one["address"] == EVENTS)
    assert change["change"]["before"]["event_configurations"]["JOB"] is True
    assert change["change"]["after"]["event_configurations"]["JOB"] is False

    baseline.apply()
    assert len(events(account)) == 11
    assert [name for name, on in events(account).items() if on] == ["THING"]
    assert index(account) == ON
    assert not baseline.plan().changed

    baseline.destroy()
    assert baseline.resources() == []
    assert [name for name, on in events(account).items() if on] == ["THING"]
    assert index(account) == ON


def test_a_stack_beside_it_leaves_the_settings_alone(minimal, complete, jitp):
    """Every other example is applied: its state has no setting of the account."""
    types = set()
    for example in (minimal, complete, jitp):
        state = json.loads(Path(example.terraform.state_path).read_text())
        types |= {one["type"] for one in state["resources"] if one["mode"] == "managed"}
    assert "aws_iot_policy" in types
    assert types.isdisjoint(
        {
            "aws_cloudformation_stack",
            "aws_iot_event_configurations",
            "aws_iot_indexing_configuration",
            "aws_iot_logging_options",
        }
    )


@requires(Capability.V2_LOGGING, Capability.DEFENDER)
def test_every_part(workspace, account):
    baseline = workspace(EXAMPLE)
    baseline.apply()
    iot = client(account, "iot")
    assert iot.get_v2_logging_options()["defaultLogLevel"] == "WARN"
    checks = iot.describe_account_audit_configuration()["auditCheckConfigurations"]
    assert len([one for one in checks.values() if one["enabled"]]) == 13
    assert not baseline.plan().changed
    baseline.destroy()
    checks = iot.describe_account_audit_configuration()["auditCheckConfigurations"]
    assert not any(one["enabled"] for one in checks.values())
