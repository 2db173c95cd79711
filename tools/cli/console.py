"""What the commands print: tables for people, JSON for programs, times both can read."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

# A pipe or a file has no width of its own; nothing in a table should be cut for that.
WIDTH_WITHOUT_TERMINAL = 200
_Result = TypeVar("_Result")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def console(*, stderr: bool = False) -> Console:
    """Return a console for standard output or standard error, made anew so that tests see it."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def printable(value: object) -> str:
    """Return the text with everything that a terminal would obey written as an escape.

    Strings from the decision log were chosen by whoever asked to be provisioned.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(value)
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return an aligned table; columns of numbers stand on the right."""
    result = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    cells = [list(row) for row in rows]
    for index, heading in enumerate(headings):
        numbers = bool(cells) and all(isinstance(row[index], int) for row in cells)
        result.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        result.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
    return result


def facts(rows: Iterable[tuple[str, object]]) -> Table:
    """Return a two-column table of names and values without headings."""
    result = Table.grid(padding=(0, 2))
    result.add_column(style="dim", no_wrap=True)
    result.add_column(overflow="fold")
    for name, value in rows:
        shown = value if isinstance(value, Text) else Text(printable(value))
        result.add_row(f"  {name}", shown)
    return result


def json_line(value: Any) -> None:
    """Print one JSON document on a line of its own, in ASCII: a terminal obeys nothing in it."""
    click.echo(json.dumps(value, default=str))


def note(sentence: str) -> None:
    """Print a sentence that is not part of the result, on standard error."""
    click.echo(printable(sentence), err=True)


def iso(seconds: float) -> str:
    """Return seconds since 1970 as RFC 3339 in UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} (not a time)"


def age(seconds: float, now: float) -> str:
    """Return the distance from ``now`` in words: "3 days ago", "in 2 hours"."""
    distance = now - seconds
    for unit, length in _UNITS:
        count = int(abs(distance) // length)
        if count:
            words = plural(count, unit)
            return f"{words} ago" if distance > 0 else f"in {words}"
    return "now"


def moment(seconds: float | None, now: float | None = None) -> str:
    """Return a time in UTC and local time with its age; a dash for none."""
    if seconds is None:
        return "-"
    try:
        local = datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    except (OverflowError, ValueError, OSError):
        return iso(seconds)
    return f"{iso(seconds)}  (local {local}, {age(seconds, time.time() if now is None else now)})"


class _Rate(ProgressColumn):
    """How many were done a second, where the bar itself counts something else (bytes)."""

    def render(self, task: Task) -> Text:
        """Return the rate since the bar began, without what an earlier run had done."""
        done = task.fields["count"] - task.fields.get("before", 0)
        return Text(f"{done / task.elapsed:,.0f}/s" if task.elapsed else "")


def counted(description: str, results: Iterable[_Result], total: int) -> Iterator[_Result]:
    """Pass results on and show how many of ``total`` devices there were."""
    with progress("devices") as bar:
        task = bar.add_task(description, total=total, count=0)
        for count, result in enumerate(results, 1):
            bar.update(task, completed=count, count=count)
            yield result


def plural(count: int, noun: str) -> str:
    """Return "1 thing", "2 things"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def progress(unit: str) -> Progress:
    """Return a progress bar on standard error, which shows nothing where that is no terminal."""
    bars = console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[count]:,} " + unit),
        _Rate(),
        TimeRemainingColumn(),
        console=bars,
        transient=True,
        disable=not bars.is_terminal,
    )
