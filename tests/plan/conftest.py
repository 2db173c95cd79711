"""Terraform's own tests begin when pytest does, and run beside the layers that come before.

They need processors, no endpoint, and nothing that other tests make. What each run came to is
collected here; test_module_tests.py makes each a test.
"""

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.terraform import ROOT, Workspace, stage

PASSED_OR_FAILED = (0, 1)


def configuration_of(file: Path) -> Path:
    """The configuration a test file is about: its own directory, or the one above `tests/`."""
    return file.parent.parent if file.parent.name == "tests" else file.parent


class Results:
    """What each run of a file came to. The files run beside each other, one on each processor.

    Args:
        files: Those that are asked for, in their order.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._copy = tempfile.TemporaryDirectory(prefix="plan-")
        copy = stage(Path(self._copy.name))
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count())
        self._initialised = {
            configuration: self._pool.submit(Workspace(copy, str(configuration)).init)
            for configuration in {configuration_of(file) for file in files}
        }
        self._of_file = {file: self._pool.submit(self._run, file) for file in files}

    def __call__(self, file: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Status by run, and what Terraform had to say by run ("" is the file as a whole)."""
        return self._of_file[file].result()

    def close(self) -> None:
        """Forget what nobody asked for, and the copy."""
        self._pool.shutdown(cancel_futures=True)
        self._copy.cleanup()

    def _run(self, file: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
        configuration = configuration_of(file)
        inside = file.relative_to(configuration).as_posix()
        _, output = (
            self._initialised[configuration]
            .result()
            .run("test", "-json", f"-filter={inside}", accept=PASSED_OR_FAILED)
        )
        statuses: dict[str, str] = {}
        said: dict[str, list[str]] = defaultdict(list)
        for line in output.splitlines():
            try:
                message = json.loads(line)
            except ValueError:
                said[""].append(line)
                continue
            if message.get("type") == "test_run" and message["test_run"].get("status"):
                statuses[message["test_run"]["run"]] = message["test_run"]["status"]
            if message.get("type") == "diagnostic":
                diagnostic = message["diagnostic"]
                text = f"{diagnostic['summary']}: {diagnostic.get('detail', '')}"
                said[message.get("@testrun", "")].append(text)
        return statuses, said


RESULTS = pytest.StashKey[Results]()


def pytest_collection_finish(session):
    """Begin with the files of the selected tests, the longest first."""
    files = {item.callspec.params["file"] for item in session.items if asks_for_results(item)}
    if files and not session.config.option.collectonly:
        ordered = sorted(files, key=lambda file: -(ROOT / file).stat().st_size)
        session.config.stash[RESULTS] = Results(ordered)


def asks_for_results(item):
    """Whether a test is about a run of a file."""
    return item.path.parent == Path(__file__).parent and "results" in item.fixturenames


def pytest_sessionfinish(session):
    """Stop what nobody asks for any more."""
    results = session.config.stash.get(RESULTS, None)
    if results is not None:
        results.close()


@pytest.fixture(scope="session")
def results(request):
    """What each run came to."""
    return request.config.stash[RESULTS]
