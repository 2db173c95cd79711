"""The steps as they are taken on this machine."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.rollout.model import Manifest, Target
from tools.rollout.record import Check, Gate
from tools.rollout.steps.artefact import Artefact
from tools.rollout.steps.commands import Commands
from tools.rollout.steps.interface import SavedPlan, Site, StepError
from tools.rollout.steps.plan_summary import summary

CHANGES = 2
PLAN = "saved.tfplan"
VALUES = "target.tfvars.json"
BACKEND = "target.tfbackend.json"
LOCK_TIMEOUT = "-lock-timeout=2m"

PolicyGate = Callable[[Artefact, dict[str, Any]], Gate]
Verify = Callable[[Target, dict[str, Any]], tuple[Check, ...]]


class LocalSteps:
    """What is there for all targets."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        artefact: Artefact,
        commands: Commands,
        gate: PolicyGate,
        verify: Verify | None,
    ) -> None:
        self._manifest = manifest
        self._artefact = artefact
        self._commands = commands
        self._gate = gate
        self._verify = verify

    @property
    def sources(self) -> str:
        """A digest of what is applied everywhere."""
        return self._artefact.sources

    @contextmanager
    def site(self, target: Target) -> Iterator[Site]:
        """Return a copy of the artefact; plans hold values of variables, so nothing is left."""
        with tempfile.TemporaryDirectory(prefix="rollout-") as directory:
            yield LocalSite(
                target=target,
                copy=Path(directory) / "copy",
                artefact=self._artefact,
                commands=self._commands,
                gate=self._gate,
                beside=self._manifest.path.resolve().parent,
            )

    def verify(self, target: Target, outputs: dict[str, Any]) -> tuple[Check, ...] | None:
        """Let a device provision itself there; None where nobody asked for that."""
        return self._verify(target, outputs) if self._verify else None

    def interrupt(self) -> None:
        """Ask every running Terraform to end."""
        self._commands.interrupt()


class LocalSite:
    """One target, in a copy of the artefact."""

    def __init__(
        self,
        *,
        target: Target,
        copy: Path,
        artefact: Artefact,
        commands: Commands,
        gate: PolicyGate,
        beside: Path,
    ) -> None:
        self._target = target
        self._copy = copy
        self._artefact = artefact
        self._commands = commands
        self._gate = gate
        self._beside = beside
        self._directory = copy / artefact.configuration

    def prepare(self) -> None:
        """Initialise Terraform with the target's own state."""
        self._artefact.copy(self._copy)
        self._write(VALUES, {**self._target.terraform_variables(), **self._artefact.variables})
        self._write(BACKEND, self._backend())
        self._terraform("init", f"-backend-config={BACKEND}", "-input=false", "-lockfile=readonly")

    def _backend(self) -> dict[str, Any]:
        settings = dict(self._target.backend.settings)
        if self._target.backend.type == "local":
            # As written in the manifest; here it would be gone with the copy.
            settings["path"] = str(self._beside / settings["path"])
            Path(settings["path"]).parent.mkdir(parents=True, exist_ok=True)
        return settings

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        (self._directory / name).write_text(json.dumps(dict(values)), encoding="utf-8")

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
        path = self._directory / PLAN
        made = summary(document, _sha256(path), changed=code == CHANGES)
        return SavedPlan(path=path, summary=made, document=document)

    def gate(self, plan: SavedPlan) -> Gate:
        """See whether the policies let the plan pass."""
        return self._gate(self._artefact, plan.document)

    def apply(self, plan: SavedPlan, progress: Callable[[int], None]) -> None:
        """Apply exactly this plan."""
        if _sha256(plan.path) != plan.summary.sha256:
            raise StepError(
                "The saved plan is not the one that passed the gate. Nothing was applied: run the"
                " rollout again."
            )
        self._artefact.check(self._copy)
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
        return self._commands.run(self._directory, *arguments, **options)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
