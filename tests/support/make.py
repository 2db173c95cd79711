"""The project's own targets, run by tests as a user would run them."""

import os
import subprocess

from tools.terraform_env import ROOT


def make(target: str) -> str:
    """What `make TARGET` printed, which must end well."""
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
    return done.stdout
