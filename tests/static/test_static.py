"""The checks of `make lint`, so that one command runs every check there is."""

import os
import subprocess

import pytest

from tools.terraform_env import ROOT


@pytest.mark.parametrize("target", ["lint-python", "lint-terraform", "lint-docs"])
def test_target(target):
    # The flags of a make that runs these tests, its job server among them, are not for this one.
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MFLAGS"}}
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"make {target}\n{done.stdout}{done.stderr}"
