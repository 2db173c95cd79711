"""``rollout removals``: what it refuses, what it prints, and what it takes for a plan."""

import json

import pytest
from click.testing import CliRunner

from tools.cli.main import cli

QUEUE, TABLE = "module.stack.aws_sqs_queue.dead", 'module.stack.aws_dynamodb_table.this["a"]'


def change(address, *actions):
    kind = address.split(".")[2]
    return {"address": address, "type": kind, "change": {"actions": list(actions)}}


def removals(plan, *arguments):
    text = plan if isinstance(plan, str) else json.dumps({"planned_values": {}, **plan})
    return CliRunner().invoke(cli, ["rollout", "removals", "-", *arguments], input=text)


def plan(*changes):
    return {"resource_changes": list(changes)}


@pytest.mark.parametrize(
    "harmless",
    [
        {},
        plan(change(QUEUE, "create"), change(TABLE, "update")),
        plan(change("module.stack.terraform_data.this", "delete", "create")),
    ],
)
def test_a_plan_that_takes_nothing_away_passes(harmless):
    assert removals(harmless).exit_code == 0


def test_what_nobody_allowed_is_refused_and_shown():
    result = removals(
        plan(change(QUEUE, "delete"), change(TABLE, "delete", "create")),
        "--allow-destroy",
        "*.aws_sqs_queue.*",
    )
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines()[-2:]] == [
        ["allowed", "destroy", QUEUE],
        ["refused", "replace", TABLE],
    ]
    assert result.stderr == (
        "The plan takes away 1 resource that nobody allowed it to. Undo the change, or allow it "
        "with --allow-destroy ADDRESS.\n"
    )


@pytest.mark.parametrize(
    ("allowed", "code"),
    [("*", 1), ("module.stack.*", 1), ("*.aws_dynamodb_table.*", 0), (TABLE, 0)],
)
def test_what_is_held_dear_has_to_be_meant(allowed, code):
    assert removals(plan(change(TABLE, "delete")), "--allow-destroy", allowed).exit_code == code


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": "1.0", "values": {}}'])
def test_what_is_no_plan_is_said(text):
    result = removals(text)
    assert result.exit_code == 3
    assert "is not a plan in Terraform's JSON format" in result.stderr
