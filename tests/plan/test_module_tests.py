"""Every run of every `*.tftest.hcl` file, with a mocked provider: no endpoint.

`terraform test` runs a whole file; each of its runs is one test here, with what Terraform said
about it.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.terraform import ROOT, Workspace, stage

FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("terraform", "tests/terraform")
    for path in (ROOT / folder).glob("**/*.tftest.hcl")
    if ".terraform" not in path.parts
)
RUN = re.compile(r'^run "([^"]+)" \{', re.MULTILINE)
RUNS = [(file, run) for file in FILES for run in RUN.findall((ROOT / file).read_text())]
PASSED_OR_FAILED = (0, 1)


def configuration_of(file: Path) -> Path:
    """The configuration a test file is about: its own directory, or the one above `tests/`."""
    return file.parent.parent if file.parent.name == "tests" else file.parent


class Results:
    """What each run of a file came to, found out once."""

    def __init__(self, copy: Path) -> None:
        self._copy = copy
        self._workspaces: dict[Path, Workspace] = {}
        self._of_file: dict[Path, tuple[dict[str, str], dict[str, list[str]]]] = {}

    def __call__(self, file: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Status by run, and what Terraform had to say by run ("" is the file as a whole)."""
        if file not in self._of_file:
            self._of_file[file] = self._run(file)
        return self._of_file[file]

    def _run(self, file: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
        configuration = configuration_of(file)
        if configuration not in self._workspaces:
            self._workspaces[configuration] = Workspace(self._copy, str(configuration)).init()
        inside = file.relative_to(configuration).as_posix()
        _, output = self._workspaces[configuration].run(
            "test", "-json", f"-filter={inside}", accept=PASSED_OR_FAILED
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


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(stage(tmp_path_factory.mktemp("plan")))


@pytest.mark.parametrize(
    ("file", "run"), RUNS, ids=[f"{file.name.partition('.')[0]}-{run}" for file, run in RUNS]
)
def test_run(results, file, run):
    statuses, said = results(file)
    why = "\n".join(said[run] + said[""])
    assert statuses.get(run) == "pass", f"{file}, run {run}: {statuses.get(run)}\n{why}"
