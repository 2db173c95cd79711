"""``take-over`` asks, says what it did, and touches nothing where the Regions do not fit."""

import json

import pytest
from click.testing import CliRunner

from device_registry.record import Status, to_item
from tests.unit.builders import record
from tests.unit.tools.cli.test_stack import stack_file
from tests.unit.tools.fakes import FakeTable, client_error
from tools.cli.errors import DONE, INTERRUPTED, PARTLY, UNAVAILABLE, USAGE
from tools.cli.main import cli
from tools.cli.options import Deployment

LOST, OWN = "eu-west-1", "eu-central-1"


def item(serial, **changes):
    return to_item(record(serial_number=serial, **changes))


@pytest.fixture
def table(monkeypatch):
    fake = FakeTable(
        item("SN-1"),
        item("SN-2", home_region=LOST),
        item("SN-3", home_region=OWN),
        item("SN-4", home_region=LOST, status=Status.ACTIVE),
    )
    monkeypatch.setattr(Deployment, "registry", fake)
    monkeypatch.setattr(Deployment, "caller_arn", "arn:aws:iam::123456789012:user/operator")
    monkeypatch.setenv("AWS_REGION", OWN)
    return fake


def take_over(tmp_path, *arguments, lost=LOST, stdin="", **outputs):
    arn = f"arn:aws:dynamodb:{OWN}:123456789012:table/acme-registry"
    outputs = {"registry_table_arn": arn, "default_home_region": LOST} | outputs
    path = stack_file(tmp_path, **outputs)
    line = ["take-over", "--from", lost, "--stack", str(path), *arguments]
    return CliRunner().invoke(cli, line, input=stdin)


def homes(table):
    return [each.get("homeRegion", {}).get("S") for each in table.items.values()]


BEFORE = [None, LOST, OWN, LOST]


def test_a_dry_run_counts_and_writes_nothing(table, tmp_path):
    result = take_over(tmp_path, "--dry-run", "--json")
    assert result.exit_code == DONE
    counts = {name: n for name, n in json.loads(result.stdout).items() if n}
    assert counts == {"moved": 2, "here": 1, "notClaimable": 1}
    assert "A dry run: nothing was moved." in result.stderr
    assert homes(table) == BEFORE


@pytest.mark.parametrize(("stdin", "done"), [("y\n", True), ("n\n", False), ("", False)])
def test_nothing_moves_without_a_yes_and_the_question_says_what_would(table, tmp_path, stdin, done):
    result = take_over(tmp_path, stdin=stdin)
    assert result.exit_code == (DONE if done else PARTLY)
    assert "eu-west-1 must not go on granting" in result.stderr
    assert f"Move the home of 2 records from {LOST} to {OWN}?" in result.stderr
    assert homes(table) == ([OWN, OWN, OWN, LOST] if done else BEFORE)
    assert ("Nothing was moved." in result.stderr) is not done
    assert (f"--home-region {OWN}" in result.stderr) is done


def test_run_again_there_is_nothing_to_move(table, tmp_path):
    assert take_over(tmp_path, "--yes").exit_code == DONE
    again = take_over(tmp_path)
    assert (again.exit_code, "There is nothing to move." in again.stderr) == (DONE, True)
    assert "Had that home already" in again.stdout


def test_only_those_that_are_named_and_a_stranger_among_them_ends_with_1(table, tmp_path):
    result = take_over(tmp_path, "--yes", "--serials", "-", stdin="# back\nSN-2\nSN-9\n")
    assert result.exit_code == PARTLY
    assert "Not enrolled" in result.stdout
    assert homes(table) == [None, OWN, OWN, LOST]


def test_without_a_default_home_those_that_name_none_stay(table, tmp_path):
    result = take_over(tmp_path, "--yes", default_home_region=None)
    assert "names no default home Region" in result.stderr
    assert homes(table) == [None, OWN, OWN, LOST]
    take_over(tmp_path, "--yes", "--default-home-region", LOST, default_home_region=None)
    assert homes(table) == [OWN, OWN, OWN, LOST]


@pytest.mark.parametrize(
    ("lost", "region", "part"),
    [(OWN, OWN, "cannot take over from itself"), (LOST, "us-east-1", "The stack file is that of")],
)
def test_the_wrong_region_is_refused_before_anything_is_read(
    table, tmp_path, monkeypatch, lost, region, part
):
    monkeypatch.setenv("AWS_REGION", region)
    result = take_over(tmp_path, "--yes", lost=lost)
    assert result.exit_code == USAGE
    assert part in result.output
    assert homes(table) == BEFORE


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (KeyboardInterrupt(), INTERRUPTED, "Interrupted. 1 record moved so far"),
        (client_error("AccessDeniedException", "UpdateItem"), UNAVAILABLE, "AWS denied UpdateItem"),
    ],
)
def test_a_run_that_ends_early_says_how_far_it_came(
    table, tmp_path, monkeypatch, error, code, part
):
    update = table.update

    def second_fails(arguments):
        if table.writes:
            raise error
        return update(arguments)

    monkeypatch.setattr(table, "update", second_fails)
    result = take_over(tmp_path, "--yes", "--workers", "1")
    assert result.exit_code == code
    assert part in result.stderr
    assert "run the same command again" in result.stderr
    assert table.writes == ["SN-1"]


def test_a_record_that_could_not_be_moved_is_named(table, tmp_path, monkeypatch):
    def refuse(_):
        raise client_error("ValidationException", "UpdateItem")

    monkeypatch.setattr(table, "update", refuse)
    result = take_over(tmp_path, "--yes")
    assert result.exit_code == PARTLY
    assert "DynamoDB refused the record of SN-1" in result.stderr
    assert "Run the same command again" in result.stderr


def test_a_region_hands_its_own_over_and_nobody_has_to_stop(table, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_REGION", LOST)
    arn = f"arn:aws:dynamodb:{LOST}:123456789012:table/acme-registry"
    result = take_over(tmp_path, "--yes", "--to", OWN, registry_table_arn=arn)
    assert result.exit_code == DONE
    assert "must not go on granting" not in result.stderr
    assert "neither Region grants it" in result.stderr
    assert homes(table) == [OWN, OWN, OWN, LOST]


@pytest.mark.parametrize(("lost", "to"), [(LOST, "us-east-1"), (OWN, OWN)])
def test_nobody_hands_over_what_is_another_s_or_to_itself(table, tmp_path, lost, to):
    result = take_over(tmp_path, "--yes", "--to", to, lost=lost)
    assert result.exit_code == USAGE
    assert "hands over what is its own" in result.output
    assert homes(table) == BEFORE
