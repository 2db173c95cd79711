"""What a rollout shows while it runs, and the tables at its end."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from tools.cli.console import console, plural, printable
from tools.rollout.model import Target, Wave
from tools.rollout.record import PlanSummary, Record, Stage, Status
from tools.rollout.report import HEADINGS, Report, duration, row

_WORDS = {
    Status.SUCCEEDED: "done",
    Status.PLANNED: "planned",
    Status.FAILED: "FAILED",
    Status.INTERRUPTED: "interrupted",
}


class Display:
    """A line for each target under way on a terminal; elsewhere, a line for what has happened."""

    def __init__(self) -> None:
        self._out = console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[stage]}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._out,
            transient=True,
            disable=not self._out.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, sentence: str) -> None:
        """Print a line above those that move."""
        self._bars.console.print(printable(sentence))

    def wave(self, wave: Wave) -> None:
        """Say which wave begins."""
        at_a_time = f", {wave.max_parallel} at a time" if len(wave.targets) > 1 else ""
        self.say(f"Wave {wave.name}: {plural(len(wave.targets), 'target')}{at_a_time}")

    def stage(self, target: Target, stage: Stage) -> None:
        """Show where a target is."""
        if not self._out.is_terminal:
            self.say(f"  {target.key}: {stage}")
        elif target.key in self._tasks:
            self._bars.update(self._tasks[target.key], stage=stage, total=None, completed=0)
        else:
            self._tasks[target.key] = self._bars.add_task(target.key, stage=stage, total=None)

    def applied(self, target: Target, done: int, plan: PlanSummary) -> None:
        """Show how much of a plan is done."""
        if target.key in self._tasks:
            total = plan.adds + plan.changes + plan.destroys
            self._bars.update(self._tasks[target.key], completed=done, total=total)

    def ended(self, record: Record) -> None:
        """Say what came of a target."""
        task = self._tasks.pop(record.key, None)
        if task is not None:
            self._bars.remove_task(task)
        took = f" ({duration(record.seconds)})"
        self.say(f"  {record.key}: {_WORDS[record.status]}{took}: {record.sentence}")

    def baking(self, wave: Wave, left: float) -> None:
        """Show how long a wave still bakes."""
        key = f"Wave {wave.name}"
        stage = f"bakes for another {duration(left)}"
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(key, stage=stage, total=wave.bake_seconds)
            if not self._out.is_terminal:
                self.say(f"{key} {stage}")
        self._bars.update(self._tasks[key], stage=stage, completed=wave.bake_seconds - left)
        if left <= 1:
            self._bars.remove_task(self._tasks.pop(key))


def rows(report: Report, waves: Iterable[Wave]) -> list[tuple[str, ...]]:
    """Return the summary table's rows: every target of these waves, begun or not."""
    return [
        _row(target, report.records.get(target.key)) for wave in waves for target in wave.targets
    ]


def _row(target: Target, record: Record | None) -> tuple[str, ...]:
    if record is None:
        begun = (target.key, target.account_id, target.wave, "not begun")
        return begun + ("",) * (len(HEADINGS) - len(begun))
    return row(record, _WORDS[record.status])


def removals(report: Report, waves: Iterable[Wave]) -> list[tuple[str, str, str]]:
    """Return what plans take away: target, what happens to it, address."""
    keys = [target.key for wave in waves for target in wave.targets]
    records = [report.records[key] for key in keys if key in report.records]
    return [
        (record.key, "replaced" if each.replaced else "destroyed", each.address)
        for record in records
        for each in (record.plan.removals if record.plan else ())
    ]
