"""The checks of `make lint` and `make checkov`, so that one command runs every check there is."""

import subprocess

import pytest

from tools.terraform_env import ROOT


@pytest.mark.parametrize("target", ["lint-python", "lint-terraform", "lint-docs", "checkov"])
def test_target(target):
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"make {target}\n{done.stdout}{done.stderr}"
