"""``show``: one device on one screen, with why it was last refused."""

import time

import click
from rich.text import Text

from tools.cli.console import console, facts, json_line, note, printable
from tools.cli.errors import PARTLY
from tools.cli.findings import (
    AWS_ACTIONS,
    STYLES,
    Findings,
    as_json,
    find,
    print_denial,
    print_details,
    record_facts,
    since_option,
)
from tools.cli.options import Deployment, stack_options
from tools.registry import raw
from tools.registry.explain import status as explain_status

_EPILOG = f"""\b
Examples:
  iot-provisioning show SN-0001
  iot-provisioning show SN-0001 --since 30d --json

Works for a serial number that nobody enrolled: it shows how that device was refused. A part that
cannot be read (no permission, no log group) is named, and the rest is shown.

{AWS_ACTIONS}"""


@click.command(epilog=_EPILOG, short_help="One device: record, certificates, last refusal.")
@click.argument("serial")
@since_option
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object.")
@stack_options("table", "name_prefix", "log_group")
@click.pass_context
def show(
    context: click.Context, serial: str, since: int, deployment: Deployment, *, json_wanted: bool
) -> None:
    """Show what is known of the device with this SERIAL number."""
    found = find(deployment, serial, since=since, now=int(time.time()))
    if json_wanted:
        json_line(as_json(found))
    else:
        _print_record(found)
        print_details(found.details)
        print_denial(found)
        for sentence in found.missing:
            note(sentence)
    if found.item is None:
        context.exit(PARTLY)


def _print_record(found: Findings) -> None:
    out = console()
    serial, record, now = found.serial, found.record, found.now
    if record is None:
        out.print(f"{printable(serial)} is not enrolled: provisioning refuses it.")
        if ungated := found.stack.ungated_authorities:
            note(
                f"A CA without a gate ({', '.join(ungated)}) asks no registry: "
                "what came in by its template is shown by `iot-provisioning ca list-certificates`."
            )
        return
    if isinstance(record, str):
        out.print(
            f"{serial} has a malformed record ({record}): provisioning refuses it. Mend the item "
            "in the table, or delete it and enrol the device again; `revoke` cuts it off as it is."
        )
        out.print("\nStored")
        stored = raw.plain(found.item or {})
        out.print(facts((printable(name), value) for name, value in stored.items()))
        return
    means = explain_status(record, now)
    status = Text(record.status, style=STYLES[record.status])
    out.print(Text.assemble((serial, "bold"), "  ", status))
    out.print(facts([("Means", means.why), ("Next", means.advice)]))
    out.print("\nRecord")
    rows = record_facts(record, now, found.stack)
    out.print(facts((name, value) for name, value in rows if value != "-"))
