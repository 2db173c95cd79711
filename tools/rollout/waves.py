"""Which target may start next, when a wave is over, and when a rollout stops: pure decisions.

The runner keeps one `Rollout`, asks it for the next `step`, does that, and tells it what happened;
each answer is a new `Rollout`. What counts is counted as AWS CloudFormation StackSets do:

- A wave's failures are counted over its targets. One more than is tolerated, and nothing new
  starts, in this wave or a later one; what is under way is left to finish. That is
  FailureToleranceCount with ConcurrencyMode SOFT_FAILURE_TOLERANCE: targets that were already
  under way may fail too, so at most `tolerated_failures` + `max_parallel` fail.
- A percentage is of the wave's targets, rounded down (FailureTolerancePercentage).
- A tolerated failure stays a failure: the rollout goes on, and does not end as passed.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice

from tools.rollout.model import Target, Wave


class Outcome(StrEnum):
    """What became of a target."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class Start:
    """Begin these targets, in this order."""

    wave: Wave
    targets: tuple[Target, ...]


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Nothing may begin before one that is under way has ended."""

    wave: Wave


@dataclass(frozen=True, kw_only=True)
class Bake:
    """All targets of the wave are done: wait `wave.bake_seconds`, then call `baked`."""

    wave: Wave


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Nothing is under way and nothing will begin.

    Attributes:
        wave: the one in which it stopped; None where every wave is over.
        failed: keys of the targets that failed, in order.
        missing: keys of the targets that were never begun, in order.
    """

    wave: Wave | None
    failed: tuple[str, ...]
    missing: tuple[str, ...]


Step = Start | Wait | Bake | Finished


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """How far a rollout is.

    Attributes:
        waves: in their order.
        outcomes: by target key, of the targets that have ended.
        running: keys of the targets under way, in the order in which they began.
        over: names of the waves that passed and have baked.
        halted: whether somebody asked to begin nothing more.
    """

    waves: tuple[Wave, ...]
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    over: frozenset[str] = frozenset()
    halted: bool = False

    @property
    def wave(self) -> Wave | None:
        """The wave at work; None where all are over."""
        return next((wave for wave in self.waves if wave.name not in self.over), None)

    def failed(self, wave: Wave) -> tuple[str, ...]:
        """Return the keys of a wave's targets that failed."""
        return tuple(
            target.key for target in wave.targets if self.outcomes.get(target.key) is Outcome.FAILED
        )

    def exceeded(self, wave: Wave) -> bool:
        """Tell whether more of a wave's targets failed than it tolerates."""
        return len(self.failed(wave)) > wave.tolerated_failures

    def step(self) -> Step:
        """Return what to do now."""
        wave = self.wave
        if wave is None:
            return self._finished(None)
        if self.halted or self.exceeded(wave):
            return Wait(wave=wave) if self.running else self._finished(wave)
        room = wave.max_parallel - len(self.running)
        startable = tuple(islice(self._untouched(wave), max(room, 0)))
        if startable:
            return Start(wave=wave, targets=startable)
        return Wait(wave=wave) if self.running else Bake(wave=wave)

    def start(self, key: str) -> "Rollout":
        """Return the rollout with one more target under way.

        Raises:
            ValueError: the target may not begin now.
        """
        step = self.step()
        if not isinstance(step, Start) or key not in {target.key for target in step.targets}:
            raise ValueError(f"{key} may not begin now.")
        return replace(self, running=(*self.running, key))

    def end(self, key: str, outcome: Outcome) -> "Rollout":
        """Return the rollout with one target ended.

        Raises:
            ValueError: the target is not under way.
        """
        if key not in self.running:
            raise ValueError(f"{key} is not under way.")
        running = tuple(each for each in self.running if each != key)
        return replace(self, running=running, outcomes={**self.outcomes, key: outcome})

    def spoil(self, key: str) -> "Rollout":
        """Return the rollout with a target failed that had succeeded and did not survive the bake.

        Raises:
            ValueError: the wave does not bake, or the target did not succeed in it.
        """
        step = self.step()
        mine = isinstance(step, Bake) and key in {target.key for target in step.wave.targets}
        if not mine or self.outcomes[key] is not Outcome.SUCCEEDED:
            raise ValueError(f"{key} is not baking.")
        return replace(self, outcomes={**self.outcomes, key: Outcome.FAILED})

    def baked(self) -> "Rollout":
        """Return the rollout with the present wave over.

        Raises:
            ValueError: the wave does not bake.
        """
        step = self.step()
        if not isinstance(step, Bake):
            raise ValueError("No wave bakes now.")
        return replace(self, over=self.over | {step.wave.name})

    def halt(self) -> "Rollout":
        """Return the rollout that begins nothing more."""
        return replace(self, halted=True)

    def _untouched(self, wave: Wave) -> list[Target]:
        return [
            target
            for target in wave.targets
            if target.key not in self.outcomes and target.key not in self.running
        ]

    def _finished(self, wave: Wave | None) -> Finished:
        return Finished(
            wave=wave,
            failed=tuple(key for each in self.waves for key in self.failed(each)),
            missing=tuple(target.key for each in self.waves for target in self._untouched(each)),
        )


@dataclass(frozen=True, kw_only=True)
class Before:
    """What an earlier report says of a target."""

    outcome: Outcome | None
    fingerprint: str


def resume(
    waves: tuple[Wave, ...],
    fingerprints: Mapping[str, str],
    before: Mapping[str, Before],
    over: Collection[str],
) -> Rollout:
    """Return the rollout that does what an earlier one left undone.

    A target that succeeded is not repeated while its inputs are the same. A wave of which nothing
    is left to do, and which has baked, does not bake again.

    Args:
        waves: of the manifest as it is now.
        fingerprints: by target key, of the inputs as they are now.
        before: by target key, what the earlier report says.
        over: names of the waves that the earlier report calls over.
    """
    kept = {
        target.key: Outcome.SUCCEEDED
        for wave in waves
        for target in wave.targets
        if (known := before.get(target.key))
        and known.outcome is Outcome.SUCCEEDED
        and known.fingerprint == fingerprints[target.key]
    }
    still_over = frozenset(
        wave.name
        for wave in waves
        if wave.name in over and all(target.key in kept for target in wave.targets)
    )
    return Rollout(waves=waves, outcomes=kept, over=still_over)
