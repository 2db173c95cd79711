"""What a report says of one target: what was done there, how long it took, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from canary.checks import Check
from tools.rollout.model import Target


class Stage(StrEnum):
    """Where a target is on its way, in this order."""

    PREPARE = "prepare"
    PLAN = "plan"
    GATE = "gate"
    APPLY = "apply"
    VERIFY = "verify"
    BAKE = "bake"


class Status(StrEnum):
    """What became of a target that was begun."""

    SUCCEEDED = "SUCCEEDED"
    PLANNED = "PLANNED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A resource that a plan takes away.

    Attributes:
        address: of the resource.
        type: as in ``aws_kms_key``.
        replaced: whether a new one takes its place.
    """

    address: str
    type: str
    replaced: bool


@dataclass(frozen=True, kw_only=True)
class PlanSummary:
    """What a plan would do, and which one it is.

    Attributes:
        sha256: of the file that was saved.
        changed: whether there is anything to apply: resources or outputs.
        adds: how many resources are made; a replaced one counts here and in ``destroys``.
        changes: how many are changed in place.
        destroys: how many are removed.
        removals: which.
    """

    sha256: str
    changed: bool
    adds: int
    changes: int
    destroys: int
    removals: tuple[Removal, ...] = ()

    @property
    def sentence(self) -> str:
        """The counts as people read them."""
        if not self.changed:
            return "no changes"
        return f"{self.adds} to add, {self.changes} to change, {self.destroys} to destroy"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What the policy gate saw in a plan.

    Attributes:
        passed: how many results passed.
        skipped: how many a skip with its reason excuses.
        findings: one sentence for each place that failed.
    """

    passed: int
    skipped: int
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """One target of a report.

    Attributes:
        key: of the target.
        account_id: twelve digits.
        account_name: what the manifest calls the account.
        region: as in ``eu-west-1``.
        wave: its name.
        fingerprint: of all that decides what is applied.
        status: what became of it.
        stage: the last one that began.
        reason: why it failed, one sentence or more; None where it did not.
        started_at: seconds since 1970.
        seconds: how long it took.
        plan: None where it did not come so far, as with the two below.
        gate: of the plan.
        checks: of the verification; None also where nobody asked for one.
    """

    key: str
    account_id: str
    account_name: str
    region: str
    wave: str
    fingerprint: str
    status: Status
    stage: Stage
    reason: str | None = None
    started_at: float
    seconds: float
    plan: PlanSummary | None = None
    gate: Gate | None = None
    checks: tuple[Check, ...] | None = None

    @property
    def sentence(self) -> str:
        """What became of it, in words."""
        if self.reason is not None:
            return f"{self.stage}: {self.reason}"
        return self.plan.sentence if self.plan else ""


def of(target: Target, fingerprint: str, started_at: float) -> Record:
    """Return the record of a target that has just begun.

    Until somebody says otherwise it was interrupted: that is so for whoever reads the report of a
    run that was killed.
    """
    return Record(
        key=target.key,
        account_id=target.account_id,
        account_name=target.account_name,
        region=target.region,
        wave=target.wave,
        fingerprint=fingerprint,
        status=Status.INTERRUPTED,
        stage=Stage.PREPARE,
        started_at=started_at,
        seconds=0,
    )
