"""The steps as they are taken on this machine."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary.checks import Check
from tools.rollout.model import Manifest, Target
from tools.rollout.record import Gate
from tools.rollout.steps.artefact import Artefact
from tools.rollout.steps.commands import Commands
from tools.rollout.steps.interface import SavedPlan, Site, StepError
from tools.rollout.steps.plan_summary import summary
from tools.rollout.sums import of_file

CHANGES = 2
PLAN = "saved.tfplan"
VALUES = "target.tfvars.json"
BACKEND = "target.tfbackend.json"
LOCK_TIMEOUT = "-lock-timeout=2m"

PolicyGate = Callable[[Artefact, dict[str, Any]], Gate]
Verify = Callable[[Target, dict[str, Any]], tuple[Check, ...]]


@dataclass(frozen=True, kw_only=True)
class LocalSteps:
    """What is there for all targets."""

    manifest: Manifest
    artefact: Artefact
    commands: Commands
    policy_gate: PolicyGate
    verification: Verify | None

    @property
    def sources(self) -> str:
        """A digest of what is applied everywhere."""
        return self.artefact.sources

    @contextmanager
    def site(self, target: Target) -> Iterator[Site]:
        """Return a copy of the artefact; plans hold values of variables, so nothing is left."""
        with tempfile.TemporaryDirectory(prefix="rollout-") as directory:
            yield LocalSite(steps=self, target=target, copy=Path(directory) / "copy")

    def verify(self, target: Target, outputs: dict[str, Any]) -> tuple[Check, ...] | None:
        """Let a device provision itself there; None where nobody asked for that."""
        return self.verification(target, outputs) if self.verification else None

    def interrupt(self) -> None:
        """Ask every running Terraform to end."""
        self.commands.interrupt()


@dataclass(frozen=True, kw_only=True)
class LocalSite:
    """One target, in a copy of the artefact."""

    steps: LocalSteps
    target: Target
    copy: Path

    @property
    def directory(self) -> Path:
        """Where Terraform runs."""
        return self.copy / self.steps.artefact.configuration

    def prepare(self) -> None:
        """Initialise Terraform with the target's own state."""
        self.steps.artefact.copy(self.copy)
        self._write(VALUES, {**self.target.terraform_variables(), **self.steps.artefact.variables})
        self._write(BACKEND, self._backend())
        self._terraform("init", f"-backend-config={BACKEND}", "-input=false", "-lockfile=readonly")

    def _backend(self) -> dict[str, Any]:
        settings = dict(self.target.backend.settings)
        if self.target.backend.type == "local":
            # As written in the manifest; here it would be gone with the copy.
            beside = self.steps.manifest.path.resolve().parent
            settings["path"] = str(beside / settings["path"])
            Path(settings["path"]).parent.mkdir(parents=True, exist_ok=True)
        return settings

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        (self.directory / name).write_text(json.dumps(dict(values)), encoding="utf-8")

    def plan(self) -> SavedPlan:
        """Plan, and save the plan."""
        code, _ = self._terraform(
            "plan",
            "-json",
            "-input=false",
            LOCK_TIMEOUT,
            "-detailed-exitcode",
            f"-var-file={VALUES}",
            f"-out={PLAN}",
            accept=(0, CHANGES),
        )
        document = json.loads(self._terraform("show", "-json", PLAN)[1])
        path = self.directory / PLAN
        made = summary(document, of_file(path), changed=code == CHANGES)
        return SavedPlan(path=path, summary=made, document=document)

    def gate(self, plan: SavedPlan) -> Gate:
        """See whether the policies let the plan pass."""
        return self.steps.policy_gate(self.steps.artefact, plan.document)

    def apply(self, plan: SavedPlan, progress: Callable[[int], None]) -> None:
        """Apply exactly this plan."""
        if of_file(plan.path) != plan.summary.sha256:
            raise StepError(
                "The saved plan is not the one that passed the gate. Nothing was applied: run the"
                " rollout again."
            )
        self.steps.artefact.check(self.copy)
        done = 0

        def hear(message: Mapping[str, Any]) -> None:
            nonlocal done
            if message.get("type") == "apply_complete":
                done += 1
                progress(done)

        self._terraform("apply", "-json", "-input=false", LOCK_TIMEOUT, PLAN, hear=hear)

    def outputs(self) -> dict[str, Any]:
        """Return the outputs by name."""
        found = json.loads(self._terraform("output", "-json")[1])
        return {name: output["value"] for name, output in found.items()}

    def _terraform(self, *arguments: str, **options: Any) -> tuple[int, str]:
        return self.steps.commands.run(self.directory, *arguments, **options)
