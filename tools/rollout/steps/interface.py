"""What the runner asks of the steps; `local.py` has the real ones."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from canary.checks import Check
from tools.rollout.model import Target
from tools.rollout.record import Gate, PlanSummary


class StepError(Exception):
    """A step failed; the message is one sentence or more."""


@dataclass(frozen=True, kw_only=True)
class SavedPlan:
    """A plan in a file, which is applied as it is or not at all.

    Attributes:
        path: of the file.
        summary: with the file's digest.
        document: the plan in Terraform's JSON format.
    """

    path: Path
    summary: PlanSummary
    document: dict[str, Any]


class Site(Protocol):
    """One target being worked on. Every step may raise a ``StepError``."""

    def prepare(self) -> None:
        """Initialise Terraform with the target's own state."""

    def plan(self) -> SavedPlan:
        """Plan, and save the plan."""

    def gate(self, plan: SavedPlan) -> Gate:
        """See whether the policies let the plan pass."""

    def apply(self, plan: SavedPlan, progress: Callable[[int], None]) -> None:
        """Apply exactly this plan; ``progress`` is told how many resources are done."""

    def outputs(self) -> dict[str, Any]:
        """Return the outputs by name."""


class Steps(Protocol):
    """What is there for all targets."""

    @property
    def sources(self) -> str:
        """A digest of what is applied everywhere: configuration, modules, policies, packages."""

    def site(self, target: Target) -> AbstractContextManager[Site]:
        """Return a place to work on a target, which is gone afterwards with all it held."""

    def verify(self, target: Target, outputs: dict[str, Any]) -> tuple[Check, ...] | None:
        """Let a device provision itself there; None where nobody asked for that."""

    def interrupt(self) -> None:
        """Ask what runs to end as soon as it safely can."""
