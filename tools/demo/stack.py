"""The stack of the demonstration: examples/complete, applied from a copy of its own.

The copy keeps state, plans and the claim's key out of the repository's own directories.
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
from tools.claims import csr
from tools.demo.errors import DemoError
from tools.demo.scenario import CLAIM_NAME, FACTORY, NAME_PREFIX
from tools.endpoint import Endpoint

ROOT = terraform_env.ROOT
EXAMPLE = Path("terraform/examples/complete")
DEVICES_FILE = ROOT / EXAMPLE / "devices.csv"
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
        claim_certificate: PEM file.
        claim_key: PEM file of its private key.
        resources: How many resources Terraform made.
    """

    outputs: Mapping[str, Any]
    stack_file: Path
    claim_certificate: Path
    claim_key: Path
    resources: int

    def template_name(self, key: str) -> str:
        """The name of a provisioning template, by its key in the configuration."""
        return str(self.outputs["templates"][key]["name"])


class Workspace:
    """A directory that everything of one run goes to.

    Args:
        directory: Is emptied first. Only its owner may look inside: it holds the claim's key.
        endpoint: Where to apply.
    """

    def __init__(self, directory: Path, endpoint: Endpoint) -> None:
        self.directory = directory
        self._log = directory / "terraform.log"
        self._example = directory / EXAMPLE
        own = terraform_env.environment(endpoint.environment())
        self._environment = {
            name: value
            for name, value in own.items()
            # The user's own Terraform settings are for the user's own stacks.
            if not name.startswith("TF_VAR_") and name not in {"TF_DATA_DIR", "TF_WORKSPACE"}
        }

    def prepare(self) -> tuple[Path, Path]:
        """Copy the configurations and make the claim's key; return key and signing request.

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
        (self._example / "retries_override.tf").write_text(_FEW_RETRIES, encoding="utf-8")
        key, request = csr.create(csr.KeyType.EC_P256, f"{NAME_PREFIX} {CLAIM_NAME}")
        return csr.write(self.directory / "claims", CLAIM_NAME, key, request)

    def apply(self, claim_key: Path, request: Path, tell: Callable[[str], None]) -> Stack:
        """Apply the example.

        Args:
            claim_key: What `prepare` returned.
            request: Likewise.
            tell: Takes Terraform's lines as they come.

        Raises:
            DemoError: Terraform failed; the message holds the end of its output.
        """
        variables = {
            "name_prefix": NAME_PREFIX,
            "claim_csrs": {CLAIM_NAME: request.read_text(encoding="utf-8")},
        }
        settings = self._example / "demo.auto.tfvars.json"
        settings.write_text(json.dumps(variables), encoding="utf-8")
        self._terraform(tell, "init", "-input=false", "-no-color")
        self._terraform(tell, "apply", "-input=false", "-no-color", "-auto-approve")
        stack_file = self.directory / "stack.json"
        stack_file.write_text(self._answer("output", "-json"), encoding="utf-8")
        values = json.loads(stack_file.read_text(encoding="utf-8"))
        outputs = {name: entry["value"] for name, entry in values.items()}
        certificate = claim_key.with_name(f"{CLAIM_NAME}.cert.pem")
        pem = outputs["templates"][FACTORY]["claim_certificates"][CLAIM_NAME]["pem"]
        certificate.write_text(pem, encoding="utf-8")
        made = self._answer("state", "list").split()
        return Stack(
            outputs=outputs,
            stack_file=stack_file,
            claim_certificate=certificate,
            claim_key=claim_key,
            resources=sum(".data." not in f".{address}" for address in made),
        )

    def _terraform(self, tell: Callable[[str], None], *arguments: str) -> str:
        lines: list[str] = []
        with self._log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [self._environment["TERRAFORM"], *arguments],
                cwd=self._example,
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
            cwd=self._example,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DemoError(f"terraform {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout
