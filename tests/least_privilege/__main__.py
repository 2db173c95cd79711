"""`make least-privilege`: every right is proven, or documented, or the command fails."""

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.least_privilege import documented, inventory, report, runner, stacks
from tests.least_privilege.flows import FLOWS
from tests.least_privilege.inventory import Entry
from tests.least_privilege.report import Row
from tests.least_privilege.runner import Proof
from tests.support.endpoint import new_account
from tests.support.stack import Stack
from tools.endpoint import embedded_endpoint


class Run:
    """One run over all stacks, with what it found so far."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.proofs: dict[inventory.Key, Proof] = {}
        self.tried: set[inventory.Key] = set()
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def stack(self, name: str, stack: Stack, entries: Sequence[Entry]) -> None:
        """Everything that is to be tried in one stack."""
        flows = [flow for flow in FLOWS if flow.stack == name]
        due = [one for one in entries if any(flow.stack == name for flow in one.flows)]
        papers = [one for one in entries if one.documented and name in one.held]
        task = self.progress.add_task(name, total=len(due) + 3)

        def tell(what: str) -> None:
            self.progress.update(task, description=f"{name:8} {what[:70]:70}")

        def done() -> None:
            self.progress.advance(task)

        try:
            stacks.quiet(stack)
            runner.sufficient(stack, flows, tell, "with every right")
            done()
            for entry in runner.stale(stack, name, flows, papers, tell):
                self._fault(f"{entry.key.file}, {entry.key.name}: documented, but a flow breaks")
            done()
            for entry in due:
                if entry.key not in self.proofs:
                    self._try(stack, name, entry, tell)
                done()
            runner.sufficient(stack, flows, tell, "with every right again")
            done()
        except Exception as error:  # noqa: BLE001  the other stacks go on, and the report has it
            self._fault(f"{name}: {type(error).__name__}: {error}")
        tell("done")

    def _try(self, stack: Stack, name: str, entry: Entry, tell: runner.Tell) -> None:
        proof = runner.prove(stack, name, entry, tell)
        with self._lock:
            self.tried.add(entry.key)
            if proof is not None:
                self.proofs[entry.key] = proof

    def _fault(self, what: str) -> None:
        with self._lock:
            self.faults.append(what)


def main() -> int:
    """Apply, try, write the report; 1 where something is neither proven nor documented."""
    console, started = Console(), time.monotonic()
    # A run that ends early must not leave the report of another one.
    report.remove(report.DIRECTORY)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    papers = documented.read()
    with (
        embedded_endpoint(auth=True) as endpoint,
        tempfile.TemporaryDirectory(prefix="least-privilege-") as directory,
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
    ):
        applying = progress.add_task("applying the stacks", total=None)
        here = Path(directory)
        with stacks.applied(endpoint, here, stacks.STACKS) as applied:
            found = {name: (stack, stacks.holders_of(stack)) for name, stack in applied.items()}
            baseline = stacks.planned_baseline(new_account(endpoint), here / stacks.BASELINE)
            found[stacks.BASELINE] = (None, baseline)
            entries = inventory.take(found, FLOWS, papers)
            progress.remove_task(applying)
            run = Run(progress)
            with ThreadPoolExecutor(len(applied)) as pool:
                futures = [pool.submit(run.stack, *one, entries) for one in applied.items()]
            for future in futures:
                future.result()
    rows = [
        Row(entry, run.proofs.get(entry.key), tried=entry.key in run.tried) for entry in entries
    ]
    faults = [*run.faults, *unused(papers, entries)]
    seconds = time.monotonic() - started
    report.write(rows, report.DIRECTORY, seconds=seconds, faults=faults)
    return show(console, rows, faults, seconds)


def unused(papers: Sequence[documented.Documented], entries: Sequence[Entry]) -> list[str]:
    """Documentation of rights that nobody has: each pattern, in each policy that it stands for."""
    told = []
    for paper in papers:
        rights = [entry.key.name for entry in entries if entry.documented == paper]
        told += [
            f"documented.toml: nothing in {paper.policy} needs the entry on {pattern}"
            for pattern in paper.rights
            if pattern not in paper.fitting(rights)
        ]
    return told


def show(console: Console, rows: Sequence[Row], faults: Sequence[str], seconds: float) -> int:
    """Print what the report says in short, and return the exit code."""
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        by_file.setdefault(row.entry.key.file, []).append(row)
    table = Table(title="Least privilege")
    table.add_column("policy")
    for column in ("granted", report.PROVEN, report.DOCUMENTED, report.UNEXPLAINED):
        table.add_column(column, justify="right")
    for file, of_file in by_file.items():
        table.add_row(file, *map(str, report.totals(of_file).values()))
    table.add_section()
    table.add_row("all", *map(str, report.totals(rows).values()), style="bold")
    console.print(table)
    bad = [row for row in rows if row.verdict == report.UNEXPLAINED]
    for row in bad:
        key = row.entry.key
        console.print(
            f"[red]{key.file} ({key.group}) {key.sid}: {key.name}: {row.why}", soft_wrap=True
        )
    for fault in faults:
        console.print(f"[red]{fault}", soft_wrap=True)
    console.print(f"{seconds / 60:.1f} minutes; {report.DIRECTORY.name}/least-privilege.md")
    return 1 if bad or faults else 0


if __name__ == "__main__":
    sys.exit(main())
