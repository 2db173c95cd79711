"""Enrols one batch of rows: one read for all, then only the writes that are needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code
from tools.aws_errors import RUN_ENDING
from tools.enrolment.compare import Change, Insert, Refused, Run, Unchanged, judge
from tools.enrolment.rows import Enrolment
from tools.registry.table import READ_BATCH, ConditionFailedError, InsertRefused, RegistryTable

BATCH_ROWS = READ_BATCH
_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What became of a row that was not enrolled, as the report file holds it."""

    line: int
    serial_number: str | None
    problem: str


@dataclass(kw_only=True)
class Counts:
    """How many rows went which way."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        mine, theirs = vars(self), vars(other)
        return Counts(**{name: count + theirs[name] for name, count in mine.items()})

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(vars(self).values())


@dataclass(kw_only=True)
class Outcome:
    """What became of a batch."""

    counts: Counts = field(default_factory=Counts)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, serial_number: str | None, *sentences: str) -> None:
        """Count one row as refused, with a report line for each sentence."""
        self.counts.refused += 1
        self._report(line, serial_number, sentences)

    def fail(self, line: int, serial_number: str, sentence: str) -> None:
        """Count one row as failed."""
        self.counts.failed += 1
        self._report(line, serial_number, (sentence,))

    def _report(self, line: int, serial_number: str | None, sentences: Sequence[str]) -> None:
        self.problems += [
            Problem(line=line, serial_number=serial_number, problem=sentence)
            for sentence in sentences
        ]


Row = tuple[int, Enrolment]


def enrol(rows: Sequence[Row], table: RegistryTable, run: Run, *, dry_run: bool) -> Outcome:
    """Make the registry say what the rows say.

    Args:
        rows: line numbers and enrolments, at most ``BATCH_ROWS``.
        table: the registry.
        run: who enrols, and since when.
        dry_run: read and compare, write nothing.

    Raises:
        ThrottledError, ClientError, BotoCoreError: the registry cannot be used.
    """
    outcome = Outcome()
    waiting = _first_of_each(rows, outcome)
    for _ in range(_ROUNDS):
        if not waiting:
            return outcome
        waiting = _round(waiting, table, run, outcome, dry_run=dry_run)
    for line, enrolment in waiting:
        serial = enrolment.serial_number
        outcome.fail(line, serial, f"The record of {serial} kept changing; enrol it again.")
    return outcome


def _first_of_each(rows: Sequence[Row], outcome: Outcome) -> list[Row]:
    """Settle serial numbers that appear twice within the batch; the registry settles the others."""
    first: dict[str, Row] = {}
    for line, enrolment in rows:
        serial = enrolment.serial_number
        first_line, first_enrolment = first.setdefault(serial, (line, enrolment))
        if first_line == line:
            continue
        if first_enrolment == enrolment:
            outcome.counts.unchanged += 1
        else:
            outcome.refuse(
                line, serial, f"{serial} stands in line {first_line} already, with other values."
            )
    return list(first.values())


def _round(
    rows: Sequence[Row], table: RegistryTable, run: Run, outcome: Outcome, *, dry_run: bool
) -> list[Row]:
    """Read, compare and write once; return the rows whose record changed in between."""
    stored = table.get_many(enrolment.serial_number for _, enrolment in rows)
    inserts: list[tuple[Row, Insert]] = []
    again: list[Row] = []
    for row in rows:
        line, enrolment = row
        serial = enrolment.serial_number
        match judge(enrolment, stored.get(serial), run):
            case Unchanged():
                outcome.counts.unchanged += 1
            case Refused(problem):
                outcome.refuse(line, serial, problem)
            case Insert() as insert:
                inserts.append((row, insert))
            case Change() as change:
                if dry_run or _change(change, row, table, outcome, again):
                    outcome.counts.changed += 1
    if dry_run:
        outcome.counts.new += len(inserts)
    else:
        _insert(inserts, table, outcome, again)
    return again


def _change(
    change: Change, row: Row, table: RegistryTable, outcome: Outcome, again: list[Row]
) -> bool:
    try:
        table.update(change.arguments)
    except ConditionFailedError:
        again.append(row)
    except ClientError as error:
        if error_code(error) in RUN_ENDING:
            raise
        line, enrolment = row
        outcome.fail(line, enrolment.serial_number, f"DynamoDB refused the record: {error}.")
    else:
        return True
    return False


def _insert(
    inserts: Sequence[tuple[Row, Insert]], table: RegistryTable, outcome: Outcome, again: list[Row]
) -> None:
    results = table.insert_many([insert.item for _, insert in inserts])
    for (row, _), result in zip(inserts, results, strict=True):
        if result is True:
            outcome.counts.new += 1
        elif isinstance(result, InsertRefused):
            line, enrolment = row
            outcome.fail(
                line,
                enrolment.serial_number,
                f"DynamoDB refused the record ({result.code}): {result.message}",
            )
        else:
            again.append(row)
