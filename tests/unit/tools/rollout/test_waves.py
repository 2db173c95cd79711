"""The rollout's decisions: whatever succeeds or fails, in whatever order, the rules hold."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.rollout.fakes import target, wave
from tools.rollout import waves
from tools.rollout.model import Backend
from tools.rollout.waves import Bake, Before, Finished, Outcome, Rollout, Start, Wait

FAILED, SUCCEEDED = Outcome.FAILED, Outcome.SUCCEEDED


def numbered(name, targets, **options):
    """A wave of so many targets."""
    return wave(name, *(f"{name}-{number}/eu-west-1" for number in range(targets)), **options)


@st.composite
def plans(draw):
    """Waves of targets, which of these will fail and which will spoil while they bake."""
    drawn = [
        numbered(
            f"wave-{number}",
            draw(st.integers(1, 5)),
            parallel=draw(st.integers(1, 4)),
            tolerated=draw(st.integers(0, 2)),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    keys = [each.key for wave in drawn for each in wave.targets]
    return tuple(drawn), draw(st.sets(st.sampled_from(keys))), draw(st.sets(st.sampled_from(keys)))


class Run:
    """Drives a rollout to its end, and remembers what happened and in which order."""

    def __init__(self, rollout, failing=(), spoiling=(), *, choose=lambda running: running[0]):
        self.begun, self.ended, self.baked = [], [], []
        self.most = 0
        while not isinstance(step := rollout.step(), Finished):
            if isinstance(step, Start):
                for each in step.targets:
                    rollout = rollout.start(each.key)
                    self.begun.append(each.key)
                self.most = max(self.most, len(rollout.running) - step.wave.max_parallel)
            elif isinstance(step, Wait):
                key = choose(rollout.running)
                rollout = rollout.end(key, FAILED if key in failing else SUCCEEDED)
                self.ended.append(key)
            else:
                rollout = self.bake(rollout, step, spoiling)
        self.rollout, self.finished = rollout, step

    def bake(self, rollout, step, spoiling):
        for each in step.wave.targets:
            bakes = rollout.step() == step and rollout.outcomes[each.key] is SUCCEEDED
            if each.key in spoiling and bakes:
                rollout = rollout.spoil(each.key)
        if rollout.step() == step:
            rollout = rollout.baked()
            self.baked.append(step.wave.name)
        return rollout


def keys(several):
    return [each.key for wave in several for each in wave.targets]


@given(plans(), st.data())
def test_whatever_ends_first_and_however_the_rules_hold(plan, data):
    several, failing, spoiling = plan
    run = Run(
        Rollout(waves=several),
        failing,
        spoiling,
        choose=lambda running: data.draw(st.sampled_from(running)),
    )
    # Never more at a time than the wave allows; none twice; in the order of the manifest.
    assert run.most <= 0
    assert run.begun == keys(several)[: len(run.begun)]
    assert sorted(run.ended) == sorted(run.begun)
    # Nothing of a wave before the one before it has passed and baked.
    for before, after in pairwise(several):
        if set(keys([after])) & set(run.begun):
            assert set(keys([before])) <= set(run.ended[: run.ended.index(after.targets[0].key)])
            assert before.name in run.baked
            assert not run.rollout.exceeded(before)
    # What is told in the end is what happened.
    outcomes = run.rollout.outcomes
    assert run.finished.failed == tuple(key for key in run.begun if outcomes[key] is FAILED)
    assert run.finished.missing == tuple(key for key in keys(several) if key not in run.begun)
    assert (run.finished.wave is None) == (run.rollout.over == {each.name for each in several})


@given(plans(), st.data())
def test_nothing_begins_after_more_have_failed_than_are_tolerated(plan, data):
    several, failing, _ = plan
    rollout = Rollout(waves=several)
    exceeded = False
    while not isinstance(step := rollout.step(), Finished):
        if isinstance(step, Start):
            assert not exceeded
            for each in step.targets:
                rollout = rollout.start(each.key)
        elif isinstance(step, Wait):
            key = data.draw(st.sampled_from(rollout.running))
            rollout = rollout.end(key, FAILED if key in failing else SUCCEEDED)
            exceeded = exceeded or rollout.exceeded(step.wave)
        else:
            assert not exceeded
            rollout = rollout.baked()
    assert not rollout.running
    for each in several:
        assert len(rollout.failed(each)) <= each.tolerated_failures + each.max_parallel


@given(plans(), st.data())
def test_a_resumed_rollout_does_exactly_what_was_missing(plan, data):
    several, failing, spoiling = plan
    first = Run(Rollout(waves=several), failing, spoiling)
    fingerprints = dict.fromkeys(keys(several), "as it was")
    changed = data.draw(st.sets(st.sampled_from(keys(several))))
    before = {
        key: Before(outcome=first.rollout.outcomes.get(key), fingerprint="as it was")
        for key in first.begun
    }
    now = {**fingerprints, **dict.fromkeys(changed, "changed")}
    second = Run(waves.resume(several, now, before, first.rollout.over))
    done = {key for key, outcome in first.rollout.outcomes.items() if outcome is SUCCEEDED}
    assert second.begun == [key for key in keys(several) if key not in done - changed]
    assert not second.finished.failed + second.finished.missing
    # A wave that had baked and of which nothing was done again does not bake again.
    untouched = {each.name for each in several if not set(keys([each])) & set(second.begun)}
    assert set(second.baked) == {each.name for each in several} - (untouched & first.rollout.over)
    # And a third has nothing to do.
    before = {key: Before(outcome=SUCCEEDED, fingerprint=now[key]) for key in keys(several)}
    third = Run(waves.resume(several, now, before, second.rollout.over))
    assert (third.begun, third.baked, third.finished.missing) == ([], [], ())


@given(plans(), st.data())
def test_a_halted_rollout_begins_nothing_and_lets_the_rest_end(plan, data):
    several, failing, _ = plan
    rollout = Rollout(waves=several)
    step = rollout.step()
    for each in step.targets:
        rollout = rollout.start(each.key)
    rollout = rollout.halt()
    while not isinstance(step := rollout.step(), Finished):
        assert isinstance(step, Wait)
        key = data.draw(st.sampled_from(rollout.running))
        rollout = rollout.end(key, FAILED if key in failing else SUCCEEDED)
    assert set(step.missing) == set(keys(several)) - set(rollout.outcomes)


def test_one_wave_after_another_with_as_many_as_are_allowed():
    rollout = Rollout(waves=(numbered("a", 3, parallel=2), numbered("b", 1)))
    assert [each.key for each in rollout.step().targets] == ["a-0/eu-west-1", "a-1/eu-west-1"]
    rollout = rollout.start("a-0/eu-west-1").start("a-1/eu-west-1")
    assert isinstance(rollout.step(), Wait)
    rollout = rollout.end("a-1/eu-west-1", SUCCEEDED)
    assert [each.key for each in rollout.step().targets] == ["a-2/eu-west-1"]
    rollout = rollout.start("a-2/eu-west-1").end("a-0/eu-west-1", SUCCEEDED)
    assert isinstance(rollout.step(), Wait)
    rollout = rollout.end("a-2/eu-west-1", SUCCEEDED)
    assert rollout.step() == Bake(wave=rollout.waves[0])
    rollout = rollout.baked()
    assert [each.key for each in rollout.step().targets] == ["b-0/eu-west-1"]


def test_one_failure_more_than_tolerated_stops_and_what_runs_may_end():
    rollout = Rollout(waves=(numbered("a", 4, parallel=2, tolerated=1), numbered("b", 1)))
    rollout = rollout.start("a-0/eu-west-1").start("a-1/eu-west-1")
    rollout = rollout.end("a-0/eu-west-1", FAILED).start("a-2/eu-west-1")
    rollout = rollout.end("a-1/eu-west-1", FAILED)
    assert isinstance(rollout.step(), Wait)
    rollout = rollout.end("a-2/eu-west-1", SUCCEEDED)
    assert rollout.step() == Finished(
        wave=rollout.waves[0],
        failed=("a-0/eu-west-1", "a-1/eu-west-1"),
        missing=("a-3/eu-west-1", "b-0/eu-west-1"),
    )


def test_a_tolerated_failure_lets_the_next_wave_begin_and_does_not_pass():
    run = Run(Rollout(waves=(numbered("a", 2, tolerated=1), numbered("b", 1))), {"a-0/eu-west-1"})
    assert run.finished == Finished(wave=None, failed=("a-0/eu-west-1",), missing=())


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda fresh: fresh.start("a-1/eu-west-1"), "a-1/eu-west-1 may not begin now."),
        (lambda fresh: fresh.start("b-0/eu-west-1"), "b-0/eu-west-1 may not begin now."),
        (
            lambda fresh: fresh.start("a-0/eu-west-1").start("a-1/eu-west-1"),
            "a-1/eu-west-1 may not begin now.",
        ),
        (lambda fresh: fresh.end("a-0/eu-west-1", SUCCEEDED), "a-0/eu-west-1 is not under way."),
        (lambda fresh: fresh.spoil("a-0/eu-west-1"), "a-0/eu-west-1 is not baking."),
        (lambda fresh: fresh.baked(), "No wave bakes now."),
    ],
)
def test_what_may_not_happen_now_is_refused(act, sentence):
    with pytest.raises(ValueError, match=sentence):
        act(Rollout(waves=(numbered("a", 2), numbered("b", 1))))


def test_a_targets_fingerprint_follows_what_is_applied_there_and_not_its_wave():
    one = target("a-1/eu-west-1", "a")
    own = one.fingerprint("sources")
    assert own == target("a-1/eu-west-1", "a").fingerprint("sources")
    assert own == replace(one, wave="b").fingerprint("sources")
    elsewhere = Backend(type="local", settings={"path": "b"})
    changes = [
        {"account_id": "000000000009"},
        {"region": "eu-west-2"},
        {"role_arn": "arn:aws:iam::000000000001:role/x"},
        {"external_id": "x"},
        {"variables": {"name_prefix": "b"}},
        {"tags": {"a": "b"}},
        {"backend": elsewhere},
    ]
    others = {replace(one, **change).fingerprint("sources") for change in changes}
    assert len(others | {own, one.fingerprint("other sources")}) == len(changes) + 2
