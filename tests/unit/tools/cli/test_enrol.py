import json

import pytest
from click.testing import CliRunner

from tests.unit.tools.fakes import FakeTable, client_error
from tools.cli.errors import PARTLY, UNAVAILABLE, USAGE
from tools.cli.main import cli
from tools.cli.options import Deployment
from tools.enrolment import run as runs
from tools.registry.table import InsertRefused

HEADER = "serialNumber,deviceType\n"


@pytest.fixture
def table(monkeypatch):
    fake = FakeTable()
    monkeypatch.setattr(Deployment, "registry", fake)
    monkeypatch.setattr(Deployment, "caller_arn", "arn:aws:iam::123456789012:user/line")
    monkeypatch.setattr(runs, "_outlast_the_second", lambda _: None)
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", 0)
    return fake


@pytest.fixture
def devices(tmp_path):
    path = tmp_path / "devices.csv"
    path.write_text(HEADER + "".join(f"SN-{n},sensor\n" for n in range(900)) + "a b,sensor\n")
    return path


def enrol(*arguments):
    return CliRunner().invoke(cli, ["enrol", "--table", "t", *map(str, arguments)])


@pytest.mark.parametrize("report", ["devices.csv", "link.csv", "devices.csv.enrol-checkpoint.json"])
def test_a_report_never_overwrites_what_is_read(table, devices, report):
    (devices.parent / "link.csv").symlink_to(devices)
    before = devices.read_bytes()
    result = enrol(devices, "--report", devices.parent / report)
    assert result.exit_code == USAGE
    assert "would overwrite" in result.output
    assert devices.read_bytes() == before
    assert table.writes == []


def test_a_report_of_one_input_never_overwrites_another(table, devices):
    other = devices.with_name("devices.csv.problems.jsonl")
    other.write_text(json.dumps({"serialNumber": "SN-9999", "deviceType": "sensor"}) + "\n")
    assert enrol(devices, other).exit_code == USAGE
    assert "SN-9999" in other.read_text()


def test_a_dry_run_leaves_the_report_of_an_interrupted_run_alone(table, devices):
    report = devices.with_name("devices.csv.problems.jsonl")
    rows = devices.read_text().splitlines()
    devices.write_text("\n".join([rows[0], "c d,sensor", *rows[1:]]) + "\n")
    table.fail_after(300)
    assert enrol(devices, "--workers", 1).exit_code == UNAVAILABLE
    before = report.read_bytes()
    assert before
    table.failure = None

    dry = enrol(devices, "--dry-run")
    assert dry.exit_code == PARTLY
    assert "devices.csv.dry-run.problems.jsonl" in dry.stderr
    assert enrol(devices, "--dry-run", "--report", report).exit_code == USAGE
    assert report.read_bytes() == before

    assert enrol(devices).exit_code == PARTLY
    assert [json.loads(line)["line"] for line in report.read_text().splitlines()] == [2, 903]
    assert len(table.items) == len(table.writes) == 900


def test_rows_under_way_when_the_run_ends_are_not_denied(table, devices, monkeypatch):
    def denied(_):
        table.writes.append("one of a batch")
        raise client_error("AccessDeniedException", "PartiQLInsert")

    monkeypatch.setattr(table, "insert_many", denied)
    result = enrol(devices)
    assert result.exit_code == UNAVAILABLE
    assert table.writes
    assert "may be in the registry" in result.stderr
    assert "Nothing" not in result.stderr


def test_what_cannot_even_begin_says_so(table, devices, monkeypatch):
    def denied():
        raise client_error("AccessDeniedException", "DescribeTable")

    monkeypatch.setattr(table, "arn", denied)
    assert "Nothing of " in enrol(devices).stderr


def test_a_row_that_dynamodb_refuses_fails_alone(table, devices, monkeypatch):
    monkeypatch.setattr(
        table, "insert_many", lambda items: [InsertRefused("ValidationError", "odd")] * len(items)
    )
    result = enrol(devices, "--json")
    assert json.loads(result.stdout)["failed"] == 900
