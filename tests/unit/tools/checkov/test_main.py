"""The command ends with a code that says whether all is well, and leaves no old report behind."""

import pytest

from tests.unit.tools.checkov.builders import code, plan, result, review, secrets
from tools.checkov import __main__ as command
from tools.checkov import summary
from tools.checkov.model import Outcome, ReviewError

FAILED = (code(result(Outcome.FAILED)), plan(result()), secrets())


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command on a review that is made, or fails, as the test says."""
    (tmp_path / "reports").mkdir()
    for name in summary.FILES:
        (tmp_path / "reports" / name).write_text("of an earlier review")

    def run(made):
        def make(root):
            if isinstance(made, Exception):
                raise made
            return made

        monkeypatch.setattr(command, "review", make)
        monkeypatch.setattr(command, "bill_of_materials", lambda root, target: target.touch())
        return command.main(tmp_path), {path.name for path in (tmp_path / "reports").iterdir()}

    return run


def test_where_all_is_well_it_says_so(run, capsys):
    code, written = run(review())
    assert code == 0
    assert written == set(summary.FILES)
    said = capsys.readouterr()
    assert said.err == ""
    assert "Passed: 2 passed, 0 failed, 0 skipped" in said.out


def test_what_is_wrong_is_said_and_the_reports_are_written_all_the_same(run, capsys):
    code, written = run(review(*FAILED, problems=["main.tf:3: mend it"]))
    assert code == 1
    assert written == set(summary.FILES)
    said = capsys.readouterr()
    assert said.err == "main.tf:3: mend it\n"
    assert said.out.splitlines()[-1].startswith("Failed: 1 to mend")


def test_a_review_that_cannot_be_made_is_one_sentence_and_no_report(run, capsys):
    code, written = run(ReviewError("Terraform 1.9 or newer is needed"))
    assert (code, written) == (1, set())
    assert capsys.readouterr().err == "Terraform 1.9 or newer is needed\n"


def test_a_report_of_another_command_stays(run, tmp_path):
    (tmp_path / "reports/other.md").touch()
    _, written = run(review())
    assert "other.md" in written


def test_a_bill_of_materials_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(ReviewError, match="No such file or directory"):
        command.bill_of_materials(command.scan.ROOT, tmp_path / "missing/bill.json")
