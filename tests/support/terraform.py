"""Terraform on a temporary copy of the repository's configurations.

A copy keeps every relative path valid (`../../modules/...`, `../../../build/x.zip`) and keeps
state, plans and lock files out of the repository. The provider comes from where
`tools.terraform_env` finds it, the credentials and addresses from an endpoint.
"""

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.provider_process import shared_provider
from tools import terraform_env
from tools.endpoint import Endpoint

ROOT = terraform_env.ROOT
COPIED = ("terraform", "policies", "build", "tests/terraform")
# What a run leaves behind in a working copy, and the parts of build/ that no configuration reads.
LEFT_OUT = shutil.ignore_patterns(
    "*.py",
    "__pycache__",
    ".terraform",
    ".terraform.lock.hcl",
    "*.tfstate*",
    "tf_resources.json",
    "endpoint*",
    "terraform.d",
)
TAIL_LINES = 40
COMMAND_SECONDS = 540
CHANGES = 2
# Each, with the line of its alias where it has one.
PROVIDERS = re.compile(r'^provider "aws" \{(?:\}|\n([ ]+alias += .*\n)?)', re.MULTILINE)


class TerraformError(AssertionError):
    """A command failed; the message holds the end of its output."""


@dataclass(frozen=True)
class Plan:
    """What a plan would do.

    Attributes:
        changed: Whether applying it would change anything: resources or outputs.
        document: The plan in Terraform's JSON format, where there is something to be seen in it.
    """

    changed: bool
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, list[str]]:
        """Actions by resource address, of the resources that would change."""
        return {
            change["address"]: change["change"]["actions"]
            for change in self.document.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }


def stage(target: Path) -> Path:
    """Copy what configurations need into `target`, and return it."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignore = _only_packages if name == "build" else LEFT_OUT
            shutil.copytree(ROOT / name, target / name, ignore=ignore, dirs_exist_ok=True)
    return target


def _only_packages(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".zip")]


class Workspace:
    """One configuration in a copy, with its state.

    Attributes:
        directory: Where the commands run.
        log: Output of every command so far.
    """

    def __init__(
        self,
        copy: Path,
        configuration: str,
        endpoint: Endpoint | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare to run.

        Args:
            copy: What `stage` returned.
            configuration: Directory below it, for example `terraform/examples/minimal`.
            endpoint: Where to apply; None for what needs no endpoint (validate, test).
            variables: Terraform variables; see `set`.
        """
        self.directory = copy / configuration
        self.log = copy / f"{configuration.replace('/', '-')}.log"
        self._environment = terraform_env.environment(endpoint.environment() if endpoint else None)
        self._environment = {
            name: value
            for name, value in self._environment.items()
            if not name.startswith("TF_VAR_") and name not in {"TF_DATA_DIR", "TF_WORKSPACE"}
        }
        if endpoint is not None:
            self._limit_retries()
        self.set(variables or {})

    def _limit_retries(self) -> None:
        # The provider repeats a failing call 25 times with growing pauses, which turns every error
        # of the endpoint into minutes of silence.
        sources = "".join(path.read_text() for path in self.directory.glob("*.tf"))
        text = "".join(
            f'provider "aws" {{\n{alias or ""}  max_retries = 2\n}}\n'
            for alias in PROVIDERS.findall(sources)
        )
        if text:
            (self.directory / "retries_override.tf").write_text(text)

    def set(self, variables: Mapping[str, Any]) -> None:
        """Replace the Terraform variables of the following commands."""
        path = self.directory / "test.auto.tfvars.json"
        path.write_text(json.dumps(dict(variables)))

    def run(self, *arguments: str, accept: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """Run one command; its output is appended to `log`.

        Args:
            arguments: For example `"state", "list"`.
            accept: Exit codes that are not a failure.

        Returns:
            Exit code and output (standard output and error together).

        Raises:
            TerraformError: Another exit code, or nine minutes have passed.
        """
        command = [self._environment["TERRAFORM"], *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            output = (error.output or b"").decode(errors="replace")
            raise self._failed(arguments, f"no end after {COMMAND_SECONDS} s", output) from None
        with self.log.open("a") as log:
            log.write(f"$ terraform {' '.join(arguments)}\n{done.stdout}\n")
        if done.returncode not in accept:
            raise self._failed(arguments, f"exit code {done.returncode}", done.stdout)
        return done.returncode, done.stdout

    def _failed(self, arguments: tuple[str, ...], reason: str, output: str) -> TerraformError:
        tail = "\n".join(output.splitlines()[-TAIL_LINES:])
        what = f"terraform {' '.join(arguments)} in {self.directory.name}: {reason}"
        return TerraformError(f"{what}\n{tail}")

    def init(self) -> "Workspace":
        """`terraform init`; returns itself."""
        self.run("init", "-no-color", "-input=false")
        return self

    @contextlib.contextmanager
    def one_provider(self) -> Iterator[None]:
        """Let the commands share a provider process, after `init`."""
        with shared_provider(self.directory, self._environment) as variables:
            self._environment |= variables
            yield

    def validate(self) -> None:
        """`terraform validate`."""
        self.run("validate", "-no-color")

    def apply(self, *arguments: str) -> str:
        """`terraform apply`; returns its output."""
        return self.run("apply", "-no-color", "-input=false", "-auto-approve", *arguments)[1]

    def plan(self, *arguments: str) -> Plan:
        """`terraform plan -detailed-exitcode`, and what it would do."""
        code, _ = self.run(
            "plan",
            "-no-color",
            "-input=false",
            "-detailed-exitcode",
            "-out=tfplan",
            *arguments,
            accept=(0, CHANGES),
        )
        if code != CHANGES:
            return Plan(changed=False)
        _, document = self.run("show", "-json", "tfplan")
        return Plan(changed=True, document=json.loads(document))

    def plan_error(self, *arguments: str) -> str:
        """The output of a plan that must fail, without frames and line breaks.

        Raises:
            TerraformError: The plan succeeded.
        """
        _, output = self.run("plan", "-no-color", "-input=false", *arguments, accept=(1,))
        return " ".join(output.replace("│", " ").split())

    def outputs(self) -> dict[str, Any]:
        """`terraform output -json` as name and value."""
        _, text = self.run("output", "-json")
        return {name: entry["value"] for name, entry in json.loads(text).items()}

    def stack_file(self) -> Path:
        """A file with `terraform output -json` as it is, as the operator's tools read it."""
        path = self.directory / "stack.json"
        path.write_text(self.run("output", "-json")[1])
        return path

    def resources(self) -> list[str]:
        """Addresses in the state."""
        return self.run("state", "list")[1].split()

    def state_text(self) -> str:
        """The whole state file, for what must never be in it."""
        return self.run("state", "pull")[1]

    def destroy(self, *arguments: str) -> str:
        """`terraform destroy`; returns its output."""
        return self.run("destroy", "-no-color", "-input=false", "-auto-approve", *arguments)[1]
