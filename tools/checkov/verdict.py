"""What fails a review, as sentences that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.checkov.model import SECRET_RULE, Outcome, Review, Skip, excuses
from tools.checkov.plans import EXAMPLES
from tools.checkov.scan import CONFIGURATION, PACK

RULE = re.compile(r"CKV2?_[A-Z0-9]+_\d+")
FEWEST_WORDS = 4
EVERYWHERE = ("skip-check", "skip-path", "skip-framework", "soft-fail", "baseline")


def problems(review: Review, root: Path) -> Iterator[str]:
    """Everything that is wrong, one sentence each."""
    yield from unread(review)
    yield from unseen(review)
    yield from findings(review)
    yield from unexcused(review)
    for place in review.silenced:
        yield (
            f"{place}: this pragma hides a secret from every report: take the secret out, or, if it"
            f" is none, write checkov:skip={SECRET_RULE}<number>:<reason> on the line before"
        )
    for skip in review.skips:
        if complaint := about(skip, review):
            yield f"{skip.file}:{skip.line}: {complaint}"
    configuration = (root / CONFIGURATION).read_text(encoding="utf-8")
    for option in EVERYWHERE:
        if re.search(rf"^{option}", configuration, re.MULTILINE):
            yield (
                f"{CONFIGURATION}: take {option} out: rules are skipped where they do not apply,"
                " with a reason, and not everywhere"
            )


def findings(review: Review) -> Iterator[str]:
    """What rules found, each place once."""
    found: dict[tuple[str, int, str], list[str]] = {}
    names = {}
    for scan, result in review.results():
        if result.outcome is Outcome.FAILED:
            where = (result.file, result.first, result.rule)
            what = f"{result.resource} ({scan.name})" if result.resource else scan.name
            found.setdefault(where, []).append(what)
            names[result.rule] = result.name
    for (file, line, rule), resources in sorted(found.items()):
        more = f" and {len(resources) - 1} more" if len(resources) > 1 else ""
        yield (
            f"{file}:{line}: {rule}, {names[rule]}: {resources[0]}{more}. Mend it, or say in a skip"
            " why it does not apply"
        )


def unexcused(review: Review) -> Iterator[str]:
    """Skips that no comment explains of those that are judged here, each place once."""
    places = {
        (one.file, one.first, one.rule)
        for _, one in review.results()
        if one.outcome is Outcome.SKIPPED and not any(excuses(skip, one) for skip in review.skips)
    }
    for file, line, rule in sorted(places):
        yield (
            f"{file}:{line}: {rule} is skipped, and no comment here says so: take the skip out,"
            " or write it with its reason where docs/security-review.md says"
        )


def unread(review: Review) -> Iterator[str]:
    """Files that passed without a look."""
    for scan in review.scans:
        for name in scan.unread:
            yield (
                f"{name}: checkov cannot read this file, and passes it unseen: reword the"
                ' expression (known: a string that holds "$${" without its "}")'
            )


def unseen(review: Review) -> Iterator[str]:
    """Scans and rules that had nothing to look at, and therefore found nothing."""
    if not any(rule.own for rule in review.rules.values()):
        yield f"{PACK}: checkov loaded none of the project's own checks: is __init__.py there?"
    if not any(scan.kind == "terraform_plan" for scan in review.scans):
        yield f"{EXAMPLES}: there is no example to plan: rules see policies in plans only"
    for scan in review.scans:
        if not scan.seen or (scan.kind != "secrets" and not scan.results):
            yield f"{scan.name}: checkov found nothing to check: see what became of the sources"


def about(skip: Skip, review: Review) -> str:
    """What is wrong with a skip; empty where nothing is."""
    if not RULE.fullmatch(skip.rule):
        return f"'{skip.rule}' is not the id of a rule: name the one rule that does not apply"
    if skip.rule not in review.rules:
        return f"there is no rule {skip.rule}: correct the id, or take the skip out"
    if len(skip.reason.split()) < FEWEST_WORDS:
        return f"the skip of {skip.rule} must say why: write a sentence after its second colon"
    skipped = (one for _, one in review.results() if one.outcome is Outcome.SKIPPED)
    if not any(excuses(skip, one) for one in skipped):
        return f"{skip.rule} finds nothing here any more: take the skip out"
    return ""
