"""What a table of ``list`` shows of a fleet in one Region, and of one in several."""

import pytest
from click.testing import CliRunner

from device_registry.record import to_item
from tests.unit.builders import record
from tests.unit.tools.cli.test_stack import stack_file
from tests.unit.tools.fakes import FakeTable
from tools.cli.main import cli
from tools.cli.options import Deployment


@pytest.mark.parametrize(
    ("home", "default_home", "shown"),
    [
        (None, None, None),
        ("eu-central-1", None, "eu-central-1"),
        ("eu-central-1", "eu-west-1", "eu-central-1"),
        (None, "eu-west-1", "eu-west-1 (the default)"),
    ],
)
def test_the_home_is_shown_where_there_are_several_regions(
    tmp_path, monkeypatch, home, default_home, shown
):
    damaged = {**to_item(record(serial_number="SN-2")), "enrolledAt": {"S": "x"}}
    table = FakeTable(to_item(record(home_region=home)), damaged)
    monkeypatch.setattr(Deployment, "registry", table)
    path = stack_file(tmp_path, default_home_region=default_home)
    result = CliRunner().invoke(cli, ["list", "--stack", str(path)])
    heading, _, first, second = (line.rstrip() for line in result.stdout.splitlines())
    assert heading.endswith("Home") is (shown is not None)
    assert first.endswith("-" if shown is None else shown)
    assert "malformed" in second
