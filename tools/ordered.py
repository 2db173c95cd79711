"""Work done side by side whose results come back in order, with a bounded number under way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def in_order(
    function: Callable[[_Task], _Result], tasks: Iterable[_Task], *, workers: int
) -> Iterator[tuple[_Task, _Result]]:
    """Yield each task with its result, in the order of the tasks.

    ``Executor.map`` would take every task at once; here at most twice as many as there are
    workers are under way, so the memory in use does not grow with their number. Ended early, by
    an error, an interruption or the caller, it drops what has not begun and waits for what has.

    Args:
        function: what to do with a task; it runs in several threads.
        tasks: read in the caller's thread.
        workers: how many tasks run at a time.

    Raises:
        Exception: what ``function`` raised for the first task that failed, or ``tasks`` raised.
    """
    source = iter(tasks)
    under_way: deque[tuple[_Task, Future[_Result]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                for task in islice(source, 2 * workers - len(under_way)):
                    under_way.append((task, pool.submit(function, task)))
                if not under_way:
                    return
                task, future = under_way.popleft()
                yield task, future.result()
        finally:
            for _, future in under_way:
                future.cancel()
