import json

import pytest

from device_registry.record import ReprovisionPolicy, Status, to_item
from tests.unit.builders import record
from tests.unit.tools.fakes import FakeTable, client_error
from tools.enrolment import checkpoint as checkpoints
from tools.enrolment import run as runs
from tools.enrolment.batch import Counts
from tools.enrolment.run import Plan, enrol_file
from tools.enrolment.source import FileRefusedError, Format

HEADER = "serialNumber,deviceType,batch\n"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(runs, "_outlast_the_second", lambda _: None)
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", 0)


def plan(tmp_path, table, **changes):
    path = tmp_path / "devices.csv"
    values = {
        "path": str(path),
        "form": Format.CSV,
        "report": tmp_path / "problems.jsonl",
        "checkpoint": tmp_path / "checkpoint.json",
        "table": table,
        "caller_arn": "arn:aws:iam::123456789012:user/line",
        "catalogue": {"sensor": ReprovisionPolicy.NEVER},
        "workers": 2,
    }
    return Plan(**{**values, **changes})


def write(tmp_path, rows, header=HEADER):
    (tmp_path / "devices.csv").write_text(header + "".join(f"{row}\n" for row in rows))


def report(tmp_path):
    return [json.loads(line) for line in (tmp_path / "problems.jsonl").read_text().splitlines()]


def devices(count):
    return [f"SN-{n:05d},sensor,B" for n in range(count)]


def ignore(_):
    pass


def test_a_file_is_enrolled_and_again_costs_no_write(tmp_path):
    table = FakeTable()
    write(tmp_path, devices(950))
    assert enrol_file(plan(tmp_path, table), ignore).counts == Counts(new=950)
    assert len(table.writes) == 950
    assert enrol_file(plan(tmp_path, table), ignore).counts == Counts(unchanged=950)
    assert len(table.writes) == 950
    assert [path.name for path in tmp_path.iterdir()] == ["devices.csv"]


def test_problems_are_reported_in_the_order_of_the_lines(tmp_path):
    rows = devices(450)
    rows[3] = "a b,none,"
    rows[400] = "SN-00000,sensor,other"
    rows[401] = "SN-00001,sensor,B"
    write(tmp_path, rows)
    counts = enrol_file(plan(tmp_path, FakeTable()), ignore).counts
    assert counts == Counts(new=447, unchanged=1, refused=2)
    lines = report(tmp_path)
    assert [(line["line"], line["serialNumber"]) for line in lines] == [
        (5, "a b"),
        (5, "a b"),
        (402, "SN-00000"),
    ]
    assert "more than once in this run" in lines[2]["problem"]


def test_a_serial_number_twice_in_one_batch_names_the_first_line(tmp_path):
    write(tmp_path, ["SN-1,sensor,a", "SN-1,sensor,a", "SN-1,sensor,b"])
    counts = enrol_file(plan(tmp_path, FakeTable()), ignore).counts
    assert counts == Counts(new=1, unchanged=1, refused=1)
    assert report(tmp_path)[0]["problem"] == ("SN-1 stands in line 2 already, with other values.")


class Crash(Exception):
    pass


@pytest.mark.parametrize("stop", [Crash, KeyboardInterrupt])
@pytest.mark.parametrize("after", [1, 3, 6])
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, stop, after):
    rows = devices(900)
    rows[10] = rows[610] = "a b,sensor,"
    write(tmp_path, rows)
    table, seen = FakeTable(), []

    def tell(state):
        seen.append(state.counts.rows)
        if len(seen) > after:
            raise stop

    with pytest.raises(stop):
        enrol_file(plan(tmp_path, table), tell)
    saved = checkpoints.load(tmp_path / "checkpoint.json")
    assert saved.counts.rows == saved.position.line - 1 == seen[-1]

    first = []
    done = enrol_file(plan(tmp_path, table), lambda state: first.append(state.resumed_rows))
    assert first[0] == saved.counts.rows
    assert done.counts.rows == 900
    assert done.counts.refused == 2
    assert len(table.items) == len(table.writes) == 898
    assert [line["line"] for line in report(tmp_path)] == [12, 612]
    assert not (tmp_path / "checkpoint.json").exists()


def test_what_a_crash_left_in_the_report_behind_the_checkpoint_is_not_reported_twice(tmp_path):
    table = FakeTable()
    write(tmp_path, ["a b,sensor,", *devices(500)])
    interrupt(tmp_path, table)
    with (tmp_path / "problems.jsonl").open("a") as crashed:
        crashed.write('{"line": 450, "serial')
    enrol_file(plan(tmp_path, table), ignore)
    assert [line["line"] for line in report(tmp_path)] == [2]


@pytest.mark.parametrize("left", ["", '{"line": 2}\n'])
def test_a_report_that_somebody_shortened_is_never_filled_up(tmp_path, left):
    table = FakeTable()
    write(tmp_path, ["a b,sensor,", *devices(500)])
    interrupt(tmp_path, table)
    (tmp_path / "problems.jsonl").write_text(left)
    enrol_file(plan(tmp_path, table), ignore)
    if left:
        assert (tmp_path / "problems.jsonl").read_text() == left
    else:
        assert not (tmp_path / "problems.jsonl").exists()


def test_another_report_after_an_interruption_begins_empty_and_names_the_first(tmp_path):
    table, other = FakeTable(), tmp_path / "other.jsonl"
    write(tmp_path, ["a b,sensor,", *devices(500), "c d,sensor,"])
    interrupt(tmp_path, table)
    other.write_text("what somebody kept here from another file, longer than any report\n" * 9)
    done = enrol_file(plan(tmp_path, table, report=other), ignore)
    assert [json.loads(line)["line"] for line in other.read_text().splitlines()] == [503]
    assert [line["line"] for line in report(tmp_path)] == [2]
    assert done.notes == [f"What was refused before is in {tmp_path / 'problems.jsonl'}."]


def interrupt(tmp_path, table, **changes):
    def tell(state):
        if state.counts.rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrol_file(plan(tmp_path, table, **changes), tell)


def test_a_file_that_changed_before_the_checkpoint_is_started_anew(tmp_path):
    table = FakeTable()
    write(tmp_path, devices(500))
    interrupt(tmp_path, table)
    write(tmp_path, ["SN-A,sensor,B", *devices(500)])
    done = enrol_file(plan(tmp_path, table), ignore)
    assert "changed before the place" in done.notes[0]
    assert done.counts.rows == 501
    assert len(table.writes) == 501


@pytest.mark.parametrize(
    "how", ["restart", "other table", "other Region", "damaged", "other version"]
)
def test_a_checkpoint_that_does_not_fit_is_not_used(tmp_path, how):
    table = FakeTable()
    write(tmp_path, devices(500))
    interrupt(tmp_path, table)
    path = tmp_path / "checkpoint.json"
    if how == "other table":
        table.name = "another"
    elif how == "other Region":
        table.region = "eu-central-1"
    elif how == "damaged":
        path.write_text("{")
    elif how == "other version":
        path.write_text(json.dumps({**json.loads(path.read_text()), "version": 0}))
    done = enrol_file(plan(tmp_path, table, restart=how == "restart"), ignore)
    assert done.resumed_rows == 0
    assert done.counts.rows == 500
    assert any("starting from the first row" in note for note in done.notes) == (
        how in ("other table", "other Region")
    )


def test_a_dry_run_writes_nothing(tmp_path):
    table = FakeTable(to_item(record(serial_number="SN-00001", status=Status.ENROLLED)))
    write(tmp_path, devices(3))
    done = enrol_file(plan(tmp_path, table, dry_run=True, checkpoint=None), ignore)
    assert done.counts == Counts(new=2, changed=1)
    assert table.writes == []


def test_a_claim_between_read_and_write_is_never_overwritten(tmp_path):
    waiting = record(serial_number="SN-00001", status=Status.ENROLLED)
    table = FakeTable(to_item(waiting))

    def claimed():
        table.items["SN-00001"] = to_item(
            record(serial_number="SN-00001", status=Status.PROVISIONING)
        )

    table.meanwhile = claimed
    write(tmp_path, ["SN-00001,sensor,B"])
    assert enrol_file(plan(tmp_path, table), ignore).counts == Counts(refused=1)
    assert "is PROVISIONING" in report(tmp_path)[0]["problem"]


def test_an_enrolment_by_somebody_else_between_read_and_write_is_seen(tmp_path):
    table = FakeTable()

    def enrolled():
        table.items["SN-00001"] = to_item(record(serial_number="SN-00001", status=Status.REVOKED))

    table.meanwhile = enrolled
    write(tmp_path, ["SN-00001,sensor,B"])
    assert enrol_file(plan(tmp_path, table), ignore).counts == Counts(refused=1)


def test_a_record_that_never_rests_fails_its_row_only(tmp_path):
    table = FakeTable(to_item(record(serial_number="SN-00001")))

    def again():
        table.meanwhile = again

    table.meanwhile = again
    write(tmp_path, ["SN-00001,sensor,B", "SN-00002,sensor,B"])
    counts = enrol_file(plan(tmp_path, table), ignore).counts
    assert (counts.failed, counts.new) == (1, 1)
    assert "kept changing" in report(tmp_path)[0]["problem"]


def test_an_error_of_the_table_keeps_the_place(tmp_path):
    table = FakeTable()
    write(tmp_path, devices(1_500))

    def tell(state):
        if state.counts.rows == 200:
            table.failure = client_error("AccessDeniedException")

    with pytest.raises(Exception, match="AccessDenied"):
        enrol_file(plan(tmp_path, table), tell)
    table.failure = None
    done = enrol_file(plan(tmp_path, table), ignore)
    assert done.resumed_rows >= 200
    assert done.counts.rows == len(table.writes) == 1_500


def test_a_file_without_enrolments_is_refused(tmp_path):
    write(tmp_path, [], header="colour\n")
    with pytest.raises(FileRefusedError):
        enrol_file(plan(tmp_path, FakeTable()), ignore)


def test_an_interrupted_run_with_another_home_begins_anew(tmp_path):
    table = FakeTable()
    write(tmp_path, devices(500))
    interrupt(tmp_path, table, home_region="eu-west-1")
    enrolled = len(table.items)
    notes = []
    other = plan(tmp_path, table, home_region="eu-central-1")
    done = enrol_file(other, lambda state: notes.extend(state.notes)).counts
    assert any("with --home-region eu-west-1; this one has" in each for each in notes)
    # What has a home keeps it, and is named.
    assert done == Counts(new=500 - enrolled, refused=enrolled)
    homes = {item["homeRegion"]["S"] for item in table.items.values()}
    assert homes == {"eu-west-1", "eu-central-1"}


def test_a_checkpoint_of_an_earlier_version_is_gone_on_from(tmp_path):
    table = FakeTable()
    write(tmp_path, devices(500))
    interrupt(tmp_path, table)
    path = tmp_path / "checkpoint.json"
    saved = json.loads(path.read_text())
    del saved["home_region"]
    path.write_text(json.dumps(saved))
    assert checkpoints.load(path).home_region is None
    assert enrol_file(plan(tmp_path, table), ignore).resumed_rows > 0
