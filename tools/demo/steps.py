"""Progress on a terminal: a line per step, with its time and what came of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

_LABEL_WIDTH = 46


@dataclass
class Step:
    """A step under way: a few words on what is going on, and in the end on what came of it."""

    result: str = ""
    news: str = ""


class Steps:
    """Prints the steps of one run.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def step(self, label: str) -> Iterator[Step]:
        """Print a step's line: what it is at once, its time and result when it is done."""
        step = Step()
        began = time.monotonic()
        dots = "." * max(2, _LABEL_WIDTH - cell_len(label))
        line = f"{label} {dots}"
        if self._console.is_terminal:
            with self._spinner(label, step):
                yield step
        else:
            self._console.print(line, end="", soft_wrap=True)
            self._console.file.flush()
            line = ""
            try:
                yield step
            except BaseException:
                self._console.print()
                raise
        seconds = time.monotonic() - began
        self._console.print(f"{line} {seconds:5.1f} s  {step.result}".rstrip(), soft_wrap=True)

    @contextlib.contextmanager
    def _spinner(self, label: str, step: Step) -> Iterator[None]:
        text = "{task.description}  {task.fields[step].news}"
        bar = Progress(
            SpinnerColumn(),
            TimeElapsedColumn(),
            TextColumn(text, markup=False, table_column=Column(no_wrap=True, ratio=1)),
            console=self._console,
            transient=True,
            expand=True,
        )
        bar.add_task(label, total=None, step=step)
        with bar:
            yield
