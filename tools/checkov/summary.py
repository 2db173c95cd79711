"""One page for people: what was checked, what came of it, and every exception with its reason.

It holds no date, so that the same sources give the same page.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from tools.checkov.model import CODE, SECRET_RULE, Outcome, Review, Rule, Scan, Skip, excuses

AWS = ("CKV_AWS_", "CKV2_AWS_")
# What `reports/` holds, for whom.
FILES = {
    "checkov.sarif": "SARIF 2.1.0, for code scanning: every rule that had a say, and what failed",
    "checkov.xml": "JUnit XML: one test case for each rule and resource, skips with their reasons",
    "checkov.json": "all results in checkov's own format",
    "gl-sast-report.json": "what failed, as GitLab's static analysis report",
    "bill-of-materials.cdx.json": "CycloneDX: Lambda packages and their files, requirements",
    "summary.md": "this page",
}
COUNTS = (Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED)


def markdown(review: Review) -> str:
    """The page."""
    return "\n".join(
        [
            "# Security review",
            "",
            verdict(review),
            "",
            "How to read it: [docs/security-review.md](../docs/security-review.md).",
            *_section("What was checked", _scans(review)),
            *_section("Result by module", _modules(review)),
            *_section("Skips, each with its reason", _skips(review)),
            *_section("The project's own checks", _own(review)),
            *_section("Secrets", _secrets(review)),
            *_section("What is wrong", [f"- {one}" for one in review.problems]),
            *_section("Reports", _reports()),
            "",
        ]
    )


def verdict(review: Review) -> str:
    """The result in one line."""
    counts = ", ".join(f"{review.count(outcome):,} {outcome}" for outcome in COUNTS)
    if review.problems:
        return f"**Failed**: {len(review.problems)} to mend; {counts}."
    return f"**Passed**: {counts} by {len(review.skips)} comments, each with its reason."


def built_in(review: Review) -> int:
    """How many of checkov's rules are about AWS."""
    return sum(rule.startswith(AWS) for rule in review.rules)


def own(review: Review) -> list[Rule]:
    """The rules of the project's pack, by number."""
    found = (rule for rule in review.rules.values() if rule.own)
    return sorted(found, key=lambda rule: (rule.id.rpartition("_")[0], _number(rule.id)))


def scan_rows(scans: Sequence[Scan]) -> list[list[str]]:
    """A row for each scan: what it looked at and the results."""
    return [
        [
            scan.name,
            f"{scan.seen:,} {scan.unit}",
            str(len({one.rule for one in scan.results})) if scan.kind != "secrets" else "",
            *(f"{len(scan.of(outcome)):,}" for outcome in COUNTS),
        ]
        for scan in scans
    ]


def _reports() -> list[str]:
    return [
        *_table(["File", "What it is"], [[*row] for row in FILES.items()]),
        "",
        "Other commands write `attacks.md` (`make test-security`: each protection, and the tests",
        "that notice when it is gone) and `least-privilege.md` (`make least-privilege`: each",
        "right, and why it is needed).",
    ]


def _number(rule: str) -> int:
    tail = rule.rpartition("_")[2]
    return int(tail) if tail.isdigit() else 0


def _section(title: str, lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    return ["", f"## {title}", "", *lines] if lines else []


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> list[str]:
    """A table that is aligned in plain text too; the last `numbers` columns to the right."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    left = len(header) - numbers
    lines = [
        "| "
        + " | ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = "|".join(
        "-" * (width + 2) if column < left else "-" * (width + 1) + ":"
        for column, width in enumerate(widths)
    )
    return [lines[0], f"|{rule}|", *lines[1:]]


def _scans(review: Review) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in review.versions.items())
    with_say = {result.rule for _, result in review.results()}
    of_pack = own(review)
    rules = (
        f"With {versions}. Of checkov's {built_in(review)} rules for AWS,"
        f" {sum(rule.startswith(AWS) for rule in with_say)} found something to look at; of the"
        f" {len(of_pack)} of the project's own pack,"
        f" {sum(rule.id in with_say for rule in of_pack)} did."
    )
    return [
        rules,
        "",
        *_table(
            ["Scan", "Looked at", "Rules", "Passed", "Failed", "Skipped"],
            scan_rows(review.scans),
            numbers=4,
        ),
    ]


def _modules(review: Review) -> list[str]:
    counts: dict[str, dict[bool, Counter[Outcome]]] = defaultdict(lambda: defaultdict(Counter))
    for scan, result in review.results():
        if scan.kind != "secrets":
            module = str(PurePosixPath(result.file).parent)
            counts[module][scan.name == CODE][result.outcome] += 1
    if not counts:
        return []
    rows = [
        [module, *(f"{counts[module][code][one]:,}" for code in (True, False) for one in COUNTS)]
        for module in sorted({*counts, *review.modules})
    ]
    header = [f"{what} {one}" for what in ("Code", "Plans") for one in COUNTS]
    return [
        "Only zeros: no rule speaks of what is written there. It calls other modules, with which",
        "results are counted.",
        "",
        *_table(["Module", *header], rows, numbers=len(header)),
    ]


def _skips(review: Review) -> list[str]:
    lines: list[str] = []
    comments = [skip for skip in review.skips if not skip.rule.startswith(SECRET_RULE)]
    for file, skips in itertools.groupby(comments, lambda skip: skip.file):
        lines += ["", file, ""]
        for skip in skips:
            counts = Counter(
                scan.name == CODE
                for scan, one in review.results()
                if one.outcome is Outcome.SKIPPED and excuses(skip, one)
            )
            found = f"{counts[True]} in the code, {counts[False]} in plans"
            lines += _skip(review, skip, f"at `{skip.block}`, line {skip.line} ({found})")
    if not lines:
        return ["None."]
    total = sum(len(scan.of(Outcome.SKIPPED)) for scan in review.scans if scan.kind != "secrets")
    explained = (
        f"{len(comments)} comments skip {total} results: the code of a module is looked at once for"
        " each call of it, and a plan has each instance."
    )
    return [explained, *lines]


def _skip(review: Review, skip: Skip, where: str) -> list[str]:
    rule = review.rules.get(skip.rule)
    return [
        f"- **{skip.rule}** {where}: {rule.name if rule else 'no such rule'}.",
        f"  *{skip.reason or 'No reason.'}*",
    ]


def _own(review: Review) -> list[str]:
    counts: dict[str, Counter[tuple[bool, Outcome]]] = defaultdict(Counter)
    for scan, result in review.results():
        counts[result.rule][scan.name == CODE, result.outcome] += 1

    def cell(rule: Rule, *, code: bool) -> str:
        found = counts[rule.id]
        parts = [f"{found[code, one]} {one}" for one in COUNTS if found[code, one]]
        return ", ".join(parts) or "nothing to look at"

    rows = [
        [
            rule.id,
            rule.severity.lower(),
            rule.category.lower().replace("_", " "),
            rule.name,
            cell(rule, code=True),
            cell(rule, code=False),
        ]
        for rule in own(review)
    ]
    if not rows:
        return []
    return _table(["Check", "Severity", "Category", "What it ensures", "Code", "Plans"], rows)


def _secrets(review: Review) -> list[str]:
    lines = []
    for scan in review.scans:
        if scan.kind == "secrets":
            failed, skipped = scan.of(Outcome.FAILED), scan.of(Outcome.SKIPPED)
            lines.append(
                f"{scan.seen} files, everything that belongs to the repository:"
                f" {len(failed)} findings, {len(skipped)} exceptions."
            )
    exceptions = [skip for skip in review.skips if skip.rule.startswith(SECRET_RULE)]
    lines += [""] if exceptions else []
    for skip in exceptions:
        lines += _skip(review, skip, f"in {skip.file}, line {skip.line}")
    return lines
