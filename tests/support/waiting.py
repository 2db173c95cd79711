"""Waiting for what comes about by itself: a log's line, an event's effect, the other Region."""

import contextlib
import inspect
import time
from collections.abc import Callable
from typing import Any

# Whoever has not seen it by then need not wait on, even on a busy machine.
SECONDS = 60.0
PAUSE_SECONDS = 0.1


def until(look: Callable[[], Any], seconds: float = SECONDS, pause: float = PAUSE_SECONDS) -> Any:
    """Look until there is something to see, and return it.

    Args:
        look: Its first words, or a lambda's source, name what was waited for.
        seconds: How long at most.
        pause: Between two looks.

    Raises:
        AssertionError: There was nothing to see in time.
    """
    seen = in_time(look, seconds, pause)
    if not seen:
        raise AssertionError(f"not within {seconds:g} s: {_words(look)} The last look saw {seen!r}")
    return seen


def in_time(look: Callable[[], Any], seconds: float = SECONDS, pause: float = PAUSE_SECONDS) -> Any:
    """Look until there is something to see, and return the last look's answer in any case.

    For tests that say for themselves what is wrong. Arguments are as for `until`.
    """
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(pause)
    return seen


def _words(look: Callable[[], Any]) -> str:
    if look.__doc__:
        return look.__doc__.partition("\n")[0]
    with contextlib.suppress(OSError, TypeError):
        return f"{' '.join(inspect.getsource(look).split())}."
    return f"{look!r}."
