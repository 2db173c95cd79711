"""The stacks of the demonstration: examples, each applied from a copy of its own.

The copy keeps state, plans and keys out of the repository's own directories.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import terraform_env
from tools.demo.errors import DemoError
from tools.endpoint import Endpoint

ROOT = terraform_env.ROOT
EXAMPLES = Path("terraform/examples")
_LEFT_OUT = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "*.tfvars*")
_TAIL_LINES = 30
# The provider repeats a failing call 25 times with growing pauses: minutes without a word.
_FEW_RETRIES = 'provider "aws" {\n  max_retries = 2\n}\n'


@dataclass(frozen=True)
class Stack:
    """What was applied.

    Attributes:
        outputs: Terraform's outputs, name and value.
        stack_file: `terraform output -json`, as the operator's tools read it.
        resources: How many resources Terraform made.
    """

    outputs: Mapping[str, Any]
    stack_file: Path
    resources: int

    @property
    def name_prefix(self) -> str:
        """The start of every name."""
        return str(self.outputs["name_prefix"])

    @property
    def log_groups(self) -> tuple[str, ...]:
        """The log groups that hold decisions: the hook's and the gates'."""
        authorities = self.outputs.get("certificate_authorities", {}).values()
        gates = [authority["log_group_name"] for authority in authorities]
        return (self.outputs["hook_log_group_name"], *filter(None, gates))

    def template_name(self, key: str) -> str:
        """The name of a provisioning template, by its key in the configuration."""
        return str(self.outputs["templates"][key]["name"])


class Workspace:
    """A directory that everything of one stack goes to.

    Args:
        directory: Is emptied first. Only its owner may look inside: it holds keys.
        endpoint: Where to apply.
        example: Which one of terraform/examples.

    Attributes:
        example: Its path in the repository.
    """

    def __init__(self, directory: Path, endpoint: Endpoint, example: str) -> None:
        self.directory = directory
        self.example = EXAMPLES / example
        self._log = directory / "terraform.log"
        self._configuration = directory / self.example
        own = terraform_env.environment(endpoint.environment())
        self._environment = {
            name: value
            for name, value in own.items()
            # The user's own Terraform settings are for the user's own stacks.
            if not name.startswith("TF_VAR_") and name not in {"TF_DATA_DIR", "TF_WORKSPACE"}
        }

    def prepare(self) -> None:
        """Copy the configurations.

        Raises:
            DemoError: The Lambda packages were not built.
        """
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True, mode=0o700)
        for name in ("terraform", "policies"):
            shutil.copytree(ROOT / name, self.directory / name, ignore=_LEFT_OUT)
        (self.directory / "build").mkdir()
        packages = list((ROOT / "build").glob("*.zip"))
        if not packages:
            raise DemoError("The Lambda packages are missing: run `make package`.")
        for package in packages:
            shutil.copy(package, self.directory / "build")
        (self._configuration / "retries_override.tf").write_text(_FEW_RETRIES, encoding="utf-8")

    def apply(self, variables: Mapping[str, Any], tell: Callable[[str], None]) -> Stack:
        """Apply the example.

        Args:
            variables: Terraform's, by name.
            tell: Takes Terraform's lines as they come.

        Raises:
            DemoError: Terraform failed; the message holds the end of its output.
        """
        settings = self._configuration / "demo.auto.tfvars.json"
        settings.write_text(json.dumps(dict(variables)), encoding="utf-8")
        self._terraform(tell, "init", "-input=false", "-no-color")
        self._terraform(tell, "apply", "-input=false", "-no-color", "-auto-approve")
        stack_file = self.directory / "stack.json"
        stack_file.write_text(self._answer("output", "-json"), encoding="utf-8")
        values = json.loads(stack_file.read_text(encoding="utf-8"))
        made = self._answer("state", "list").split()
        return Stack(
            outputs={name: entry["value"] for name, entry in values.items()},
            stack_file=stack_file,
            resources=sum(".data." not in f".{address}" for address in made),
        )

    def _terraform(self, tell: Callable[[str], None], *arguments: str) -> str:
        lines: list[str] = []
        with self._log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [self._environment["TERRAFORM"], *arguments],
                cwd=self._configuration,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                # A Ctrl-C on the terminal is for this program, which ends Terraform itself.
                start_new_session=True,
            )
            assert process.stdout is not None  # noqa: S101  (for the type checker)
            try:
                for line in process.stdout:
                    lines.append(line)
                    log.write(line)
                    if line.strip():
                        tell(line.strip())
                code = process.wait()
            except BaseException:
                # What it was making is about to vanish with the endpoint: nothing to wait for.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            finally:
                process.stdout.close()
        if code != 0:
            tail = "".join(lines[-_TAIL_LINES:])
            raise DemoError(f"terraform {arguments[0]} failed with exit code {code}:\n{tail}")
        return "".join(lines)

    def _answer(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._environment["TERRAFORM"], *arguments],
            cwd=self._configuration,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DemoError(f"terraform {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout
