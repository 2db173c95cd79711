"""Enrols one file: batches side by side, results in order, a checkpoint to go on from."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
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
    """

    path: str
    form: Format
    report: Path
    checkpoint: Path | None
    table: RegistryTable
    caller_arn: str
    catalogue: Catalogue | None
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
        saved = _saved(plan)
        notes: list[str] = []
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
        began_at = saved.began_at if saved else int(time.time())
        state = Progress(
            position=source.position(),
            counts=saved.counts if saved else Counts(),
            resumed_rows=saved.counts.rows if saved else 0,
            notes=notes,
        )
        tell(state)
        report = stack.enter_context(_report(plan.report, saved))
        run = Run(by=plan.caller_arn, at=began_at)
        _run(plan, source, run, state=state, report=report, tell=tell)
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
    tell: Callable[[Progress], None],
) -> None:
    def work(batch: _Batch) -> Outcome:
        return enrol(batch.rows, plan.table, run, dry_run=plan.dry_run)

    done = _here(plan, run, state, report)

    def save() -> None:
        if plan.checkpoint and done.counts.rows:
            report.flush()
            checkpoints.save(plan.checkpoint, done)

    saved_at = time.monotonic()
    try:
        for batch, written in in_order(
            work, _batches(source, plan.catalogue), workers=plan.workers
        ):
            problems = batch.outcome.problems + written.problems
            report.writelines(
                _report_line(problem) for problem in sorted(problems, key=lambda p: p.line)
            )
            state.counts = state.counts + batch.outcome.counts + written.counts
            state.position = batch.end
            # One assignment: an interruption leaves this batch counted and reported, or neither.
            done = _here(plan, run, state, report)
            tell(state)
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                save()
                saved_at = time.monotonic()
    except BaseException:
        save()
        raise


def _here(plan: Plan, run: Run, state: Progress, report: BinaryIO) -> Checkpoint:
    return Checkpoint(
        table=plan.table.name,
        began_at=run.at,
        position=state.position,
        report_bytes=report.tell(),
        counts=state.counts,
    )


def _report_line(problem: Problem) -> bytes:
    line = {
        "line": problem.line,
        "serialNumber": problem.serial_number,
        "problem": problem.problem,
    }
    return json.dumps(line).encode() + b"\n"


def _batches(source: Source, catalogue: Catalogue | None) -> Iterator[_Batch]:
    rows: list[Row] = []
    outcome = Outcome()
    for raw in source.rows():
        _sort_in(raw, catalogue, rows, outcome)
        if len(rows) + outcome.counts.refused >= BATCH_ROWS:
            yield _Batch(rows=rows, outcome=outcome, end=source.position())
            rows, outcome = [], Outcome()
    if rows or outcome.counts.refused:
        yield _Batch(rows=rows, outcome=outcome, end=source.position())


def _sort_in(raw: RawRow, catalogue: Catalogue | None, rows: list[Row], outcome: Outcome) -> None:
    if raw.problems:
        outcome.refuse(raw.line, None, *raw.problems)
        return
    try:
        rows.append((raw.line, to_enrolment(raw.cells, catalogue)))
    except RowRefusedError as error:
        outcome.refuse(raw.line, raw.cells.get("serialNumber"), *error.problems)


def _open(path: str, stack: ExitStack) -> BinaryIO:
    if path == _STANDARD_INPUT:
        return sys.stdin.buffer
    return stack.enter_context(Path(path).open("rb"))


def _saved(plan: Plan) -> Checkpoint | None:
    if plan.checkpoint is None or plan.restart:
        return None
    saved = checkpoints.load(plan.checkpoint)
    return saved if saved and saved.table == plan.table.name else None


def _report(path: Path, saved: Checkpoint | None) -> BinaryIO:
    """Open the report behind what the checkpoint knows of it: no line comes twice."""
    if saved is None or not path.exists():
        return path.open("wb")
    report = path.open("r+b")
    report.truncate(saved.report_bytes)
    report.seek(0, 2)
    return report


def _outlast_the_second(began_at: int) -> None:
    """Wait until the run's second is over: it marks this run's records, and only this run's."""
    if int(time.time()) == began_at:
        time.sleep(max(0.0, began_at + 1 - time.time()))


def as_json(counts: Counts) -> dict[str, int]:
    """Return the counts for a program to read."""
    return {"rows": counts.rows, **asdict(counts)}
