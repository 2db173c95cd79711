"""Every run of every `*.tftest.hcl` file, with a mocked provider: no endpoint.

`terraform test` runs a whole file; each of its runs is one test here, with what Terraform said
about it.
"""

import re

import pytest

from tests.support.terraform import ROOT

RUN = re.compile(r'^run "([^"]+)" \{', re.MULTILINE)
RUNS = [
    (path.name, run)
    for path in sorted((ROOT / "tests/terraform/plan").glob("*.tftest.hcl"))
    for run in RUN.findall(path.read_text())
]


@pytest.mark.parametrize(
    ("file", "run"), RUNS, ids=[f"{file.partition('.')[0]}-{run}" for file, run in RUNS]
)
def test_run(results, file, run):
    statuses, said = results(file)
    why = "\n".join(said[run] + said[""])
    assert statuses.get(run) == "pass", f"{file}, run {run}: {statuses.get(run)}\n{why}"
