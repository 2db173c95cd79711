"""Write a review in the formats that other programs read.

No report holds a path of the machine that it was written on: places are relative to the
repository's root, and everything else that checkov says about files is left out.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from tools.checkov.model import Outcome, Result, Review, Rule, Scan

SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
GITLAB_SCHEMA = "15.0.4"
HOME = "https://www.checkov.io/"
# How GitHub ranks security alerts, by checkov's severities; those of built-in rules are not known.
SCORES = {"CRITICAL": "9.5", "HIGH": "8.0", "MEDIUM": "5.5", "LOW": "3.0"}
LEVELS = {"MEDIUM": "warning", "LOW": "note"}


def as_json(review: Review) -> str:
    """As checkov writes it: a list with the passed, failed and skipped checks of each scan."""
    return _dump([_scan(review, scan) for scan in review.scans])


def _scan(review: Review, scan: Scan) -> dict[str, Any]:
    return {
        "check_type": scan.kind,
        "scan": scan.name,
        "results": {
            **{
                f"{outcome}_checks": [_record(review, one) for one in scan.of(outcome)]
                for outcome in Outcome
            },
            "parsing_errors": list(scan.unread),
        },
        "summary": {
            **{str(outcome): len(scan.of(outcome)) for outcome in Outcome},
            "parsing_errors": len(scan.unread),
            "resource_count": scan.seen,
            "checkov_version": review.versions["checkov"],
        },
    }


def _record(review: Review, result: Result) -> dict[str, Any]:
    rule = review.rules.get(result.rule, Rule(result.rule, result.name))
    return {
        "check_id": result.rule,
        "check_name": result.name,
        "check_result": {
            "result": result.outcome.upper(),
            **({"suppress_comment": result.reason} if result.reason else {}),
        },
        "file_path": f"/{result.file}",
        "file_line_range": [result.first, result.last],
        "resource": result.resource,
        "severity": rule.severity or None,
        "guideline": rule.guideline or None,
    }


def as_sarif(review: Review) -> str:
    """SARIF 2.1.0, in one run, as GitHub wants it: every rule that had a say, and what failed.

    Skips are left out. GitHub does not heed `suppressions`, and would open an alert for each.
    """
    ran = sorted({result.rule: result for _, result in review.results()}.items())
    rules = [review.rules.get(rule, Rule(rule, result.name)) for rule, result in ran]
    places: dict[tuple[str, str, int, int], list[Result]] = defaultdict(list)
    for _, result in review.results():
        if result.outcome is Outcome.FAILED:
            # A module's resource is found once for each call, and is mended once.
            places[result.rule, result.file, result.first, result.last].append(result)
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {
        "name": "checkov",
        "version": review.versions["checkov"],
        "informationUri": HOME,
        "rules": [_sarif_rule(rule) for rule in rules],
    }
    return _dump(
        {
            "$schema": SARIF_SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": driver},
                    "columnKind": "utf16CodeUnits",
                    "originalUriBaseIds": {
                        "%SRCROOT%": {"description": {"text": "The root of the repository."}}
                    },
                    "results": [
                        _sarif_result(rules[index[place[0]]], index[place[0]], found)
                        for place, found in sorted(places.items())
                    ],
                }
            ],
        }
    )


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    tags = ["security", *filter(None, [rule.category.lower().replace("_", "-")])]
    address = rule.guideline.startswith("https://")
    return {
        "id": rule.id,
        "name": rule.id,
        "shortDescription": {"text": rule.name},
        "fullDescription": {"text": rule.name},
        "help": {"text": rule.guideline or rule.name},
        **({"helpUri": rule.guideline} if address else {}),
        "defaultConfiguration": {"level": LEVELS.get(rule.severity, "error")},
        "properties": {
            "tags": tags,
            "precision": "high",
            **({"security-severity": SCORES[rule.severity]} if rule.severity in SCORES else {}),
        },
    }


def _sarif_result(rule: Rule, index: int, found: list[Result]) -> dict[str, Any]:
    place = found[0]
    resources = ", ".join(sorted({one.resource for one in found if one.resource}))
    return {
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": LEVELS.get(rule.severity, "error"),
        "message": {"text": f"{rule.name}: {resources}" if resources else rule.name},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": place.first, "endLine": place.last},
                }
            }
        ],
    }


def as_junit(review: Review) -> str:
    """JUnit XML: a suite for each scan, a test case for each rule and resource."""
    suites = ET.Element("testsuites", _counts(review.scans, name="checkov"))
    for scan in review.scans:
        suite = ET.SubElement(suites, "testsuite", _counts([scan], name=scan.name))
        for result in scan.results:
            case = ET.SubElement(
                suite,
                "testcase",
                name=f"{result.rule} {result.name}",
                classname=result.resource or result.file,
                file=result.file,
                time="0",
            )
            if result.outcome is Outcome.FAILED:
                where = f"{result.file}:{result.first}"
                ET.SubElement(case, "failure", type="failure", message=result.name).text = where
            elif result.outcome is Outcome.SKIPPED:
                ET.SubElement(case, "skipped", type="skipped", message=result.reason)
        for name in scan.unread:
            case = ET.SubElement(suite, "testcase", name="parsing", classname=name, time="0")
            ET.SubElement(case, "error", type="error", message="checkov cannot read this file")
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _counts(scans: Iterable[Scan], name: str) -> dict[str, str]:
    scans = list(scans)
    unread = sum(len(scan.unread) for scan in scans)
    return {
        "name": name,
        "tests": str(sum(len(scan.results) for scan in scans) + unread),
        "failures": str(sum(len(scan.of(Outcome.FAILED)) for scan in scans)),
        "errors": str(unread),
        "skipped": str(sum(len(scan.of(Outcome.SKIPPED)) for scan in scans)),
        "time": "0",
    }


def as_gitlab(review: Review) -> str:
    """GitLab's format of a static analysis, which wants to know when it was."""
    scanner = {
        "id": "checkov",
        "name": "checkov",
        "url": HOME,
        "vendor": {"name": "checkov"},
        "version": review.versions["checkov"],
    }
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return _dump(
        {
            "version": GITLAB_SCHEMA,
            "scan": {
                "analyzer": scanner,
                "scanner": scanner,
                "type": "sast",
                "status": "success",
                "start_time": now,
                "end_time": now,
            },
            "vulnerabilities": [
                _vulnerability(review.rules.get(one.rule, Rule(one.rule, one.name)), scan, one)
                for scan, one in review.results()
                if one.outcome is Outcome.FAILED
            ],
        }
    )


def _vulnerability(rule: Rule, scan: Scan, result: Result) -> dict[str, Any]:
    # The same one in every run, so that GitLab knows it again.
    named = f"{scan.name} {result.rule} {result.file} {result.first} {result.resource}"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, named)),
        "name": rule.name,
        "description": f"{rule.name}: {result.resource or scan.name}",
        "severity": rule.severity.capitalize() or "Unknown",
        "solution": rule.guideline or rule.name,
        "identifiers": [{"type": "checkov", "name": rule.id, "value": rule.id}],
        "location": {
            "file": result.file,
            "start_line": result.first,
            "end_line": result.last,
        },
    }


def _dump(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"


WRITERS = {
    "checkov.sarif": as_sarif,
    "checkov.json": as_json,
    "checkov.xml": as_junit,
    "gl-sast-report.json": as_gitlab,
}


def write(review: Review, directory: Path) -> None:
    """Write every format into a directory that exists."""
    for name, writer in WRITERS.items():
        (directory / name).write_text(writer(review), encoding="utf-8")
