"""The command: what it says, how it ends, and what it does with signals."""

import os
import signal
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tests.unit.tools.rollout.fakes import SOURCES, Steps, broken, wave
from tools.cli import errors, rollout_run
from tools.cli.main import cli
from tools.cli.rollout_display import Display
from tools.rollout import report as reports
from tools.rollout.record import Stage
from tools.rollout.steps.artefact import Artefact
from tools.rollout.steps.plan_summary import HELD_DEAR

MANIFEST = {
    "version": 1,
    "configuration": ".",
    "backend": {"type": "local", "settings": {"path": "{account_name}-{region}"}},
    "regions": ["eu-west-1"],
    "accounts": {"a": "111111111111", "b": "222222222222"},
    "waves": [{"name": name, "accounts": [name]} for name in ("a", "b")],
}


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """Steps that are taken nowhere, in a directory with a manifest."""
    made = Steps()
    artefact = Artefact(
        directory=tmp_path,
        configuration=Path(),
        packages=Path(),
        sha256={},
        sources=SOURCES,
        variables={},
    )
    monkeypatch.setattr(rollout_run, "freeze", lambda manifest, target: artefact)
    monkeypatch.setattr(rollout_run, "Commands", lambda: None)
    monkeypatch.setattr(rollout_run, "policy_gate", lambda: None)
    monkeypatch.setattr(rollout_run, "LocalSteps", lambda **given: made)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").touch()
    (tmp_path / "rollout.yaml").write_text(yaml.safe_dump(MANIFEST))
    return made


def run(*options):
    return CliRunner().invoke(cli, ["rollout", "run", "rollout.yaml", *options])


def test_a_rollout_ends_with_a_table_a_verdict_and_two_reports(steps):
    result = run()
    assert result.exit_code == errors.DONE, result.output
    rows = [line.split()[:4] for line in result.stdout.splitlines()]
    assert ["a/eu-west-1", "111111111111", "a", "done"] in rows
    assert "Every target is as the manifest wants it. The report is reports/rollout.json" in (
        result.output
    )
    assert Path("reports/rollout.md").is_file()


def test_a_failure_is_named_and_a_resumed_run_mends_it(steps):
    steps.wrong["b/eu-west-1 apply"] = broken("No such key.")
    result = run()
    assert result.exit_code == errors.PARTLY
    assert "b/eu-west-1 in apply: No such key." in result.output
    steps.wrong.clear()
    steps.log.clear()
    result = run("--resume")
    assert result.exit_code == errors.DONE
    assert "1 target done before, and unchanged" in result.output
    assert "a/eu-west-1 prepare" not in steps.log


def test_a_dry_run_has_a_report_of_its_own(steps):
    run()
    before = Path("reports/rollout.json").read_text()
    result = run("--dry-run")
    assert "nothing was applied" in result.output
    assert Path("reports/rollout.json").read_text() == before
    assert reports.read(Path("reports/rollout-dry-run.json")).dry_run


def test_one_wave_alone(steps):
    assert run("--wave", "b").exit_code == errors.DONE
    assert {each.split("/")[0] for each in steps.log} == {"b"}


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--dry-run", "--resume"), errors.USAGE, "nothing to go on"),
        (("--resume",), errors.UNAVAILABLE, "There is no report to go on with"),
        (("--wave", "c"), errors.UNAVAILABLE, "There is no wave c: rollout.yaml has a, b."),
    ],
)
def test_what_cannot_begin_says_why(steps, options, code, sentence):
    result = run(*options)
    assert result.exit_code == code
    assert sentence in result.output
    assert steps.log == []


def test_mistakes_in_the_manifest_end_it(steps):
    Path("rollout.yaml").write_text("version: 2\n")
    result = run()
    assert result.exit_code == errors.UNAVAILABLE
    assert "rollout.yaml:1: " in result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_let_an_apply_finish_and_write_the_report(steps, number):
    before = signal.getsignal(number)

    def twice():
        # Two at once are one to Python.
        while not steps.interrupts:
            os.kill(os.getpid(), number)
            time.sleep(0.05)

    steps.wrong["a/eu-west-1 apply"] = twice
    result = run()
    assert result.exit_code == errors.INTERRUPTED
    assert "applies under way finish first" in result.output
    assert "Terraform was asked to end." in result.output
    report = reports.read(Path("reports/rollout.json"))
    assert report.missing == ("b/eu-west-1",)
    assert report.records["a/eu-west-1"].status == "SUCCEEDED"
    assert signal.getsignal(number) is before


def test_a_terminal_shows_each_target_where_it_is(monkeypatch, capsys):
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    one = wave("one", "a/x", bake=2)
    (target,) = one.targets
    with Display() as display:
        display.wave(one)
        display.stage(target, Stage.PLAN)
        display.stage(target, Stage.APPLY)
        display.baking(one, 2)
        shown = [(task.description, task.fields["stage"]) for task in display._bars.tasks]
        display.baking(one, 0.5)
        left = [task.description for task in display._bars.tasks]
    assert shown == [("a/x", "apply"), ("Wave one", "bakes for another 2 s")]
    assert left == ["a/x"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Every target is as the manifest wants it."),
        (("--wave", "a", "--wave", "b"), "Every target is as the manifest wants it."),
        (("--wave", "b"), "Every target of the wave b is as the manifest wants it."),
        (("--wave", "b", "--dry-run"), "Every target of the wave b can be planned; nothing was"),
    ],
)
def test_the_verdict_is_about_the_waves_that_were_chosen(steps, options, sentence):
    assert sentence in run(*options).output


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(28, "No space left on device", "/x/y"),
            "/x/y cannot be read or written: No space",
        ),
        (OSError("[('a', 'b', 'denied')]"), "Error: [('a', 'b', 'denied')]."),
    ],
)
def test_a_file_that_cannot_be_used_is_a_sentence(steps, monkeypatch, error, sentence):
    def fail(manifest, target):
        raise error

    monkeypatch.setattr(rollout_run, "freeze", fail)
    result = run()
    assert result.exit_code == errors.UNAVAILABLE
    assert sentence in result.output


@pytest.mark.parametrize("command", ["run", "removals"])
def test_help_says_that_who_is_in_quarantine_is_held_dear(command):
    assert "aws_iot_thing_group" in HELD_DEAR
    assert "quarantine" in CliRunner().invoke(cli, ["rollout", command, "--help"]).output
