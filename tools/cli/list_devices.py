"""``list``: many records, by status, claim certificate or certificate."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from device_registry.record import MalformedRecordError, Status, from_item
from tools.cli.arguments import certificate_id
from tools.cli.console import console, iso, json_line, note, table
from tools.cli.findings import home_region
from tools.cli.options import Deployment, stack_options
from tools.cli.stack import Stack
from tools.registry import raw
from tools.registry.certificates import short
from tools.registry.table import RegistryTable, StoredItem

_TABLE_LIMIT = 100

_EPILOG = """\b
Examples:
  iot-provisioning list --status SUSPENDED --status REVOKED
  iot-provisioning list --claim-certificate 3f7c...e1 --limit 0
  iot-provisioning list --status PROVISIONING --json | jq -r .serialNumber

Newest change first. A table shows 100 devices unless --limit says otherwise; JSON shows all and
prints each as it is read.

AWS action: dynamodb:Query on the table's indexes."""


@click.command(name="list", epilog=_EPILOG, short_help="List devices by status or certificate.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in Status], case_sensitive=False),
    help="Only devices in this status; may be repeated.",
)
@click.option(
    "--claim-certificate",
    metavar="ID",
    callback=certificate_id,
    help="Only devices whose present claim came in with this claim certificate, or through the "
    "gate of the CA of this id.",
)
@click.option(
    "--certificate",
    metavar="ID",
    callback=certificate_id,
    help="Only the device whose present certificate this is.",
)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most N devices; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@stack_options("table")
def list_devices(
    statuses: tuple[str, ...],
    claim_certificate: str | None,
    certificate: str | None,
    limit: int | None,
    deployment: Deployment,
    *,
    as_json: bool,
) -> None:
    """List the devices of the registry, newest change first."""
    if claim_certificate and certificate:
        raise click.UsageError("Give --claim-certificate or --certificate, not both.")
    wanted = [Status(status.upper()) for status in statuses]
    found = _query(deployment.registry, wanted, claim_certificate, certificate)
    most = limit if limit is not None else (0 if as_json else _TABLE_LIMIT)
    shown = islice(found, most) if most else found
    if as_json:
        for item in shown:
            json_line(raw.plain(item))
    else:
        _print_table(shown, deployment.stack)
    if most and next(found, None) is not None:
        note(f"There are more than {most}; --limit 0 shows all.")


def _query(
    registry: RegistryTable,
    statuses: list[Status],
    claim_certificate: str | None,
    certificate: str | None,
) -> Iterator[StoredItem]:
    if claim_certificate:
        return registry.by_claim_certificate(claim_certificate, statuses)
    if certificate:
        return registry.by_certificate(certificate, statuses)
    return registry.by_status(statuses or list(Status))


def _print_table(items: Iterator[StoredItem], stack: Stack) -> None:
    rows = [_row(item, stack) for item in items]
    if not rows:
        note("No device is like that.")
        return
    headings = ("Serial", "Type", "Status", "Since", "Batch", "Certificate", "Reason", "Home")
    # Where there is one Region the last column says nothing, and costs the others their room.
    columns = len(headings) - all(row[-1] == "-" for row in rows)
    console().print(table(headings[:columns], (row[:columns] for row in rows)))


def _row(item: StoredItem, stack: Stack) -> tuple[Any, ...]:
    try:
        record = from_item(item)
    except MalformedRecordError as error:
        wrong = f"{error} is wrong"
        return (item["serialNumber"]["S"], "-", "malformed", "-", "-", "-", wrong, "-")
    return (
        record.serial_number,
        record.device_type,
        record.status,
        iso(record.status_changed_at),
        record.batch or "-",
        short(record.certificate_id) if record.certificate_id else "-",
        record.status_reason or "-",
        home_region(record, stack),
    )
