"""The page for people has every number and every reason, and tables that are aligned."""

import re

from tests.unit.tools.checkov.builders import (
    FILE,
    REASON,
    code,
    plan,
    result,
    review,
    secrets,
    skip,
)
from tools.checkov import reports, summary
from tools.checkov.__main__ import BILL_OF_MATERIALS, SUMMARY
from tools.checkov.model import Outcome

SKIPPED = result(Outcome.SKIPPED)
OWN = {"rule": "CKV_AWSIOT_2", "name": "Trust is narrow"}
ONE = review(
    code(result(), SKIPPED, result(**OWN)),
    plan(SKIPPED, SKIPPED, result(Outcome.FAILED, file="terraform/main.tf")),
    secrets(seen=1234),
    skips=[skip(), skip(file="tests/a.py", rule="CKV_SECRET_2", block="", reason="Made up.")],
    problems=["terraform/main.tf:3: mend it"],
)


def sections(page):
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def row(text, first):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_verdict_is_the_first_thing():
    assert "**Failed**: 1 to mend; 2 passed, 1 failed, 3 skipped." in summary.markdown(ONE)
    assert "**Passed**: 2 passed, 0 failed, 0 skipped" in summary.markdown(review())


def test_each_scan_says_how_much_it_saw():
    text = sections(summary.markdown(ONE))["What was checked"]
    assert row(text, "Terraform code") == ["Terraform code", "1 resources", "2", "2", "0", "1"]
    assert row(text, "Secrets")[1] == "1,234 files"
    assert "Of checkov's 1 rules for AWS, 1 found something to look at" in text
    assert "of the 2 of the project's own pack, 1 did" in text


def test_results_are_counted_by_module():
    text = sections(summary.markdown(ONE))["Result by module"]
    assert row(text, "terraform/modules/keys")[1:] == ["2", "0", "1", "0", "0", "2"]
    assert row(text, "terraform ")[1:] == ["0", "0", "0", "0", "1", "0"]


def test_a_module_of_which_no_rule_speaks_has_a_row_too():
    made = review(modules=["terraform/modules/quiet", "terraform/modules/keys"])
    text = sections(summary.markdown(made))["Result by module"]
    assert row(text, "terraform/modules/quiet")[1:] == ["0"] * 6
    assert row(text, "terraform/modules/keys")[1:] == ["1", "0", "0", "1", "0", "0"]


def test_every_skip_is_there_with_its_reason_and_what_it_covers():
    text = sections(summary.markdown(ONE))["Skips, each with its reason"]
    assert "1 comments skip 3 results" in text
    assert f"\n{FILE}\n" in text
    assert (
        "- **CKV_AWS_7** at `aws_kms_key.this`, line 4 (1 in the code, 2 in plans): Keys rotate."
        f"\n  *{REASON}*"
    ) in text


def test_own_checks_are_listed_by_number_also_where_they_saw_nothing():
    text = sections(summary.markdown(ONE))["The project's own checks"]
    assert row(text, "CKV_AWSIOT_2")[1:] == [
        "high",
        "iam",
        "Trust is narrow",
        "1 passed",
        "nothing to look at",
    ]
    assert text.index("CKV_AWSIOT_2 ") < text.index("CKV_AWSIOT_10 ")


def test_exceptions_of_the_secrets_scan_are_there():
    text = sections(summary.markdown(ONE))["Secrets"]
    assert "- **CKV_SECRET_2** in tests/a.py, line 4: AWS Access Key.\n  *Made up.*" in text


def test_what_is_wrong_is_there_only_if_something_is():
    assert "- terraform/main.tf:3: mend it" in sections(summary.markdown(ONE))["What is wrong"]
    assert "What is wrong" not in sections(summary.markdown(review()))


def test_tables_are_aligned_in_plain_text():
    for text in sections(summary.markdown(ONE)).values():
        lines = [line for line in text.splitlines() if line.startswith("|")]
        assert len({len(line) for line in lines}) <= 1


def test_every_report_is_listed():
    assert {*reports.WRITERS, BILL_OF_MATERIALS, SUMMARY} == set(summary.FILES)
