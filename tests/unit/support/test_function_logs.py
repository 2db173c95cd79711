"""An invocation has every line that its function printed, however late somebody else reads."""

import queue
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from tests.support import function_logs

MANY = 200_000


@pytest.fixture
def worker():
    """`worker(code)`: the engine's, whose function runs the code and answers on standard output."""

    class Worker:
        def __init__(self, code):
            self._stderr_queue = queue.Queue()
            self._proc = subprocess.Popen(
                [sys.executable, "-c", f"import sys; {code}; print('done', flush=True)"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            workers.append(self._proc)

        def answer(self):
            assert self._proc.stdout.readline() == "done\n"

        def _drain_stderr(self):
            return "\n".join(self._stderr_queue.queue)

    workers = []
    function_logs.mend(SimpleNamespace(Worker=Worker))
    yield Worker
    for process in workers:
        process.communicate()


def test_what_was_printed_before_the_answer_is_there_at_once(worker):
    """No thread reads here at all."""
    function = worker("sys.stderr.write('one\\ntwo\\n')")
    function.answer()
    assert function._drain_stderr_bounded(first_line_wait=0.1) == "one\ntwo"


def test_a_function_that_failed_has_no_process_and_its_lines_all_the_same(worker):
    function = worker("sys.stderr.write('one\\n')")
    function.answer()
    function._drain_stderr_bounded()
    function._proc = None
    assert function._drain_stderr_bounded() == "one"


def test_much_is_read_as_it_comes_and_the_last_line_needs_no_end(worker):
    function = worker(f"sys.stderr.write('x' * {MANY} + '\\nend')")
    reader = threading.Thread(target=function._read_stderr)
    reader.start()
    function.answer()
    function._proc.wait()
    reader.join(10)
    assert not reader.is_alive()
    assert function._drain_stderr_bounded() == "x" * MANY + "\nend"
