"""Enrols one file: batches side by side, results in order, a checkpoint to go on from."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from tools.enrolment import checkpoint as checkpoints
from tools.enrolment.batch import BATCH_ROWS, Counts, Outcome, Problem, Row, enrol
from tools.enrolment.checkpoint import Checkpoint
from tools.enrolment.compare import Run
from tools.enrolment.rows import Catalogue, RowRefusedError, to_enrolment
from tools.enrolment.source import Format, Position, RawRow, Source, StalePositionError
from tools.ordered import in_order
from tools.registry.table import RegistryTable

CHECKPOINT_SECONDS = 1.0
_STANDARD_INPUT = "-"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to enrol, and where the run leaves its traces.

    ``checkpoint`` is None where the input cannot be read twice, or nothing is written.
    ``home_region`` is the home of rows that name none, ``default_home`` that of such records.
    """

    path: str
    form: Format
    report: Path
    checkpoint: Path | None
    table: RegistryTable
    caller_arn: str
    catalogue: Catalogue | None
    home_region: str | None = None
    default_home: str | None = None
    workers: int = 8
    dry_run: bool = False
    restart: bool = False


@dataclass(kw_only=True)
class Progress:
    """How far a run is. ``notes`` are sentences for the operator."""

    position: Position
    counts: Counts
    resumed_rows: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Batch:
    rows: list[Row]
    outcome: Outcome
    end: Position


def enrol_file(plan: Plan, tell: Callable[[Progress], None]) -> Progress:
    """Enrol a file from its checkpoint or its beginning, to its end.

    However it ends, the checkpoint stands behind the last batch whose results are reported;
    batches that were under way are compared again by the next run, and cost it no write.

    Args:
        plan: what to do.
        tell: called after each batch.

    Raises:
        FileRefusedError: the file holds no enrolments.
        OSError: a file cannot be read or written.
        ThrottledError, ClientError, BotoCoreError: the registry cannot be used.
    """
    with ExitStack() as stack:
        stream = _open(plan.path, stack)
        table_arn = plan.table.arn() if plan.checkpoint else ""
        notes: list[str] = []
        saved = _saved(plan, table_arn, notes)
        try:
            source = Source(stream, plan.form, saved.position if saved else None)
        except StalePositionError:
            notes.append(
                f"{plan.path} was changed before the place where the last run stopped: "
                "starting from its first row."
            )
            saved = None
            stream.seek(0)
            source = Source(stream, plan.form)
        if saved and saved.report_bytes and saved.report != _absolute(plan.report):
            notes.append(f"What was refused before is in {saved.report}.")
        began_at = saved.began_at if saved else int(time.time())
        state = Progress(
            position=source.position(),
            counts=saved.counts if saved else Counts(),
            resumed_rows=saved.counts.rows if saved else 0,
            notes=notes,
        )
        tell(state)
        report = stack.enter_context(_report(plan.report, saved))
        run = Run(by=plan.caller_arn, at=began_at, default_home=plan.default_home)
        here = Checkpoint(
            table_arn=table_arn,
            began_at=began_at,
            home_region=plan.home_region,
            position=state.position,
            report=_absolute(plan.report),
            report_bytes=report.tell(),
            counts=state.counts,
        )
        _run(plan, source, run, state=state, report=report, here=here, tell=tell)
    if plan.checkpoint:
        plan.checkpoint.unlink(missing_ok=True)
    if not plan.report.stat().st_size:
        plan.report.unlink()
    _outlast_the_second(began_at)
    return state


def _run(
    plan: Plan,
    source: Source,
    run: Run,
    *,
    state: Progress,
    report: BinaryIO,
    here: Checkpoint,
    tell: Callable[[Progress], None],
) -> None:
    def work(batch: _Batch) -> Outcome:
        return enrol(batch.rows, plan.table, run, dry_run=plan.dry_run)

    def save() -> None:
        if plan.checkpoint and here.counts.rows:
            report.flush()
            checkpoints.save(plan.checkpoint, here)

    saved_at = time.monotonic()
    try:
        for batch, written in in_order(work, _batches(source, plan), workers=plan.workers):
            problems = batch.outcome.problems + written.problems
            report.writelines(
                _report_line(problem) for problem in sorted(problems, key=lambda p: p.line)
            )
            state.counts = state.counts + batch.outcome.counts + written.counts
            state.position = batch.end
            # One assignment: an interruption leaves this batch counted and reported, or neither.
            here = replace(
                here,
                position=state.position,
                report_bytes=report.tell(),
                counts=state.counts,
            )
            tell(state)
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                save()
                saved_at = time.monotonic()
    except BaseException:
        save()
        raise


def _report_line(problem: Problem) -> bytes:
    line = {
        "line": problem.line,
        "serialNumber": problem.serial_number,
        "problem": problem.problem,
    }
    return json.dumps(line).encode() + b"\n"


def _batches(source: Source, plan: Plan) -> Iterator[_Batch]:
    rows: list[Row] = []
    outcome = Outcome()
    for raw in source.rows():
        _sort_in(raw, plan, rows, outcome)
        if len(rows) + outcome.counts.refused >= BATCH_ROWS:
            yield _Batch(rows=rows, outcome=outcome, end=source.position())
            rows, outcome = [], Outcome()
    if rows or outcome.counts.refused:
        yield _Batch(rows=rows, outcome=outcome, end=source.position())


def _sort_in(raw: RawRow, plan: Plan, rows: list[Row], outcome: Outcome) -> None:
    if raw.problems:
        outcome.refuse(raw.line, None, *raw.problems)
        return
    try:
        rows.append((raw.line, to_enrolment(raw.cells, plan.catalogue, plan.home_region)))
    except RowRefusedError as error:
        outcome.refuse(raw.line, raw.cells.get("serialNumber"), *error.problems)


def _open(path: str, stack: ExitStack) -> BinaryIO:
    if path == _STANDARD_INPUT:
        return sys.stdin.buffer
    return stack.enter_context(Path(path).open("rb"))


def _saved(plan: Plan, table_arn: str, notes: list[str]) -> Checkpoint | None:
    if plan.checkpoint is None or plan.restart:
        return None
    saved = checkpoints.load(plan.checkpoint)
    if saved is None:
        return None
    if saved.table_arn != table_arn:
        notes.append(
            f"The last run stopped while it enrolled into {saved.table_arn}; this one is for "
            f"{table_arn}: starting from the first row."
        )
        return None
    if saved.home_region != plan.home_region:
        notes.append(
            f"The last run stopped while it enrolled with {_home(saved.home_region)}; this one has "
            f"{_home(plan.home_region)}: starting from the first row."
        )
        return None
    return saved


def _home(region: str | None) -> str:
    return "no --home-region" if region is None else f"--home-region {region}"


def _absolute(path: Path) -> str:
    return str(path.resolve())


def _report(path: Path, saved: Checkpoint | None) -> BinaryIO:
    """Open the report behind what the checkpoint knows of it: no line comes twice."""
    if saved is None or saved.report != _absolute(path) or not path.exists():
        return path.open("wb")
    report = path.open("r+b")
    # Truncating a file to more than it has would fill it up with NUL bytes.
    report.truncate(min(saved.report_bytes, path.stat().st_size))
    report.seek(0, 2)
    return report


def _outlast_the_second(began_at: int) -> None:
    """Wait until the run's second is over: it marks this run's records, and only this run's."""
    if int(time.time()) == began_at:
        time.sleep(max(0.0, began_at + 1 - time.time()))


def as_json(counts: Counts) -> dict[str, int]:
    """Return the counts for a program to read."""
    return {"rows": counts.rows, **asdict(counts)}
