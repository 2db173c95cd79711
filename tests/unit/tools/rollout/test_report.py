"""The report: read as it was written, readable for people, and nothing in it that is a secret."""

import json

import pytest

from tests.unit.tools.rollout.fakes import CHECK, Run, Steps, broken, removing, wave
from tools.cli import rollout_display
from tools.rollout import report as reports
from tools.rollout.report import ReportError

ONE = wave("one", "a/eu-west-1", "b/eu-west-1", tolerated=1)
TWO = wave("two", "c/eu-west-1", "d/eu-west-1")


@pytest.fixture
def steps():
    made = Steps()
    made.plans["a/eu-west-1"] = removing("aws_sqs_queue", replaced=True)
    made.findings["b/eu-west-1"] = ("main.tf:1: CKV_1, a | b: x",)
    made.wrong["c/eu-west-1 verify"] = broken("The verification could not be made.")
    return made


@pytest.fixture
def report(steps):
    return Run((ONE, TWO), steps, allow_destroy=("*",)).carry_out()


def test_a_report_is_read_as_it_was_written(report, tmp_path):
    path = tmp_path / "reports/rollout.json"
    reports.write(report, path)
    assert reports.read(path) == report
    assert {each.name for each in path.parent.iterdir()} == {"rollout.json", "rollout.md"}


def test_it_tells_what_when_how_long_and_why(report, tmp_path):
    written = reports.to_json(report)
    (a, b, c) = written["records"]
    assert (a["status"], a["plan"]["destroys"], a["plan"]["removals"][0]["replaced"]) == (
        "SUCCEEDED",
        1,
        True,
    )
    assert (b["status"], b["stage"], b["gate"]["findings"]) == (
        "FAILED",
        "gate",
        ("main.tf:1: CKV_1, a | b: x",),
    )
    assert (c["stage"], c["reason"]) == ("verify", "The verification could not be made.")
    assert written["missing"] == ("d/eu-west-1",)
    assert written["packages"]
    assert written["started_at"] == 1000


def test_people_read_every_target_and_what_is_wrong(report):
    page = reports.markdown(report)
    assert "# Rollout of rollout.yaml" in page
    assert "Stopped after" in page
    for key in ("a", "b", "c"):
        assert f"| {key}/eu-west-1 | " in page
    assert "| d/eu-west-1 | | | not begun |" in page
    assert "- Replaces `module.stack.aws_sqs_queue.this[0]`" in page
    # A bar would end the cell.
    assert "a \\| b" in page
    assert "- Failed in verify: The verification could not be made." in page


def test_a_check_that_failed_is_named(steps):
    bad = rollout_check(passed=False)
    steps.wrong.clear()
    steps.checks["c/eu-west-1"] = (CHECK, bad)
    page = reports.markdown(Run((TWO,), steps).carry_out())
    assert "- Check `shadow` failed: There is none." in page
    assert "| 1 of 2 passed |" in page


def rollout_check(*, passed):
    return type(CHECK)(name="shadow", passed=passed, detail="There is none.")


def test_no_value_and_no_external_id_is_in_it(report, tmp_path):
    path = tmp_path / "rollout.json"
    reports.write(report, path)
    for text in (path.read_text(), path.with_suffix(".md").read_text()):
        assert "hush" not in text
        assert "handshake" not in text


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "records": [{}]}']
)
def test_what_is_no_report_is_told_in_a_sentence(text, tmp_path):
    path = tmp_path / "rollout.json"
    path.write_text(text)
    with pytest.raises(ReportError, match="no report of this version"):
        reports.read(path)


def test_a_report_that_cannot_be_read_is_told_in_a_sentence(tmp_path):
    with pytest.raises(ReportError, match="cannot be read: Is a directory"):
        reports.read(tmp_path)


def test_a_report_of_another_version_is_not_gone_on_with(report, tmp_path):
    path = tmp_path / "rollout.json"
    path.write_text(json.dumps({**reports.to_json(report), "version": 2}))
    with pytest.raises(ReportError, match="--resume"):
        reports.read(path)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3725, "62 min 5 s")]
)
def test_durations_are_read_by_people(seconds, words):
    assert reports.duration(seconds) == words


def test_the_table_at_the_end_has_every_target_and_what_plans_take_away(report):
    rows = rollout_display.rows(report, (ONE, TWO))
    assert [(row[0], row[3]) for row in rows] == [
        ("a/eu-west-1", "done"),
        ("b/eu-west-1", "FAILED"),
        ("c/eu-west-1", "FAILED"),
        ("d/eu-west-1", "not begun"),
    ]
    assert rollout_display.removals(report, (ONE, TWO)) == [
        ("a/eu-west-1", "replaced", "module.stack.aws_sqs_queue.this[0]")
    ]
