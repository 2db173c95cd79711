"""The demonstration's tables. Narrow terminals get fewer columns and the same facts."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from tools.cli.console import table
from tools.demo.alarms import Heard
from tools.demo.observe import Seen, Standing
from tools.demo.scenario import Arrival, Refusal, TurnedAway
from tools.demo.verdicts import CutOff, Refused, Sight
from tools.device.just_in_time import JustInTimeResult
from tools.device.model import DeviceSpec

_SHORT_ID = 8
_BOUNDLESS = 1000


def fitting(console: Console, *tables: Table) -> Table:
    """The first of the tables that fits, or the last."""
    boundless = console.options.update(max_width=_BOUNDLESS)
    for one in tables:
        # Two spaces between columns, so that seven of them fit a terminal of 120.
        one.padding = (0, 1, 0, 0)
        if Measurement.get(console, boundless, one).maximum <= console.width:
            return one
    return tables[-1]


def admissions(rows: Sequence[tuple[DeviceSpec, Seen, float]]) -> tuple[Table, Table]:
    """What AWS IoT has for each device that was let in: a wide table and a narrow one."""
    wide, narrow = [], []
    for device, seen, seconds in rows:
        kind, groups, policies = seen.thing_type, ", ".join(seen.groups), ", ".join(seen.policies)
        certificates = ", ".join(one[:_SHORT_ID] for one in seen.certificate_ids)
        time = f"{seconds:.1f} s"
        serial = device.serial_number
        wide.append((serial, seen.thing, kind, groups, policies, certificates, time))
        same = kind == groups == policies
        names = kind if same else f"{kind} / {groups} / {policies}"
        narrow.append((serial, seen.thing, names, certificates, time))
    return (
        table(("Serial", "Thing", "Type", "Group", "Policy", "Certificate", "Time"), wide),
        table(("Serial", "Thing", "Type = group = policy", "Certificate", "Time"), narrow),
    )


def refusals(rows: Sequence[tuple[Refusal, Refused, float]]) -> tuple[Table, Table]:
    """Each device that was refused, what it saw, and the reason that only the operator sees."""
    cells = [
        (
            refusal.device.serial_number,
            refusal.title,
            "let in"
            if refused.status_code is None
            else f"{refused.status_code} {refused.error_code}".strip(),
            refused.reason,
            f"{seconds:.1f} s",
        )
        for refusal, refused, seconds in rows
    ]
    headings = ("Serial", "What is wrong", "Device sees", "Decision log says", "Time")
    return table(headings, cells), table(headings[:-1], [row[:-1] for row in cells])


def activations(rows: Sequence[tuple[DeviceSpec, Standing]]) -> tuple[Table, Table]:
    """Each device's record, and the settings that its shadow begins with."""
    cells = [
        (
            device.serial_number,
            seen.status,
            seen.by or "-",
            ", ".join(f"{name} {json.dumps(value)}" for name, value in seen.desired.items()),
        )
        for device, seen in rows
    ]
    counted = [
        (*row[:-1], f"{len(seen.desired)} settings")
        for row, (_, seen) in zip(cells, rows, strict=True)
    ]
    headings = ("Serial", "Record", "By", "First shadow")
    return table(headings, cells), table(headings, counted)


def cut_off(device: DeviceSpec, cut: CutOff) -> Table:
    """How a device fared that was revoked while it was connected."""
    seconds = cut.disconnected_after
    return table(
        ("Serial", "Its connection", "Its certificate", "Comes back", "Claims again"),
        [
            (
                device.serial_number,
                "stays" if seconds is None else f"closed after {seconds:.1f} s",
                cut.certificate_status or "gone",
                "let in" if cut.came_back else "hung up",
                "let in" if cut.status_code is None else cut.status_code,
            )
        ],
    )


def alarm(heard: Heard) -> tuple[Table, Table]:
    """An alarm, and what was told of it."""
    told = heard.message
    change = f"{told['OldStateValue']} to {told['NewStateValue']}" if told else "nothing"
    cells = (heard.name, heard.state, change, heard.runbook)
    headings = ("Alarm", "State", "The queue was told", "What to do")
    return table(headings, [cells]), table(headings[:-1], [cells[:-1]])


def choices(device: DeviceSpec, seen: Seen) -> Table:
    """What a device asked to be, and what AWS IoT made of it."""
    has = {
        "ThingName": seen.thing,
        "ThingTypeName": seen.thing_type,
        "ThingGroupName": ", ".join(seen.groups),
        "PolicyName": ", ".join(seen.policies),
    }
    return table(
        ("Parameter", f"{device.serial_number} asked for", "AWS IoT has"),
        [(name, device.parameters[name], value) for name, value in has.items()],
    )


def arrivals(rows: Sequence[tuple[Arrival, JustInTimeResult, Seen]]) -> tuple[Table, Table]:
    """What AWS IoT has for each device that came up just in time: a wide table and a narrow one."""
    cells = [
        (
            arrival.device.serial_number,
            seen.thing,
            seen.thing_type,
            ", ".join(seen.groups),
            ", ".join(one[:_SHORT_ID] for one in seen.certificate_ids),
            result.attempts,
            f"{result.timings.total:.1f} s",
        )
        for arrival, result, seen in rows
    ]
    headings = ("Serial", "Thing", "Type = policy", "Groups", "Certificate", "Connections", "Time")
    narrow = (0, 1, 3, 5)
    return (
        table(headings, cells),
        table([headings[i] for i in narrow], [[row[i] for i in narrow] for row in cells]),
    )


def turned_away(rows: Sequence[tuple[TurnedAway, Sight]]) -> tuple[Table, Table]:
    """Each device that got nowhere, and what only the operator sees."""
    cells = [
        (
            case.device.serial_number,
            case.title,
            "let in" if sight.connected else f"hung up, {sight.attempts} times",
            sight.certificate_status or "never registered",
            sight.reason or "-",
        )
        for case, sight in rows
    ]
    headings = ("Serial", "What is wrong", "Device sees", "Its certificate", "Decision log says")
    narrow = (0, 1, 3, 4)
    return (
        table(headings, cells),
        table([headings[i] for i in narrow], [[row[i] for i in narrow] for row in cells]),
    )
