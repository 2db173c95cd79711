"""``rollout removals``: what a plan takes away, for pipelines that apply it on their own."""

import json
from typing import Any, TextIO

import click

from tools.cli.console import console, note, plural, table
from tools.cli.errors import PARTLY, OperatorError
from tools.rollout.steps.plan_summary import forbidden, removals

_EPILOG = """\b
Examples:
  terraform show -json tfplan | iot-provisioning rollout removals -
  iot-provisioning rollout removals plan.json --allow-destroy '*.aws_sqs_queue.*'

As in `rollout run`: calls of functions (aws_lambda_invocation, terraform_data) hold nothing and
need no name, and what holds records, trails, keys, devices' rights or who is in quarantine has to
be named by its type.
Exit code 1 if the plan takes away what nobody allowed it to, 3 if PLAN is not a plan. Nothing is
asked of AWS."""


@click.command(epilog=_EPILOG, short_help="Refuse a plan that takes something away.")
@click.argument("plan_file", metavar="PLAN", type=click.File(encoding="utf-8"))
@click.option(
    "--allow-destroy",
    multiple=True,
    metavar="ADDRESS",
    help="What the plan may destroy or replace: a pattern of addresses; may be repeated.",
)
@click.pass_context
def removals_of_plan(
    context: click.Context, plan_file: TextIO, allow_destroy: tuple[str, ...]
) -> None:
    """List what PLAN, in Terraform's JSON format, takes away; '-' reads standard input."""
    found = removals(_document(plan_file))
    refused = forbidden(found, allow_destroy)
    if found:
        lines = [
            (
                "refused" if each in refused else "allowed",
                "replace" if each.replaced else "destroy",
                each.address,
            )
            for each in found
        ]
        console().print(table(("", "Plan", "Address"), lines))
    if refused:
        note(
            f"The plan takes away {plural(len(refused), 'resource')} that nobody allowed it to. "
            "Undo the change, or allow it with --allow-destroy ADDRESS."
        )
        context.exit(PARTLY)


def _document(plan_file: TextIO) -> dict[str, Any]:
    try:
        document = json.load(plan_file)
    except ValueError:
        document = None
    # Every plan has them, and no state does.
    if not isinstance(document, dict) or "planned_values" not in document:
        raise OperatorError(
            f"{plan_file.name} is not a plan in Terraform's JSON format: make it with "
            "`terraform show -json` of a saved plan."
        )
    return document
