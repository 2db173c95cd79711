"""Every `*.tftest.hcl` file, run by `terraform test` with a mocked provider: no endpoint."""

from pathlib import Path

import pytest

from tests.support.terraform import ROOT, Workspace, stage

FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("terraform", "tests/terraform")
    for path in (ROOT / folder).glob("**/*.tftest.hcl")
    if ".terraform" not in path.parts
)


def configuration_of(file: Path) -> Path:
    """The configuration a test file is about: its own directory, or the one above `tests/`."""
    return file.parent.parent if file.parent.name == "tests" else file.parent


@pytest.fixture(scope="module")
def initialised(tmp_path_factory):
    """A configuration in a copy, initialised once for all its test files."""
    copy = stage(tmp_path_factory.mktemp("plan"))
    made = {}

    def get(configuration: Path) -> Workspace:
        if configuration not in made:
            made[configuration] = Workspace(copy, str(configuration)).init()
        return made[configuration]

    return get


@pytest.mark.parametrize("file", FILES, ids=str)
def test_terraform_test(initialised, file):
    configuration = configuration_of(file)
    inside = file.relative_to(configuration).as_posix()
    _, output = initialised(configuration).run("test", "-no-color", f"-filter={inside}")
    assert "0 passed" not in output, f"{file} holds no run\n{output}"
