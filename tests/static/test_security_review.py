"""`make checkov` passes, and its reports are what their readers take, without this machine in them.

One run serves all tests of this file.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support.make import make
from tools.checkov import plans, summary
from tools.terraform_env import ROOT

REPORTS = ROOT / "reports"
PAGE = ROOT / "docs/security-review.md"
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


@pytest.fixture(scope="module")
def output():
    """What `make checkov` said; the reports are there."""
    return make("checkov")


@pytest.fixture
def report(output):
    """A report by its name, as text."""
    return lambda name: (REPORTS / name).read_text()


def test_it_ends_with_the_result_and_where_the_reports_are(output):
    *_, where, result = output.strip().splitlines()
    assert "begin with reports/summary.md" in where
    assert re.fullmatch(r"Passed: [\d,]+ passed, 0 failed, \d+ skipped by \d+ comments, .*", result)


def test_every_report_is_there(output):
    assert {path.name for path in REPORTS.iterdir()} >= set(summary.FILES)


@pytest.mark.parametrize("name", summary.FILES)
def test_no_report_holds_a_path_of_this_machine(report, name):
    text = report(name)
    for path in (ROOT, Path.home(), Path(tempfile.gettempdir())):
        assert f"{path}/" not in text


def test_code_every_example_and_the_repository_were_scanned(report):
    scans = json.loads(report("checkov.json"))
    examples = {path.parent.name for path in ROOT.glob(f"{plans.EXAMPLES}/*/main.tf")}
    assert {one["scan"] for one in scans} == {
        "Terraform code",
        *(f"Plan of {name}" for name in examples),
        "Plan of every choice",
        "Secrets",
    }
    assert {one["summary"]["failed"] for one in scans} == {0}
    own = [
        {one["check_id"] for one in scan["results"]["passed_checks"] if "AWSIOT" in one["check_id"]}
        for scan in scans
    ]
    assert all(own[:-1])


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("complete", ".aws_iot_certificate."),
        ("jitp", ".aws_iot_ca_certificate."),
        ("every choice", "module.claim_guard."),
        ("every choice", "module.canary."),
        ("every choice", ".aws_s3_bucket.archive"),
        ("every choice", '.aws_iam_role_policy.this["quarantine"]'),
        ("every choice", 'module.jitp_ca["keyed-gw"].'),
    ],
)
def test_plans_have_what_is_made_by_choice_only(report, name, address):
    (plan,) = [s for s in json.loads(report("checkov.json")) if s["scan"] == f"Plan of {name}"]
    assert any(address in one["resource"] for one in plan["results"]["passed_checks"])


def test_every_module_has_a_row_in_the_summary(report):
    page = report("summary.md")
    for path in ROOT.glob("terraform/modules/*/main.tf"):
        assert f"| {path.parent.relative_to(ROOT)} " in page


def test_sarif_is_one_run_of_version_2_1_0(report):
    document = json.loads(report("checkov.sarif"))
    assert (document["$schema"], document["version"]) == (SCHEMA, "2.1.0")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], bool(driver["version"])) == ("checkov", True)
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted(set(ids))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    # None failed, and GitHub would open an alert for each skip.
    assert run["results"] == []


def test_junit_counts_what_is_in_it(report):
    suites = ET.fromstring(report("checkov.xml"))  # noqa: S314 - just written
    assert suites.tag == "testsuites"
    for suite in [suites, *suites]:
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            assert int(suite.get(name)) == len(list(suite.iter(tag)))
    assert all(one.get("message") for one in suites.iter("skipped"))


def test_the_bill_of_materials_is_valid_cyclonedx(output):
    check = (
        "import sys;"
        "from cyclonedx.schema import SchemaVersion;"
        "from cyclonedx.validation.json import JsonStrictValidator;"
        "text = open(sys.argv[1], encoding='utf-8').read();"
        "sys.exit(JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is not None)"
    )
    bill = REPORTS / "bill-of-materials.cdx.json"
    subprocess.run([ROOT / ".venv-checkov/bin/python", "-c", check, bill], check=True)


def test_every_skip_is_in_the_summary_with_its_reason(report):
    page = report("summary.md")
    scans = json.loads(report("checkov.json"))
    skipped = [one for scan in scans for one in scan["results"]["skipped_checks"]]
    assert skipped
    for one in skipped:
        assert f"**{one['check_id']}**" in page
        assert f"*{one['check_result']['suppress_comment']}*" in page


# --- the page about it


def snippets():
    return [
        yaml.safe_load(text)
        for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    ]


def strings(value):
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def test_the_snippets_run_targets_and_upload_reports_that_exist():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for snippet in snippets():
        text = "\n".join(strings(snippet))
        used = set(re.findall(r"^make (\S+)$", text, re.MULTILINE))
        assert used
        assert used <= targets
        files = set(re.findall(r"reports/([\w.-]+)", text))
        assert files
        assert files <= set(summary.FILES)


def test_the_snippets_are_of_github_and_gitlab():
    github, gitlab = snippets()
    steps = github["jobs"]["checkov"]["steps"]
    uploads = [one["with"] for one in steps if "upload-sarif" in one.get("uses", "")]
    assert uploads == [{"sarif_file": "reports/checkov.sarif", "category": "checkov"}]
    assert github["permissions"]["security-events"] == "write"
    for one in steps:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one.get("uses", f"a@{'0' * 40}"))
    assert set(gitlab["checkov"]["artifacts"]["reports"]) == {"sast", "junit", "cyclonedx"}


def test_the_page_names_every_report():
    named = set(re.findall(r"^\| `([\w.-]+)` \|", PAGE.read_text(), re.MULTILINE))
    assert named == set(summary.FILES)


def test_links_of_page_and_summary_lead_somewhere(report):
    for text, directory in ((PAGE.read_text(), PAGE.parent), (report("summary.md"), REPORTS)):
        links = re.findall(r"\]\(([^)#:]+)\)", text)
        assert links
        for link in links:
            assert (directory / link).exists()
