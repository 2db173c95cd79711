"""``ca list-certificates``: what a CA has signed, with state and last connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.text import Text

from tools.authorities import registered
from tools.authorities.registered import (
    THINGS_PER_QUERY,
    ConnectivityUnknownError,
    RegisteredCertificate,
)
from tools.cli.ca_options import Chosen, ca_option, choose, counts, shown, unknown_authority
from tools.cli.console import console, iso, json_line, note, printable, table
from tools.cli.errors import PARTLY
from tools.cli.options import Deployment, stack_options
from tools.ordered import in_order
from tools.registry.certificates import short

_WORKERS = 4
_TABLE_LIMIT = 100
_STATUSES = ("ACTIVE", "INACTIVE", "PENDING_ACTIVATION", "PENDING_TRANSFER", "REVOKED")

_LIST_EPILOG = """\b
Examples:
  iot-provisioning ca list-certificates --ca northwind-2026
  iot-provisioning ca list-certificates --ca northwind-2026 \\
    --status PENDING_ACTIVATION
  iot-provisioning ca list-certificates --ca northwind-2026 --json | jq .thing

Newest first. A table shows 100 certificates unless --limit says otherwise; JSON shows all,
with whole ids. Last connections come from fleet indexing with thing connectivity, where that is on.

AWS actions: iot:DescribeCACertificate, iot:ListCertificatesByCA, iot:ListPrincipalThings,
iot:SearchIndex."""


@click.command(
    name="list-certificates",
    epilog=_LIST_EPILOG,
    short_help="List what a CA has signed, with state and last connection.",
)
@ca_option
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(_STATUSES, case_sensitive=False),
    help="Only certificates in this status; may be repeated.",
)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most N; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@stack_options()
@click.pass_context
def list_certificates(
    context: click.Context,
    name: str,
    statuses: tuple[str, ...],
    limit: int | None,
    deployment: Deployment,
    *,
    as_json: bool,
) -> None:
    """List every certificate of a CA that AWS IoT has registered."""
    chosen = choose(deployment, name)
    everything = list(registered.certificates(deployment.iot, chosen.certificate_id))
    found = [each for each in everything if not statuses or each.status in statuses]
    most = limit if limit is not None else (0 if as_json else _TABLE_LIMIT)
    rows = _with_things(deployment, found[:most] if most else found)
    if as_json:
        for row in rows:
            json_line(row.as_json())
    elif rows:
        headings = ("Certificate", "Status", "Registered", "Thing", "Last seen")
        console().print(table(headings, (row.cells() for row in rows)))
    _summarise(deployment, context, chosen, everything)
    if most and len(found) > most:
        note(f"There are more than {most}; --limit 0 shows all.")


@dataclass(frozen=True, kw_only=True)
class _Row:
    certificate: RegisteredCertificate
    things: tuple[str, ...]
    connections: tuple[registered.Connection | None, ...]

    def cells(self) -> tuple[object, ...]:
        return (
            short(self.certificate.certificate_id),
            self.certificate.status,
            _day(self.certificate.created.timestamp()),
            Text("\n".join(map(printable, self.things)) or "-"),
            Text("\n".join(map(_last_seen, self.connections)) or "-"),
        )

    def as_json(self) -> dict[str, Any]:
        thing = self.things[0] if self.things else None
        connection = self.connections[0] if self.connections else None
        return {
            "certificateId": self.certificate.certificate_id,
            "status": self.certificate.status,
            "registeredAt": iso(self.certificate.created.timestamp()),
            "thing": thing,
            "things": list(self.things),
            "connected": connection and connection.connected,
            "lastConnectionChangeAt": connection and connection.at and iso(connection.at),
        }


def _last_seen(connection: registered.Connection | None) -> str:
    if connection is None:
        return "-"
    if connection.connected:
        return "connected"
    return _day(connection.at) if connection.at else "offline"


def _day(seconds: float) -> str:
    """Return the date alone, so that a row fits into 80 columns; JSON has the time."""
    return iso(seconds).partition("T")[0]


def _with_things(deployment: Deployment, found: list[RegisteredCertificate]) -> list[_Row]:
    iot = deployment.iot
    looked_up = in_order(
        lambda certificate: registered.things_of(iot, certificate), found, workers=_WORKERS
    )
    things = [names for _, names in shown("Things", looked_up, total=len(found))]
    known = _connections(deployment, sorted({name for names in things for name in names}))
    return [
        _Row(
            certificate=certificate,
            things=names,
            connections=tuple(known.get(name) for name in names),
        )
        for certificate, names in zip(found, things, strict=True)
    ]


def _connections(deployment: Deployment, things: Sequence[str]) -> dict[str, registered.Connection]:
    known: dict[str, registered.Connection] = {}
    queries = [things[at : at + THINGS_PER_QUERY] for at in range(0, len(things), THINGS_PER_QUERY)]
    try:
        for query in shown("Last connections", queries, total=len(queries)):
            known.update(registered.connections(deployment.iot, query))
    except ConnectivityUnknownError as error:
        note(str(error))
    return known


def _summarise(
    deployment: Deployment,
    context: click.Context,
    chosen: Chosen,
    found: list[RegisteredCertificate],
) -> None:
    if found:
        newest = max(each.created for each in found)
        note(f"CA {chosen.title}: {counts(found)}; the newest of {iso(newest.timestamp())}.")
    elif registered.describe(deployment.iot, chosen.certificate_id) is None:
        note(unknown_authority(chosen))
        context.exit(PARTLY)
    else:
        note(f"CA {chosen.title} has signed nothing that is registered.")
