"""A run: the order of its steps, when it stops, what it leaves out, and what the report says."""

import time
from dataclasses import replace

import pytest

from canary.checks import NOT_REACHED
from tests.unit.tools.rollout.fakes import (
    CHECK,
    Run,
    Steps,
    broken,
    manifest,
    removing,
    wave,
)
from tools.rollout.begin import BeginError, chosen
from tools.rollout.record import Stage, Status
from tools.rollout.report import State

ONE = wave("one", "a/eu-west-1", "a/eu-west-2")
TWO = wave("two", "b/eu-west-1", "b/eu-west-2")
THREE = wave("three", "c/eu-west-1", "c/eu-west-2")
WAVES = (ONE, TWO, THREE)
STEPS = ("prepare", "plan", "gate", "apply", "verify")


def run(waves, steps, **options):
    return Run(waves, steps, **options).carry_out()


def statuses(report):
    return {key: record.status for key, record in report.records.items()}


def keys(*waves):
    return [target.key for wave in waves for target in wave.targets]


def test_every_target_goes_through_every_step_and_waves_follow_each_other():
    steps = Steps()
    report = run(WAVES, steps)
    assert steps.log == [f"{key} {step}" for key in keys(*WAVES) for step in (*STEPS, "left")]
    assert report.state is State.FINISHED
    assert report.reason is None
    assert report.missing == ()
    assert report.over == {"one", "two", "three"}
    assert set(statuses(report).values()) == {Status.SUCCEEDED}
    assert report.records["a/eu-west-1"].checks == (CHECK,)


def test_a_second_run_applies_nothing():
    steps = Steps()
    run(WAVES, steps)
    report = run(WAVES, steps)
    assert not [each for each in steps.log if each.endswith("apply")]
    assert len([each for each in steps.log if each.endswith("verify")]) == 6
    assert {record.plan.sentence for record in report.records.values()} == {"no changes"}


def test_a_failure_stops_what_has_not_begun_and_names_target_and_reason():
    steps = Steps()
    steps.wrong["b/eu-west-1 apply"] = broken("No such key.")
    report = run(WAVES, steps)
    assert report.state is State.STOPPED
    assert report.missing == ("b/eu-west-2", *keys(THREE))
    assert not [each for each in steps.log if each.startswith("c/")]
    assert report.reason == (
        "Wave two stopped: 1 of 2 failed, and none may. b/eu-west-1 in apply: No such key. Mend"
        " that, and run it again with --resume."
    )
    record = report.records["b/eu-west-1"]
    assert (record.status, record.stage, record.reason) == (
        Status.FAILED,
        Stage.APPLY,
        "No such key.",
    )


def test_what_is_under_way_finishes_when_its_wave_stops():
    steps = Steps()
    both = wave("one", "a/x", "b/x", "c/x", parallel=2)
    made = Run((both,), steps)

    def wait_until_the_failure_is_known():
        end = time.monotonic() + 60
        while statuses(made.saved[-1])["a/x"] is not Status.FAILED:
            assert time.monotonic() < end
            time.sleep(0.01)

    steps.wrong["a/x plan"] = broken()
    steps.wrong["b/x plan"] = wait_until_the_failure_is_known
    report = made.carry_out()
    assert statuses(report) == {"a/x": Status.FAILED, "b/x": Status.SUCCEEDED}
    assert report.missing == ("c/x",)


def test_a_tolerated_failure_stays_one():
    steps = Steps()
    steps.wrong["a/x plan"] = broken()
    report = run((wave("one", "a/x", "b/x", tolerated=1), TWO), steps)
    assert report.state is State.FINISHED
    assert report.missing == ()
    assert "a/x in plan: It broke." in report.reason
    assert report.over == {"one", "two"}


@pytest.mark.parametrize("step", STEPS)
def test_a_target_ends_with_the_step_that_fails(step):
    steps = Steps()
    steps.wrong[f"a/eu-west-1 {step}"] = broken()
    report = run((ONE,), steps)
    record = report.records["a/eu-west-1"]
    assert (record.status, record.stage) == (Status.FAILED, step)
    assert steps.log == [f"a/eu-west-1 {each}" for each in STEPS[: STEPS.index(step) + 1]]


def test_an_error_nobody_thought_of_is_a_failure_of_its_target():
    steps = Steps()
    steps.wrong["a/eu-west-1 prepare"] = OSError("disk full")
    report = run((ONE,), steps)
    assert report.records["a/eu-west-1"].reason == "OSError: disk full"


def test_what_policies_find_is_not_applied():
    steps = Steps()
    steps.findings["a/eu-west-1"] = tuple(f"main.tf:{n}: finding" for n in range(5))
    report = run((ONE,), steps)
    record = report.records["a/eu-west-1"]
    assert record.stage is Stage.GATE
    assert record.reason == (
        "The policies refuse the plan: main.tf:0: finding; main.tf:1: finding; main.tf:2: finding;"
        " and 2 more."
    )
    assert len(record.gate.findings) == 5
    assert "a/eu-west-1 apply" not in steps.log


def test_a_verification_that_fails_fails_the_target():
    steps = Steps()
    bad = replace(CHECK, name="shadow", passed=False, detail="There is none.")
    after = replace(CHECK, name="record", passed=False, detail=NOT_REACHED)
    steps.checks["a/eu-west-1"] = (CHECK, bad, after)
    report = run((ONE,), steps)
    record = report.records["a/eu-west-1"]
    assert (record.status, record.stage) == (Status.FAILED, Stage.VERIFY)
    assert record.reason == "Devices cannot rely on it: shadow: There is none."
    assert record.checks == (CHECK, bad, after)


# --- removals


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [
        (removing("aws_sqs_queue"), ()),
        (removing("aws_sqs_queue", replaced=True), ()),
        (removing("aws_sqs_queue"), ("module.other.*",)),
        (removing("aws_sqs_queue", "aws_iam_role"), ("*.aws_sqs_queue.*",)),
        (removing("aws_dynamodb_table"), ("*",)),
        (removing("aws_kms_key"), ("module.stack.*", "*.aws_dynamodb_table.*")),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_plan_that_takes_away_what_nobody_named_is_refused(plan, allowed, dry_run):
    steps = Steps()
    steps.plans["a/eu-west-1"] = plan
    report = run((ONE,), steps, allow_destroy=allowed, dry_run=dry_run)
    record = report.records["a/eu-west-1"]
    assert (record.status, record.stage) == (Status.FAILED, Stage.GATE)
    assert plan.removals[-1].address in record.reason
    assert "--allow-destroy" in record.reason
    assert not steps.applied


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [
        (removing("aws_sqs_queue"), ("*",)),
        (removing("aws_sqs_queue"), ("module.stack.aws_sqs_queue.this[0]",)),
        (removing("aws_dynamodb_table"), ("*.aws_dynamodb_table.*",)),
        (removing("aws_lambda_invocation", replaced=True), ()),
    ],
)
def test_a_plan_that_takes_away_what_somebody_named_is_applied(plan, allowed):
    steps = Steps()
    steps.plans["a/eu-west-1"] = plan
    report = run((wave("one", "a/eu-west-1"),), steps, allow_destroy=allowed)
    assert steps.applied == {"a/eu-west-1"}
    assert report.records["a/eu-west-1"].plan.removals == plan.removals


# --- dry runs, resumed runs, single waves


def test_a_dry_run_plans_and_judges_everything_and_applies_nothing():
    steps = Steps()
    baking = replace(ONE, bake_seconds=60)
    made = Run((baking, TWO), steps, dry_run=True)
    report = made.carry_out()
    assert steps.log == [f"{key} {step}" for key in keys(ONE, TWO) for step in (*STEPS[:3], "left")]
    assert set(statuses(report).values()) == {Status.PLANNED}
    assert (report.dry_run, report.reason, made.listener.left) == (True, None, [])


def test_a_resumed_run_leaves_out_what_is_done_and_goes_on():
    steps = Steps()
    steps.wrong["b/eu-west-1 apply"] = broken()
    first = run(WAVES, steps)
    steps.wrong.clear()
    made = Run(WAVES, steps, before=first, resumed=True)
    report = made.carry_out()
    assert [each for each in steps.log if each.endswith("prepare")] == [
        f"{key} prepare" for key in keys(TWO, THREE)
    ]
    assert made.listener.waves == ["two", "three"]
    assert report.state is State.FINISHED
    assert set(report.records) == set(keys(*WAVES))
    assert report.records["a/eu-west-1"] == first.records["a/eu-west-1"]


def test_a_resumed_run_does_again_what_has_changed_since():
    steps = Steps()
    first = run((ONE,), steps)
    changed = replace(
        ONE, targets=(ONE.targets[0], replace(ONE.targets[1], tags={"Owner": "other"}))
    )
    run((changed,), steps, before=first, resumed=True)
    assert [each for each in steps.log if each.endswith("prepare")] == ["a/eu-west-2 prepare"]


def test_a_run_that_is_not_resumed_does_everything_and_so_does_one_resumed_after_it():
    steps = Steps()
    first = run(WAVES, steps)
    steps.wrong["a/eu-west-1 plan"] = broken()
    second = run(WAVES, steps, before=first)
    assert set(second.records) == {"a/eu-west-1"}
    assert second.over == frozenset()
    steps.wrong.clear()
    run(WAVES, steps, before=second, resumed=True)
    assert len([each for each in steps.log if each.endswith("prepare")]) == 6


def test_a_single_wave_leaves_the_records_of_the_others():
    steps = Steps()
    first = run((ONE, TWO), steps)
    report = run((ONE, TWO), steps, before=first, only="two")
    assert [each for each in steps.log if each.endswith("prepare")] == [
        f"{key} prepare" for key in keys(TWO)
    ]
    assert set(report.records) == set(keys(ONE, TWO))
    assert report.over == {"one", "two"}


def test_a_target_that_left_the_manifest_leaves_the_report():
    steps = Steps()
    first = run((ONE, TWO), steps)
    report = run((TWO,), steps, before=first)
    assert set(report.records) == set(keys(TWO))


def test_only_a_report_of_this_manifest_is_gone_on_with():
    steps = Steps()
    with pytest.raises(BeginError, match="no report"):
        Run((ONE,), steps, resumed=True)
    other = replace(run((ONE,), steps), manifest="other.yaml")
    with pytest.raises(BeginError, match=r"not of rollout\.yaml"):
        Run((ONE,), steps, before=other, resumed=True)
    assert run((ONE,), steps, before=other).state is State.FINISHED


def test_waves_are_chosen_by_name():
    every = manifest(*WAVES)
    assert chosen(every, ()) == WAVES
    assert chosen(every, ("three", "one")) == (ONE, THREE)
    with pytest.raises(BeginError, match=r"no wave four: rollout\.yaml has one, two, three"):
        chosen(every, ("one", "four"))


# --- baking


def test_a_wave_bakes_and_its_targets_are_verified_once_more():
    steps = Steps()
    made = Run((replace(ONE, bake_seconds=2.5), TWO), steps)
    report = made.carry_out()
    assert made.listener.left == [2.5, 1.5, 0.5]
    assert steps.log.count("a/eu-west-1 verify") == 2
    assert steps.log.count("b/eu-west-1 verify") == 1
    assert steps.log.index("b/eu-west-1 prepare") > len(STEPS) * 2
    assert report.over == {"one", "two"}


def test_a_target_that_does_not_survive_the_bake_stops_the_next_wave():
    steps = Steps()
    made = Run((replace(ONE, bake_seconds=2), TWO), steps)
    bad = replace(CHECK, passed=False, detail="Refused.")
    made.while_sleeping = lambda: steps.checks.update({"a/eu-west-2": (bad,)})
    report = made.carry_out()
    assert report.state is State.STOPPED
    assert report.missing == tuple(keys(TWO))
    assert "a/eu-west-2 in bake: Devices cannot rely on it: provisioned: Refused." in report.reason
    assert report.over == frozenset()


@pytest.mark.parametrize("error", [broken(), OSError("No route.")])
def test_a_verification_that_cannot_be_repeated_did_not_survive_either(error):
    steps = Steps()
    made = Run((replace(ONE, bake_seconds=2, tolerated_failures=1),), steps)
    made.while_sleeping = lambda: steps.wrong.update({"a/eu-west-2 verify": error})
    report = made.carry_out()
    assert report.records["a/eu-west-2"].status is Status.FAILED
    assert report.over == {"one"}


def test_what_failed_before_the_bake_is_not_verified_again():
    steps = Steps()
    steps.checks["a/eu-west-2"] = (replace(CHECK, passed=False),)
    report = run((replace(ONE, bake_seconds=2, tolerated_failures=1),), steps)
    assert report.over == {"one"}
    assert steps.log.count("a/eu-west-1 verify") == 2
    assert steps.log.count("a/eu-west-2 verify") == 1


def test_no_more_are_verified_at_a_time_after_a_bake_than_the_wave_allows():
    steps, under_way, most = Steps(), [], []

    def verify():
        under_way.append(1)
        time.sleep(0.02)
        most.append(len(under_way))
        under_way.pop()

    steps.wrong = {f"{key} verify": verify for key in keys(ONE)}
    run((replace(ONE, bake_seconds=2), replace(TWO, max_parallel=2)), steps)
    assert max(most) == ONE.max_parallel == 1


# --- interrupts


@pytest.mark.parametrize(
    ("during", "status", "applied"),
    [("plan", Status.INTERRUPTED, False), ("apply", Status.SUCCEEDED, True)],
)
def test_the_first_interrupt_lets_an_apply_finish_and_begins_nothing(during, status, applied):
    steps = Steps()
    made = Run((ONE, TWO), steps)
    steps.wrong[f"a/eu-west-1 {during}"] = made.runner.interrupt
    report = made.carry_out()
    assert report.state is State.INTERRUPTED
    assert "--resume" in report.reason
    assert statuses(report) == {"a/eu-west-1": status}
    assert report.missing == ("a/eu-west-2", *keys(TWO))
    assert ("a/eu-west-1 verify" in steps.log) is applied
    assert steps.interrupts == 0
    steps.wrong.clear()
    done = run((ONE, TWO), steps, before=report, resumed=True)
    assert done.state is State.FINISHED
    assert ("a/eu-west-1 prepare" in steps.log) is not applied


def test_the_second_interrupt_reaches_terraform():
    steps = Steps()
    made = Run((ONE,), steps)

    def twice():
        made.runner.interrupt()
        made.runner.interrupt()
        raise broken("Terraform was interrupted.")

    steps.wrong["a/eu-west-1 apply"] = twice
    report = made.carry_out()
    assert steps.interrupts == 1
    assert "a/eu-west-1 in apply: Terraform was interrupted." in report.reason


def test_an_interrupt_ends_a_bake_which_a_resumed_run_begins_again():
    steps = Steps()
    waves = (replace(ONE, bake_seconds=100),)
    made = Run(waves, steps)
    made.while_sleeping = made.runner.interrupt
    report = made.carry_out()
    assert made.listener.left == [100]
    assert (report.state, report.over) == (State.INTERRUPTED, frozenset())
    again = Run(waves, steps, before=report, resumed=True)
    assert again.carry_out().over == {"one"}
    assert again.listener.left[0] == 100
    # Nothing is applied again, and whoever still lets devices in has survived the bake.
    assert steps.log == [
        f"{key} {step}" for key in keys(*waves) for step in ("prepare", "left", "verify")
    ]


def test_a_target_that_does_not_survive_a_resumed_bake_stops_the_next_wave():
    steps = Steps()
    waves = (replace(ONE, bake_seconds=100), TWO)
    made = Run(waves, steps)
    made.while_sleeping = made.runner.interrupt
    report = made.carry_out()
    steps.checks["a/eu-west-1"] = (replace(CHECK, passed=False, detail="Refused."),)
    report = run(waves, steps, before=report, resumed=True)
    assert (report.state, report.missing) == (State.STOPPED, tuple(keys(TWO)))


def test_who_reads_the_report_of_a_run_that_was_killed_sees_what_was_under_way():
    steps = Steps()
    made = Run((ONE,), steps)
    seen = []
    steps.wrong["a/eu-west-1 apply"] = lambda: seen.append(made.saved[-1])
    made.carry_out()
    assert seen[0].state is State.RUNNING
    assert statuses(seen[0]) == {"a/eu-west-1": Status.INTERRUPTED}


@pytest.mark.parametrize("during", ["prepare", "plan", "gate"])
def test_what_breaks_before_the_apply_after_an_interrupt_was_interrupted(during):
    """The same Ctrl-C that stops the rollout may have ended what was under way."""
    steps = Steps()
    made = Run((ONE, TWO), steps)

    def interrupted():
        made.runner.interrupt()
        raise broken("checkov ended with exit code -2.")

    steps.wrong[f"a/eu-west-1 {during}"] = interrupted
    report = made.carry_out()
    assert report.state is State.INTERRUPTED
    record = report.records["a/eu-west-1"]
    assert (record.status, record.stage) == (Status.INTERRUPTED, during)
    assert record.reason == ("Interrupted; nothing was applied. checkov ended with exit code -2.")


def test_a_wave_stops_for_its_targets_whichever_wave_they_were_in_before():
    steps = Steps()
    waves = (replace(ONE, bake_seconds=2, tolerated_failures=0), TWO)
    made = Run(waves, steps)
    made.while_sleeping = made.runner.interrupt
    before = made.carry_out()
    # The target moved to another wave, which changes nothing in it.
    moved = wave("moved", "a/eu-west-1", "a/eu-west-2", bake=2)
    steps.checks["a/eu-west-1"] = (replace(CHECK, passed=False, detail="Refused."),)
    report = run((moved, TWO), steps, before=before, resumed=True)
    assert {record.wave for record in report.records.values()} == {"moved"}
    assert report.state is State.STOPPED
    assert report.reason.startswith("Wave moved stopped: 1 of 2 failed, and none may.")


def test_tolerated_failures_are_no_more_than_are_tolerated():
    steps = Steps()
    steps.wrong["a/x plan"] = broken()
    report = run((wave("one", "a/x", "b/x", "c/x", tolerated=2),), steps)
    assert report.reason.startswith("1 failed, no more than are tolerated: a/x in plan")


def test_a_verification_that_reached_nothing_is_no_success():
    steps = Steps()
    steps.checks["a/eu-west-1"] = (replace(CHECK, passed=False, detail=NOT_REACHED),)
    assert run((ONE,), steps).records["a/eu-west-1"].status is Status.FAILED
