"""Alarms and dashboards name metrics that exist, and each alarm has its section of the runbook.

What AWS publishes is in tests/support/metrics.py; what this project publishes is what its own log
metric filters count. An alarm with a metric that nobody publishes is quiet for ever.
"""

import re

import hcl2
import pytest

from device_registry.reasons import Denial
from device_registry.record import Status
from tests.support import metrics
from tests.support.terraform import ROOT

MODULES = ROOT / "terraform/modules"
MONITORING = MODULES / "monitoring"
RUNBOOKS = ROOT / "docs/runbooks.md"
# Namespace, name, then names of dimensions, each with an expression for its value; then options.
SERIES = re.compile(r'\["(AWS/\w+)", "([\w.]+)"((?:, "\w+", [^,\[\]{}]+)*), \{')
OWN_SERIES = re.compile(r'\[local\.\w+_namespace, "(\w+)"((?:, "\w+", "\w+")*), \{')
SEARCH = re.compile(r',(\w+)\} MetricName=\\"(\w+)\\"')
# Literal in an attribute, or the attribute of an object in a list that a filter is made for.
METRIC_NAME = re.compile(r'metric_transformation \{.*?name\s*=\s*"(\w+)".*?\n  \}', re.DOTALL)
METRIC_OF_LIST = re.compile(r'\bmetric = "(\w+)", pattern')
DIMENSIONS = re.compile(r"dimensions\s*=\s*\{([^}]*)\}")


def plain(value):
    """What python-hcl2 read, without quotation marks."""
    if isinstance(value, dict):
        return {key.strip('"'): plain(one) for key, one in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.strip('"') if isinstance(value, str) else value


def in_locals(name):
    with (MONITORING / "catalogue.tf").open() as text:
        for block in hcl2.load(text)["locals"]:
            if name in block:
                return plain(block[name])
    raise AssertionError(name)


CATALOGUE = in_locals("catalogue")


@pytest.fixture(scope="module")
def own_metrics():
    """The metrics that our own filters count, with their dimensions."""
    counted = {}
    for path in MODULES.glob("*/*.tf"):
        text = path.read_text()
        if "aws_cloudwatch_log_metric_filter" not in text:
            continue
        for block in METRIC_NAME.finditer(text):
            counted.setdefault(block[1], set()).update(dimensions_of(block[0]))
        for line in text.splitlines():
            if found := METRIC_OF_LIST.search(line):
                counted.setdefault(found[1], set()).update(dimensions_of(line))
    return counted


def dimensions_of(text):
    found = DIMENSIONS.search(text)
    return set(re.findall(r"(\w+)\s*=", found[1])) if found else set()


def test_no_other_module_has_alarms_or_dashboards():
    watching = {
        path.parent.name
        for path in MODULES.glob("*/*.tf")
        if re.search(r'"aws_cloudwatch_(metric_alarm|composite_alarm|dashboard)"', path.read_text())
    }
    assert watching == {"monitoring"}


@pytest.mark.parametrize("kind", CATALOGUE)
def test_an_alarms_metric_exists_with_its_statistic_and_dimensions(kind, own_metrics):
    alarm = CATALOGUE[kind]
    if alarm["namespace"] in {"canary", "decisions", "lifecycle"}:
        assert alarm["metric"] in own_metrics
        assert set(alarm["dimensions"]) == own_metrics[alarm["metric"]]
        assert alarm["statistic"] in {"Sum", "Maximum", "SampleCount"}
    else:
        metric = metrics.documented(alarm["namespace"], alarm["metric"])
        assert alarm["statistic"] in metric.statistics
        assert frozenset(alarm["dimensions"]) in metric.dimensions


def test_every_metric_of_the_dashboard_exists_with_its_dimensions(own_metrics):
    text = (MONITORING / "dashboard.tf").read_text()
    named = SERIES.findall(text)
    for namespace, name, rest in named:
        metric = metrics.documented(namespace, name)
        assert frozenset(re.findall(r', "(\w+)", ', rest)) in metric.dimensions, name
    own = OWN_SERIES.findall(text)
    for name, rest in own:
        assert set(re.findall(r'"(\w+)", "\w+"', rest)) == own_metrics[name], name
    searched = SEARCH.findall(text)
    for dimension, name in searched:
        assert {dimension} == own_metrics[name], name
    # None is written in a way that is not read here.
    assert len(named) == text.count('["AWS/')
    assert len(own) == text.count("[local.decision_namespace") + text.count(
        "[local.lifecycle_namespace"
    )
    assert len(searched) == text.count("SEARCH(")


def test_every_namespace_of_aws_has_a_page_as_its_source():
    assert metrics.SOURCES.keys() == metrics.DOCUMENTED.keys()


def test_every_alarm_has_a_section_and_every_section_an_alarm():
    sections = re.findall(r"^## (.+)$", RUNBOOKS.read_text(), re.MULTILINE)
    assert sorted(sections) == sorted(CATALOGUE)


@pytest.mark.parametrize("kind", CATALOGUE)
def test_a_section_says_what_it_means_how_to_look_and_what_to_do(kind):
    section = re.split(r"^## ", RUNBOOKS.read_text(), flags=re.MULTILINE)
    (text,) = [one for one in section if one.startswith(f"{kind}\n")]
    parts = re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE)
    assert parts == ["What it means", "How to look", "What to do"]


def test_every_link_into_the_page_leads_to_a_section():
    text = RUNBOOKS.read_text()
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= set(
        re.findall(r"^## (.+)$", text, re.MULTILINE)
    )


def test_every_reason_has_a_row_and_the_closed_lists_are_those_of_the_registry():
    assert in_locals("reasons") == sorted(reason.value for reason in Denial)
    assert in_locals("states") == sorted(status.value for status in Status)
    rows = re.findall(r"^\| ([A-Z_, ]+) \|", RUNBOOKS.read_text(), re.MULTILINE)
    assert sorted(", ".join(rows).split(", ")) == in_locals("reasons")


def test_the_readme_has_the_defaults_and_how_missing_data_is_read():
    rows = {}
    for line in (MONITORING / "README.md").read_text().splitlines():
        if line.startswith("| `") and (cells := line.split(" | "))[0].strip("| `") in CATALOGUE:
            rows[cells[0].strip("| `")] = cells
    assert rows.keys() == CATALOGUE.keys()
    for kind, alarm in CATALOGUE.items():
        row = " | ".join(rows[kind])
        namespace = alarm["namespace"]
        metric = alarm["metric"] if namespace[:4] != "AWS/" else f"{namespace} {alarm['metric']}"
        assert f"`{metric}`" in row, kind
        assert f"`{alarm['statistic']}`" in row, kind
        assert f"`{alarm['missing_data']}`" in row, kind
        assert (
            (f"≥ {alarm['threshold']}" in row)
            or (f"> {alarm['threshold']}" in row)
            or (f"< {alarm['threshold']}" in row)
        ), kind
        assert (rows[kind][5] == "yes") == alarm["anomaly"], kind
