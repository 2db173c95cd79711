"""Run `terraform validate` on everything below `terraform/`: what is called, with its caller.

In a copy, so that no `.terraform` directory, lock file or plan appears in the repository, and with
an empty package where a configuration reads one, so that `validate` does not depend on a build.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import terraform_env

_LOCAL_SOURCE = re.compile(r'^ *source *= *"(\.\.?(?:/[^"]*)?)"', re.MULTILINE)
LEFT_OUT = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "README.md")


def configurations(root: Path) -> list[Path]:
    """Every directory below `root` that is a module and that no other calls, sorted.

    Relative to `root`. Terraform validates with each of them what it calls.
    """
    modules = {path.parent for path in root.glob("terraform/**/versions.tf")}
    called = {
        (directory / source).resolve()
        for directory in modules
        for path in directory.glob("*.tf")
        for source in _LOCAL_SOURCE.findall(path.read_text(encoding="utf-8"))
    }
    return sorted(each.relative_to(root) for each in modules if each.resolve() not in called)


def copy(root: Path, target: Path) -> None:
    """Copy what the configurations below `root` read."""
    for name in ("terraform", "policies"):
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=LEFT_OUT)
    (target / "build").mkdir()
    for package in (root / "lambda_src").glob("*/handler.py"):
        (target / "build" / f"{package.parent.name}.zip").touch()


def validate(directory: Path) -> str:
    """Initialise and validate one configuration.

    Args:
        directory: Of the configuration; `.terraform` is made in it.

    Returns:
        Nothing when it is valid, else what Terraform said.
    """
    environment = terraform_env.environment()
    commands = (["init", "-backend=false", "-input=false", "-no-color"], ["validate", "-no-color"])
    for command in commands:
        done = subprocess.run(
            [environment["TERRAFORM"], *command],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            return done.stdout
        if command[0] == "validate" and "Warning:" in done.stdout:
            return done.stdout
    return ""


def main(root: Path = terraform_env.ROOT) -> int:
    """Validate everything; print what is wrong, warnings included."""
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary)
        copy(root, target)
        for name in configurations(root):
            try:
                problem = validate(target / name)
            except terraform_env.ToolError as error:
                print(error, file=sys.stderr)
                return 1
            if problem:
                failed += 1
                print(f"{name}:\n{problem}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
