"""Terraform's own tests: a file is run when the first of its runs is asked for."""

import functools
import json
from collections import defaultdict

import pytest

from tests.support.terraform import Workspace, stage

PASSED_OR_FAILED = (0, 1)


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """`results(file)`: status by run, and what Terraform had to say by run ("" is the file)."""
    copy = stage(tmp_path_factory.mktemp("plan"))
    workspace = Workspace(copy, "tests/terraform/plan").init()
    with workspace.one_provider():
        yield functools.cache(functools.partial(_run, workspace))


def _run(workspace, file):
    _, output = workspace.run("test", "-json", f"-filter={file}", accept=PASSED_OR_FAILED)
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
