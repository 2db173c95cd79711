"""The claim certificate of the demonstration: its key, and examples/complete applied with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.claims import csr
from tools.demo.scenario import CLAIM_NAME, FACTORY, NAME_PREFIX
from tools.demo.stack import EXAMPLES, ROOT, Stack, Workspace
from tools.demo.steps import Step, Steps

EXAMPLE = "complete"
DEVICES_FILE = ROOT / EXAMPLES / EXAMPLE / "devices.csv"


@dataclass(frozen=True)
class ClaimFiles:
    """PEM files of a claim certificate and of its private key."""

    certificate: Path
    key: Path


def apply(steps: Steps, workspace: Workspace) -> tuple[Stack, ClaimFiles]:
    """Make the claim's key, apply the example with its signing request, and say how it goes.

    Raises:
        DemoError: Terraform failed.
    """
    with steps.step("Make a claim key and a signing request"):
        workspace.prepare()
        key, request = csr.create(csr.KeyType.EC_P256, f"{NAME_PREFIX} {CLAIM_NAME}")
        key_file, request_file = csr.write(workspace.directory / "claims", CLAIM_NAME, key, request)
    with steps.step(f"Apply {workspace.example}") as step:
        variables = {
            "name_prefix": NAME_PREFIX,
            "claim_csrs": {CLAIM_NAME: request_file.read_text(encoding="utf-8")},
        }
        stack = workspace.apply(variables, lambda line: tell(step, line))
        step.result = f"{stack.resources} resources"
    certificate = key_file.with_name(f"{CLAIM_NAME}.cert.pem")
    pem = stack.outputs["templates"][FACTORY]["claim_certificates"][CLAIM_NAME]["pem"]
    certificate.write_text(pem, encoding="utf-8")
    return stack, ClaimFiles(certificate, key_file)


def tell(step: Step, line: str) -> None:
    """Show one of Terraform's lines: which module something is in says less than what it is."""
    step.news = re.sub(r"module\.[^.]+\.", "", line)
