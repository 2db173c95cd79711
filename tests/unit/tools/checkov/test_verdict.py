"""What fails a review, and with which sentence."""

import pytest

from tests.unit.tools.checkov.builders import (
    FILE,
    RULES,
    code,
    plan,
    result,
    review,
    secrets,
    skip,
)
from tools.checkov import verdict
from tools.checkov.model import Outcome, Result

SKIPPED = result(Outcome.SKIPPED)


@pytest.fixture
def root(tmp_path):
    (tmp_path / ".checkov.yaml").write_text("skip-download: true\n")
    return tmp_path


def problems(root, *scans, **changes):
    return list(verdict.problems(review(*scans, **changes), root))


def test_nothing_is_wrong_where_all_passed(root):
    assert problems(root) == []


def test_a_finding_is_named_once_for_all_instances(root):
    failed = [
        result(Outcome.FAILED, resource=f"module.{name}.aws_kms_key.this") for name in ("a", "b")
    ]
    (problem,) = problems(root, code(*failed), plan(result()), secrets())
    assert problem == (
        f"{FILE}:3: CKV_AWS_7, Keys rotate: module.a.aws_kms_key.this (Terraform code) and 1 more."
        " Mend it, or say in a skip why it does not apply"
    )


def test_a_secret_is_named_by_its_place(root):
    found = Result("CKV_SECRET_2", "AWS Access Key", Outcome.FAILED, "tools/x.py", 7, 7)
    (problem,) = problems(root, code(result()), plan(result()), secrets(found))
    assert problem.startswith("tools/x.py:7: CKV_SECRET_2, AWS Access Key: Secrets.")


def test_a_file_that_was_not_read_fails(root):
    (problem,) = problems(root, code(result(), unread=[FILE]), plan(result()), secrets())
    assert problem.startswith(f"{FILE}: checkov cannot read this file")


@pytest.mark.parametrize(
    ("scans", "name"),
    [
        ((code(seen=0), plan(result()), secrets()), "Terraform code"),
        ((code(result(), seen=0), plan(result()), secrets()), "Terraform code"),
        ((code(), plan(result()), secrets()), "Terraform code"),
        ((code(result()), plan(), secrets()), "Plan of complete"),
        ((code(result()), plan(result()), secrets(seen=0)), "Secrets"),
    ],
)
def test_a_scan_that_saw_nothing_fails(root, scans, name):
    (problem,) = problems(root, *scans)
    assert problem.startswith(f"{name}: checkov found nothing to check")


def test_a_review_without_a_plan_fails(root):
    (problem,) = problems(root, code(result()), secrets())
    assert problem.startswith("terraform/examples: there is no example to plan")


def test_a_review_without_the_projects_own_checks_fails(root):
    rules = {name: rule for name, rule in RULES.items() if not rule.own}
    (problem,) = problems(root, rules=rules)
    assert problem.startswith("policies/checkov: checkov loaded none")


@pytest.mark.parametrize("option", ["skip-check", "skip-path", "soft-fail-on", "baseline"])
def test_a_skip_for_everything_fails(root, option):
    (root / ".checkov.yaml").write_text(f"{option}:\n  - CKV_AWS_7\n")
    (problem,) = problems(root)
    assert problem.startswith(f".checkov.yaml: take {option.removesuffix('-on')} out")


def test_a_skip_with_a_reason_passes(root):
    assert problems(root, code(SKIPPED), plan(result()), secrets(), skips=[skip()]) == []


def test_a_skip_that_only_a_plan_needs_passes(root):
    assert problems(root, code(result()), plan(SKIPPED), secrets(), skips=[skip()]) == []


def test_a_skip_of_one_of_the_projects_own_checks_passes(root):
    own = result(Outcome.SKIPPED, rule="CKV_AWSIOT_2")
    own_skip = skip(rule="CKV_AWSIOT_2")
    assert problems(root, code(own), plan(result()), secrets(), skips=[own_skip]) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"reason": ""}, "the skip of CKV_AWS_7 must say why"),
        ({"reason": "not needed here"}, "the skip of CKV_AWS_7 must say why"),
        ({"rule": ""}, "'' is not the id of a rule"),
        ({"rule": "all"}, "'all' is not the id of a rule"),
        ({"rule": "CKV_AWS_*"}, "'CKV_AWS_*' is not the id of a rule"),
        ({"rule": "CKV_AWS_99999"}, "there is no rule CKV_AWS_99999"),
        ({"rule": "CKV_AWSIOT_10"}, "CKV_AWSIOT_10 finds nothing here any more"),
        ({"line": 2}, "CKV_AWS_7 finds nothing here any more"),
        ({"line": 10}, "CKV_AWS_7 finds nothing here any more"),
        ({"file": "terraform/main.tf"}, "CKV_AWS_7 finds nothing here any more"),
    ],
)
def test_a_skip_that_is_wrong_fails(root, changes, complaint):
    wrong = skip(**changes)
    # The result may then be one that nothing excuses, which comes first.
    *_, problem = problems(root, code(SKIPPED), plan(result()), secrets(), skips=[wrong])
    assert problem.startswith(f"{wrong.file}:{wrong.line}: {complaint}")


def test_a_skip_where_the_rule_passes_by_now_fails(root):
    (problem,) = problems(root, skips=[skip()])
    assert problem.endswith("CKV_AWS_7 finds nothing here any more: take the skip out")


def test_a_skip_that_no_comment_explains_fails_once_for_all_instances(root):
    scans = (code(SKIPPED, SKIPPED, result()), plan(SKIPPED), secrets())
    (problem,) = problems(root, *scans)
    assert problem == (
        f"{FILE}:3: CKV_AWS_7 is skipped, and no comment here says so: take the skip out, or"
        " write it with its reason where docs/security-review.md says"
    )


def test_a_pragma_that_hides_a_secret_fails(root):
    (problem,) = problems(root, silenced=["tools/x.py:7"])
    assert problem.startswith("tools/x.py:7: this pragma hides a secret from every report")


@pytest.mark.parametrize("line", [5, 6, 7, 8, 9])
def test_a_skip_of_a_secret_stands_beside_it(root, line):
    found = result(Outcome.SKIPPED, rule="CKV_SECRET_2", file="a.py", first=7, last=7)
    beside = skip(rule="CKV_SECRET_2", file="a.py", line=line, block="")
    scans = (code(result()), plan(result()), secrets(found))
    assert (problems(root, *scans, skips=[beside]) == []) is (line in {6, 7, 8})
