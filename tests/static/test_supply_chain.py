"""Nobody else's code gets in unseen: by an installation, by Terraform or by a pipeline."""

import re

import pytest

from tests.support.terraform import ROOT
from tools import lock

CONFIGURATIONS = sorted(
    path
    for folder in ("terraform", "tests/terraform")
    for path in (ROOT / folder).rglob("*.tf")
    if ".terraform" not in path.parts
)


def test_every_file_of_requirements_is_a_locked_one():
    assert {path.name for path in ROOT.glob("requirements*")} == set(lock.FILES)


def test_what_is_installed_is_checked_by_its_hash_or_comes_from_no_index():
    installs = re.findall(r"\bpip install (.*)", (ROOT / "Makefile").read_text())
    assert len(installs) == 2
    for options in installs:
        assert "--require-hashes" in options or {"--no-deps", "--no-index"} <= set(options.split())


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_terraform_calls_this_repositorys_modules_and_one_provider(path):
    for source in re.findall(r'^ *source *= *"([^"]*)"', path.read_text(), re.MULTILINE):
        local = source.startswith(".") and (path.parent / source).resolve().is_relative_to(ROOT)
        assert local or source == "hashicorp/aws"


def test_no_pipeline_runs_code_of_somebody_else():
    """But the rollout's, which begins by hand alone: test_workflows.py looks at its actions."""
    definitions = [".gitlab-ci.yml", ".circleci", "azure-pipelines.yml", "Jenkinsfile"]
    assert [name for name in definitions if (ROOT / name).exists()] == []
    github = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.*")}
    assert github == {".github/workflows/rollout.yml", ".github/workflows/rollout-wave.yml"}
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec make test"
