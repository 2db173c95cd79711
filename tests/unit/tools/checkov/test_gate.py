"""The gate before an apply: what it lets pass, what it stops, and with which sentence."""

import json

import pytest

from tests.unit.tools.checkov.builders import FILE, plan, result, skip
from tools.checkov import gate, scan, sources
from tools.checkov.model import Outcome, ReviewError

RESOURCE = {"address": "aws_kms_key.this", "mode": "managed", "type": "aws_kms_key", "values": {}}


@pytest.fixture
def judged(tmp_path, monkeypatch, capsys):
    """Let checkov say something of a plan; returns the exit code and what was printed."""

    def judge(*results, resources=(RESOURCE,), unread=(), skips=()):
        document = {
            "planned_values": {"root_module": {"resources": list(resources)}},
            "configuration": {"root_module": {}},
        }
        (tmp_path / "plan.json").write_text(json.dumps(document))
        monkeypatch.setattr(sources, "code", lambda *_: [FILE])
        monkeypatch.setattr(sources, "skips_in", lambda *_: list(skips))
        (tmp_path / FILE).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / FILE).touch()
        monkeypatch.setattr(scan, "planned", lambda *_: [plan(*results, unread=unread)])
        code = gate.main(["terraform", str(tmp_path / "plan.json")], tmp_path)
        return code, capsys.readouterr()

    return judge


def test_a_plan_without_findings_passes(judged):
    code, said = judged(result(), result(Outcome.SKIPPED), skips=[skip()])
    assert (code, said.err) == (0, "")
    assert said.out == "1 passed, 1 skipped with a reason, 0 failed.\n"


def test_a_plan_of_nothing_passes_unseen(judged):
    assert judged(resources=())[0] == 0


def test_a_finding_stops_the_plan_and_is_named(judged):
    code, said = judged(result(), result(Outcome.FAILED))
    assert code == 1
    assert f"{FILE}:3: CKV_AWS_7, Keys rotate: module.keys.aws_kms_key.this" in said.out


def test_a_skip_that_no_comment_explains_stops_the_plan(judged):
    code, said = judged(result(Outcome.SKIPPED))
    assert code == 1
    assert "CKV_AWS_7 is skipped, and no comment here says so" in said.out


def test_a_plan_that_checkov_could_not_read_is_stopped(judged):
    assert judged(result(), unread=["plan.json"])[0] == 1


def test_a_plan_in_which_nothing_was_looked_at_is_stopped(judged):
    code, said = judged()
    assert code == 1
    assert said.err.startswith("checkov found nothing to check in the plan")


def test_a_scan_that_fails_is_told(judged, monkeypatch, tmp_path, capsys):
    judged(result())

    def fail(*_):
        raise ReviewError("checkov is not installed.")

    monkeypatch.setattr(scan, "planned", fail)
    assert gate.main(["terraform", str(tmp_path / "plan.json")], tmp_path) == 1
    assert capsys.readouterr().err == "checkov is not installed.\n"


def test_a_plan_that_is_no_json_is_told(tmp_path, capsys):
    (tmp_path / "plan.json").write_text("{")
    assert gate.main(["terraform", str(tmp_path / "plan.json")], tmp_path) == 1
    assert "Expecting property name" in capsys.readouterr().err


def test_both_arguments_are_needed(capsys):
    assert gate.main(["plan.json"]) == gate.USAGE
    assert capsys.readouterr().err == "Give the configuration's directory and the plan in JSON.\n"
