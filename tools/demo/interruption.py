"""Interrupted runs: end once, in order, and let nothing hold up the end."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import NoReturn

from tools.demo.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_stopped = threading.Event()


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    # What was started is being stopped from here on; a second signal must not interrupt that.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    _stopped.set()
    raise KeyboardInterrupt


def install() -> None:
    """Make the first of the usual signals end the run in order, and the following ones do nothing.

    Raises:
        KeyboardInterrupt: in the main thread, when the signal comes.
    """
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def pause(seconds: float) -> None:
    """Sleep between two tries of a device.

    Raises:
        StoppedError: the run was interrupted.
    """
    if _stopped.wait(seconds):
        raise StoppedError
