"""What a function of the embedded endpoint prints, told as of the invocation that printed it.

The engine's functions print into a pipe, and a thread reads it; an invocation waits for that thread
some milliseconds. On a busy machine lines came later, and were told as of the function's next
invocation, or never. Here an invocation empties the pipe itself, which holds whatever the function
printed before it answered.

It runs in the engine's own environment and imports nothing of the project.
"""

import os
import select
import threading
from typing import Any


class Pipe:
    """The end of a pipe that a function prints into.

    Args:
        process: The function's, whose standard error it is.
        lines: The queue that takes what was printed, line by line.
    """

    def __init__(self, process: Any, lines: Any) -> None:
        self.process = process
        self._lines = lines
        self._begun = b""
        self._lock = threading.Lock()
        os.set_blocking(process.stderr.fileno(), False)

    def empty(self) -> bool:
        """Hand on what it holds; False once the function has closed it."""
        with self._lock:
            while True:
                try:
                    read = os.read(self.process.stderr.fileno(), 65_536)
                except BlockingIOError:
                    return True
                # A last line without an end is one all the same.
                *lines, begun = (self._begun + read).split(b"\n")
                if not read and begun:
                    lines, begun = [begun], b""
                self._begun = begun
                for line in lines:
                    self._lines.put(line.decode(errors="replace"))
                if not read:
                    return False


def mend(runtime: Any) -> None:
    """Let the engine's module for functions read their pipes as above."""
    worker, lock = runtime.Worker, threading.Lock()

    def pipe_of(self):
        with lock:
            pipe = getattr(self, "_pipe", None)
            # An invocation that failed has no process any more, but its lines are still here.
            if self._proc is not None and (pipe is None or pipe.process is not self._proc):
                pipe = self._pipe = Pipe(self._proc, self._stderr_queue)
            return pipe

    def read_as_it_comes(self):
        # A pipe that nobody empties stops whoever prints into it.
        pipe = pipe_of(self)
        waiting = select.poll()
        waiting.register(pipe.process.stderr.fileno(), select.POLLIN)
        while waiting.poll() and pipe.empty():
            pass

    def drain(self, **_):
        pipe_of(self).empty()
        return self._drain_stderr()

    worker._read_stderr, worker._drain_stderr_bounded = read_as_it_comes, drain
