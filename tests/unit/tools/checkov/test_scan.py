"""checkov itself, on projects of one file: it is called so that it finds what it is there for."""

import os
import re
import shutil

import pytest

from tools.checkov import scan
from tools.checkov.model import Outcome, ReviewError, Skip
from tools.checkov.plans import Plan
from tools.checkov.sources import Block

PLAIN = 'resource "aws_sns_topic" "plain" {\n}\n'
CODE = f"""\
{PLAIN}
resource "aws_sns_topic" "encrypted" {{
  kms_master_key_id = "k"
}}

resource "aws_sns_topic" "skipped" {{
  # checkov:skip=CKV_AWS_26: Public news
}}

resource "aws_iot_certificate" "keyed" {{
  active = true
}}
"""
ENCRYPTION = "CKV_AWS_26"


def project(directory, text=CODE):
    (directory / "terraform").mkdir()
    (directory / "terraform/main.tf").write_text(text)
    for name in (".checkov.yaml", "policies"):
        (directory / name).symlink_to(scan.ROOT / name)
    return directory


def by_name(found, rule):
    """The results of one rule by the last name of the resource."""
    of_rule = (one for one in found.results if one.rule == rule)
    return {re.search(r"(\w+)(?:\[0\])?$", one.resource).group(1): one for one in of_rule}


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    return scan.code(project(tmp_path_factory.mktemp("code")))


def test_results_are_of_each_resource_in_its_place(code):
    topics = by_name(code, ENCRYPTION)
    assert {name: str(one.outcome) for name, one in topics.items()} == {
        "plain": "failed",
        "encrypted": "passed",
        "skipped": "skipped",
    }
    plain = topics["plain"]
    assert (plain.file, plain.first, plain.last) == ("terraform/main.tf", 1, 2)
    assert plain.resource == "aws_sns_topic.plain"
    assert code.seen == 4


def test_a_skip_has_its_reason(code):
    assert by_name(code, ENCRYPTION)["skipped"].reason == "Public news"


def test_the_projects_own_checks_run(code):
    assert by_name(code, "CKV_AWSIOT_30")["keyed"].outcome is Outcome.FAILED


def test_a_project_with_nothing_to_check_has_no_results(tmp_path):
    found = scan.code(project(tmp_path, 'resource "null_resource" "this" {\n}\n'))
    assert (list(found.results), list(found.unread)) == ([], [])


def test_a_file_that_checkov_cannot_read_is_named(tmp_path):
    text = 'locals {\n  a = [for b in c : b ? "$${" : "${d}"]\n  e = f)\n}\n'
    assert list(scan.code(project(tmp_path, text)).unread) == ["terraform/main.tf"]


TOPICS = ("plain", "encrypted", "skipped", "of_another_rule", "of_another_module")
FILE = "terraform/modules/topic/main.tf"
ELSEWHERE = "terraform/modules/other/main.tf"
SKIPS = [
    Skip(FILE, 13, ENCRYPTION, "News", "aws_sns_topic.skipped"),
    Skip(FILE, 8, ENCRYPTION, "News", "aws_sns_topic.encrypted"),
    Skip(FILE, 18, "CKV_AWS_7", "News", "aws_sns_topic.of_another_rule"),
    Skip(ELSEWHERE, 23, ENCRYPTION, "News", "aws_sns_topic.of_another_module"),
]


def topics_of_a_module():
    """A plan."""
    topics = [
        {
            "address": f"module.topic.aws_sns_topic.{name}[0]",
            "mode": "managed",
            "type": "aws_sns_topic",
            "name": name,
            "values": {"kms_master_key_id": "k" if name == "encrypted" else None},
        }
        for name in TOPICS
    ]
    written = {
        "resources": [
            {"address": f"aws_sns_topic.{name}", "expressions": {"name": {}}} for name in TOPICS
        ]
    }
    call = {"source": "../../modules/topic", "module": written}
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {
            "root_module": {"child_modules": [{"address": "module.topic", "resources": topics}]}
        },
        "resource_changes": [
            {
                "address": topic["address"],
                "change": {"actions": ["create"], "before": None, "after": topic["values"]},
            }
            for topic in topics
        ],
        "configuration": {"root_module": {"module_calls": {"topic": call}}},
    }


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """Two scans of the same plan, of topics in a module."""
    document = topics_of_a_module()
    blocks = [
        Block(f"aws_sns_topic.{name}", file, first, first + 4)
        for file in (ELSEWHERE, FILE)
        for name, first in zip(TOPICS, range(1, 30, 5), strict=False)
    ]
    made = [Plan(f"terraform/examples/{name}", document, {}) for name in ("one", "two")]
    root = project(tmp_path_factory.mktemp("plans"))
    return scan.planned(root, made, blocks, SKIPS)


def test_each_plan_is_a_scan_of_its_own(plans):
    assert [(one.name, one.seen) for one in plans] == [("Plan of one", 5), ("Plan of two", 5)]
    assert list(plans[0].results) == list(plans[1].results)


def test_a_finding_in_a_plan_is_brought_back_to_the_code(plans):
    plain = by_name(plans[1], ENCRYPTION)["plain"]
    assert plain.resource == "module.topic.aws_sns_topic.plain[0]"
    assert (plain.file, plain.first, plain.last) == (FILE, 1, 5)


def test_a_skip_in_the_code_counts_for_the_plan_where_it_is_of_the_same_resource_and_rule(plans):
    topics = by_name(plans[1], ENCRYPTION)
    assert {name: str(one.outcome) for name, one in topics.items()} == {
        "plain": "failed",
        "encrypted": "passed",
        "skipped": "skipped",
        "of_another_rule": "failed",
        "of_another_module": "failed",
    }
    assert topics["skipped"].reason == "News"


BROKEN = """\
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class Broken(BaseResourceCheck):
    def __init__(self):
        super().__init__("Breaks off", "CKV_AWSIOT_99", ["IAM"], ["aws_sns_topic"])

    def scan_resource_conf(self, conf):
        raise KeyError("name")


check = Broken()
"""


@pytest.fixture
def broken(tmp_path):
    """A project whose only check breaks off."""
    root = project(tmp_path, PLAIN)
    (root / "policies").unlink()
    (root / scan.PACK).mkdir(parents=True)
    (root / scan.PACK / "__init__.py").touch()
    (root / scan.PACK / "Broken.py").write_text(BROKEN)
    return root


def test_a_check_that_breaks_off_is_an_error_which_names_check_and_resource(broken):
    said = r"Failed to run check CKV_AWSIOT_99 on /main\.tf:aws_sns_topic\.plain$"
    with pytest.raises(ReviewError, match=rf"(?m)would pass it unseen(.|\n)*^{said}"):
        scan.code(broken)


def test_a_check_that_breaks_off_in_a_plan_is_an_error_which_names_the_plan(broken):
    made = Plan("terraform", topics_of_a_module(), {})
    with pytest.raises(ReviewError, match=r"check CKV_AWSIOT_99 on /every choice\.json:"):
        scan.planned(broken, [made], [], [])


def test_no_plans_are_no_scans(tmp_path):
    assert scan.planned(tmp_path, [], [], []) == []


def test_a_planted_key_is_found_wherever_it_is(tmp_path):
    # Composed, so that this file holds none.
    key = "AKIA" + "Q7ZJ4PNLW2XK5RVT"
    files = ["notes", "docs/page.md", "terraform/main.tf", "requirements.txt"]
    for name in [*files, "elsewhere.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"first\nid = {key}\n")
    found = scan.secrets(tmp_path, files)
    assert {(one.rule, one.file, one.first) for one in found.results} == {
        ("CKV_SECRET_2", name, 2) for name in files
    }
    assert found.seen == 4
    assert {one.resource for one in found.results} == {""}


def test_the_callers_own_configuration_does_not_count(tmp_path, monkeypatch):
    (tmp_path / ".checkov.yaml").write_text(f"skip-check:\n  - {ENCRYPTION}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CKV_SKIP_CHECK", ENCRYPTION)
    (tmp_path / "project").mkdir()
    found = scan.code(project(tmp_path / "project", PLAIN))
    assert by_name(found, ENCRYPTION)["plain"].outcome is Outcome.FAILED


def test_a_checkov_that_fails_is_an_error_with_what_it_said(tmp_path):
    root = project(tmp_path)
    (root / ".checkov.yaml").unlink()
    (root / ".checkov.yaml").write_text("framework: nonsense\n")
    with pytest.raises(ReviewError, match=r"checkov ended with exit code \d+(.|\n)*nonsense"):
        scan.code(root)


def test_rules_are_checkovs_and_the_projects_own():
    version, rules = scan.rules(scan.ROOT)
    assert version.count(".") == 2
    assert not rules[ENCRYPTION].own
    assert rules["CKV_SECRET_2"].name == "AWS Access Key"
    own = [rule for rule in rules.values() if rule.own]
    assert len(own) == len(list((scan.ROOT / scan.PACK).glob("IoT*.py")))
    for rule in own:
        assert rule.id.startswith("CKV_AWSIOT_")
        assert all([rule.severity, rule.category, rule.guideline])


def test_a_check_that_cannot_be_loaded_is_an_error(tmp_path):
    pack = tmp_path / scan.PACK
    shutil.copytree(scan.ROOT / scan.PACK, pack)
    (pack / "IoTBroken.py").write_text("def this is no Python\n")
    with pytest.raises(ReviewError, match=r"takes no check from IoTBroken\.py, and would"):
        scan.rules(tmp_path)


def test_an_interrupt_at_the_terminal_reaches_the_caller_alone(tmp_path):
    """A terminal signals the group of what it runs; checkov is in one of its own."""
    script = "import os; print(os.getpgid(0), os.getsid(0))"
    group, session = map(int, scan._run(["-c", script], tmp_path).stdout.split())
    assert group == session != os.getsid(0)
