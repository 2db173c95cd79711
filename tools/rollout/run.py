"""Carry out a rollout: wave by wave, some targets at a time, and a report of all of it.

In each target: prepare, plan, gate, apply of the saved plan, verification. After the last target of
a wave it bakes; whoever then still lets devices in has survived it. Nothing new begins once more
targets failed than the wave tolerates, or somebody interrupted; what is under way finishes first.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, Protocol

from canary.checks import Check
from canary.checks import failed as failures
from tools.rollout import record as records
from tools.rollout.model import Target, Wave
from tools.rollout.record import PlanSummary, Record, Removal, Stage, Status
from tools.rollout.report import Report, State
from tools.rollout.steps.interface import SavedPlan, Site, StepError, Steps
from tools.rollout.steps.plan_summary import forbidden
from tools.rollout.waves import Finished, Outcome, Rollout, Start, Step, Wait

LISTED = 3
BEFORE_APPLY = (Stage.PREPARE, Stage.PLAN, Stage.GATE)
BAKE_POLL_SECONDS = 1.0


class Listener(Protocol):
    """Is told what happens, also from several threads at a time."""

    def wave(self, wave: Wave) -> None:
        """A wave begins, or goes on."""

    def stage(self, target: Target, stage: Stage) -> None:
        """A target has come to this stage."""

    def applied(self, target: Target, done: int, plan: PlanSummary) -> None:
        """So many resources of a target's plan are done."""

    def ended(self, record: Record) -> None:
        """A target has ended."""

    def baking(self, wave: Wave, left: float) -> None:
        """A wave bakes for so many more seconds."""


class Interrupted(Exception):
    """Somebody asked to stop before the next step."""


class Runner:
    """One run; `interrupt` may be called from a signal's handler."""

    def __init__(
        self,
        steps: Steps,
        listener: Listener,
        save: Callable[[Report], None],
        *,
        dry_run: bool = False,
        allow_destroy: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare to run.

        Args:
            steps: what is done in a target.
            listener: is told of everything.
            save: keeps the report; called after every target.
            dry_run: whether to end each target after the gate.
            allow_destroy: patterns of the addresses that plans may take away.
            clock: seconds since 1970.
            sleep: waits for some seconds.
        """
        self.steps = steps
        self.listener = listener
        self._save = save
        self.dry_run = dry_run
        self.allow_destroy = allow_destroy
        self._clock = clock
        self._sleep = sleep
        self.interrupted = False
        self.outputs: dict[str, dict[str, Any]] = {}

    def interrupt(self) -> None:
        """Begin nothing new and let applies finish; the second time, ask these to end too."""
        if self.interrupted:
            self.steps.interrupt()
        self.interrupted = True

    def run(self, rollout: Rollout, report: Report) -> Report:
        """Do what the rollout has left to do.

        Args:
            rollout: how far it is.
            report: with the records of what was done before.

        Returns:
            The report, which is saved too.
        """
        under_way: dict[Future[Record], Target] = {}
        announced: Wave | None = None
        workers = max((wave.max_parallel for wave in rollout.waves), default=1)
        with ThreadPoolExecutor(workers) as pool:
            while not isinstance(step := self._step(rollout), Finished):
                if step.wave is not announced:
                    announced = step.wave
                    self.listener.wave(step.wave)
                if isinstance(step, Start):
                    for target in step.targets:
                        rollout = rollout.start(target.key)
                        report = self._begin(report, target)
                        begun = report.records[target.key]
                        under_way[pool.submit(self._target, begun, target)] = target
                elif isinstance(step, Wait):
                    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                        record = future.result()
                        rollout = rollout.end(under_way.pop(future).key, _outcome(record))
                        report = self._note(report, record)
                else:
                    rollout, report = self._bake(step.wave, rollout, report)
        return self._finish(step, report)

    def _step(self, rollout: Rollout) -> Step:
        return (rollout.halt() if self.interrupted else rollout).step()

    def _begin(self, report: Report, target: Target) -> Report:
        fingerprint = target.fingerprint(self.steps.sources)
        return self._note(report, records.of(target, fingerprint, self._clock()))

    def _note(self, report: Report, record: Record) -> Report:
        report = report.with_record(record)
        self._save(report)
        return report

    def _target(self, record: Record, target: Target) -> Record:
        visit = _Visit(record, target, self)
        record = replace(visit.carry_out(), seconds=self._clock() - record.started_at)
        self.listener.ended(record)
        return record

    def _bake(self, wave: Wave, rollout: Rollout, report: Report) -> tuple[Rollout, Report]:
        """Let a wave bake, unless somebody interrupts, and see what survived it."""
        end = self._clock() + (0 if self.dry_run else wave.bake_seconds)
        while not self.interrupted and (left := end - self._clock()) > 0:
            self.listener.baking(wave, left)
            self._sleep(min(left, BAKE_POLL_SECONDS))
        if self.interrupted:
            return rollout, report
        for record in self._verify_again(wave, report):
            rollout = rollout.spoil(record.key)
            report = self._note(report, record)
        if not rollout.exceeded(wave):
            rollout = rollout.baked()
            report = replace(report, over=report.over | {wave.name})
        return rollout, report

    def _verify_again(self, wave: Wave, report: Report) -> list[Record]:
        """Verify once more after a bake what had passed; return what did not survive it."""
        if self.dry_run or not wave.bake_seconds:
            return []

        def again(target: Target) -> Record:
            record = replace(report.records[target.key], stage=Stage.BAKE)
            self.listener.stage(target, Stage.BAKE)
            try:
                record = verified(record, self.steps.verify(target, self._outputs(target)))
            except Exception as error:  # noqa: BLE001 - as in a visit
                record = replace(record, status=Status.FAILED, reason=_reason(error))
            self.listener.ended(record)
            return record

        baked = [
            target
            for target in wave.targets
            if (record := report.records[target.key]).status is Status.SUCCEEDED
            and record.checks is not None
        ]
        with ThreadPoolExecutor(wave.max_parallel) as pool:
            return [each for each in pool.map(again, baked) if each.status is Status.FAILED]

    def _outputs(self, target: Target) -> dict[str, Any]:
        """Return a stack's outputs: out of its state, where an earlier run applied it."""
        if target.key not in self.outputs:
            with self.steps.site(target) as site:
                site.prepare()
                self.outputs[target.key] = site.outputs()
        return self.outputs[target.key]

    def _finish(self, step: Finished, report: Report) -> Report:
        state, reason = _end(step, report)
        report = replace(
            report,
            state=state,
            reason=reason,
            missing=step.missing,
            seconds=self._clock() - report.started_at,
        )
        self._save(report)
        return report


class _Visit:
    """What is done in one target, with the record that grows on the way."""

    def __init__(self, record: Record, target: Target, runner: Runner) -> None:
        self._record = record
        self._target = target
        self._runner = runner

    def carry_out(self) -> Record:
        """Take all steps, up to the first that fails."""
        try:
            with self._runner.steps.site(self._target) as site:
                self._work(site)
        except Interrupted:
            reason = f"Interrupted before {self._record.stage}; nothing was applied."
            return replace(self._record, status=Status.INTERRUPTED, reason=reason)
        except Exception as error:  # noqa: BLE001 - the report of all others must not go with it
            if self._runner.interrupted and self._record.stage in BEFORE_APPLY:
                # Most likely it is the interruption that broke it, and no harm is done.
                reason = f"Interrupted; nothing was applied. {_reason(error)}"
                return replace(self._record, status=Status.INTERRUPTED, reason=reason)
            return replace(self._record, status=Status.FAILED, reason=_reason(error))
        return self._record

    def _work(self, site: Site) -> None:
        self._enter(Stage.PREPARE)
        site.prepare()
        self._enter(Stage.PLAN)
        plan = site.plan()
        self._record = replace(self._record, plan=plan.summary)
        self._enter(Stage.GATE)
        self._pass_gate(site, plan)
        if self._runner.dry_run:
            self._record = replace(self._record, status=Status.PLANNED)
            return
        self._enter(Stage.APPLY)
        if plan.summary.changed:
            listener = self._runner.listener
            site.apply(plan, lambda done: listener.applied(self._target, done, plan.summary))
        outputs = site.outputs()
        self._runner.outputs[self._target.key] = outputs
        # Also after an interruption: what was applied has to be known to work.
        self._stage(Stage.VERIFY)
        self._record = verified(self._record, self._runner.steps.verify(self._target, outputs))

    def _pass_gate(self, site: Site, plan: SavedPlan) -> None:
        gate = site.gate(plan)
        self._record = replace(self._record, gate=gate)
        if refused := forbidden(plan.summary.removals, self._runner.allow_destroy):
            raise StepError(_refusal(refused))
        if gate.findings:
            raise StepError(_listed("The policies refuse the plan: ", gate.findings))

    def _enter(self, stage: Stage) -> None:
        """Go on to a stage, unless somebody interrupted."""
        self._stage(stage)
        if self._runner.interrupted:
            raise Interrupted

    def _stage(self, stage: Stage) -> None:
        self._record = replace(self._record, stage=stage)
        self._runner.listener.stage(self._target, stage)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, StepError) else f"{type(error).__name__}: {error}"


def verified(record: Record, checks: tuple[Check, ...] | None) -> Record:
    """Return the record of a target with what its verification said."""
    if all(check.passed for check in checks or ()):
        return replace(record, status=Status.SUCCEEDED, reason=None, checks=checks)
    seen = [f"{each.name}: {each.detail}" for each in failures(checks or ())]
    reason = _listed("Devices cannot rely on it: ", seen)
    return replace(record, status=Status.FAILED, reason=reason, checks=checks)


def _refusal(removals: Sequence[Removal]) -> str:
    shown = [
        f"{each.address} ({'replaced' if each.replaced else 'destroyed'})" for each in removals
    ]
    listed = _listed("The plan takes away what nobody allowed it to: ", shown)
    return f"{listed} Undo the change, or allow it with --allow-destroy ADDRESS."


def _listed(beginning: str, items: Sequence[str]) -> str:
    shown = "; ".join(item.rstrip(".") for item in items[:LISTED])
    more = f"; and {len(items) - LISTED} more" if len(items) > LISTED else ""
    return f"{beginning}{shown}{more}."


def _outcome(record: Record) -> Outcome:
    done = record.status in {Status.SUCCEEDED, Status.PLANNED}
    return Outcome.SUCCEEDED if done else Outcome.FAILED


def _end(step: Finished, report: Report) -> tuple[State, str | None]:
    """Say how a rollout ended, and why it did not get further."""
    # Not what the decisions call failed: to them, so is what somebody interrupted.
    failed = [
        record for key in step.failed if (record := report.records[key]).status is Status.FAILED
    ]
    named = _listed("", [f"{record.key} in {record.sentence}" for record in failed])
    if step.wave is None:
        reason = f"{len(failed)} failed, no more than are tolerated: {named}" if failed else None
        return State.FINISHED, reason
    mine = len({target.key for target in step.wave.targets} & {record.key for record in failed})
    tolerated = step.wave.tolerated_failures
    if mine <= tolerated:
        return State.INTERRUPTED, "Interrupted. Run it again with --resume to go on."
    return State.STOPPED, (
        f"Wave {step.wave.name} stopped: {mine} of {len(step.wave.targets)} failed, and"
        f" {tolerated or 'none'} may. {named} Mend that, and run it again with --resume."
    )
