"""``why``: why a device was refused, or is not where it should be, and what to do."""

import time

import click
from rich.text import Text

from device_registry.record import DeviceRecord
from tools.cli.console import console, facts, json_line, note, printable
from tools.cli.errors import PARTLY
from tools.cli.findings import (
    AWS_ACTIONS,
    STYLES,
    Findings,
    as_json,
    denied_at,
    find,
    print_denial,
    print_details,
    record_facts,
    since_option,
    through_ca,
)
from tools.cli.options import Deployment, stack_options
from tools.registry.diagnosis import Diagnosis, Refusal, diagnose

# What bears on the answer; `show` has the rest.
_ROWS = frozenset(
    {
        "CA wanted",
        "Certificate",
        "Claim certificate used",
        "Claim certificate wanted",
        "Claimed",
        "Device type",
        "Enrolment ends",
        "Gate",
        "Home Region",
        "Home moved",
        "Lease ends",
        "Reason",
        "Status set by",
        "Status since",
        "Template",
        "Through CA",
    }
)

_EPILOG = f"""\b
Examples:
  iot-provisioning why SN-0001
  iot-provisioning why SN-0001 --since 30d --json

Also for a device that was never refused, and for a serial number that nobody enrolled. The first
lines are the answer, the rest is what it rests on; `show` has all that is known. In JSON, `verdict`
is one of: refused, not-enrolled, malformed, waiting, claimed, stuck, cut-off, half-cut-off, broken,
working.

{AWS_ACTIONS}"""


@click.command(epilog=_EPILOG, short_help="Why a device was refused, and what to do.")
@click.argument("serial")
@since_option
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object.")
@stack_options("table", "name_prefix", "log_group")
@click.pass_context
def why(
    context: click.Context, serial: str, since: int, deployment: Deployment, *, json_wanted: bool
) -> None:
    """Say why the device with this SERIAL number is refused or stuck, and what to do."""
    found = find(deployment, serial, since=since, now=int(time.time()))
    diagnosis = diagnose(
        found.record, found.details, _refusal(found), found.now, gated=through_ca(found) is not None
    )
    if json_wanted:
        json_line({**as_json(found), **vars(diagnosis)})
    else:
        _print(found, diagnosis)
    if found.item is None:
        context.exit(PARTLY)


def _refusal(found: Findings) -> Refusal | None:
    if found.denial is None or found.explanation is None:
        return None
    return Refusal(
        reason=str(found.denial.get("reason")),
        at=denied_at(found.denial),
        explained=found.explanation,
    )


def _print(found: Findings, diagnosis: Diagnosis) -> None:
    out = console()
    record = found.record
    heading = Text.assemble(
        (printable(found.serial), "bold"), "  ", (diagnosis.verdict.value, "bold")
    )
    if isinstance(record, DeviceRecord):
        heading.append(f"  {record.status}", STYLES[record.status])
    out.print(heading)
    out.print(facts([("Why", diagnosis.why), ("What to do", diagnosis.advice)]))
    if isinstance(record, DeviceRecord):
        out.print("\nRecord")
        rows = record_facts(record, found.now, found.stack)
        out.print(facts((name, value) for name, value in rows if name in _ROWS and value != "-"))
    # Its meaning stands above, where it is the answer.
    print_denial(found, explained=False)
    print_details(found.details)
    for sentence in found.missing:
        note(sentence)
