"""The result of a run for people: each protection, who keeps it, and the attacks that miss it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.security.attacks.protections import Protection
from tests.support.terraform import ROOT

FILE = ROOT / "reports/attacks.md"
HEAD = """\
# Attacks

Each attack ran against an applied stack with IAM and IoT policies enforced, and then once more
without each of its protections, one at a time. "Noticed" counts the runs of the second kind in
which the attack succeeded, so that its test turned red as it must.

| protection | kept by | where | attacks refused | taken out by | noticed | tests |
|---|---|---|---|---|---|---|
"""
FOOT = """
What AWS IoT keeps cannot be taken out. Its rows say what is relied on; the tests show that the
endpoint does it too.
"""


@dataclass(frozen=True)
class Outcome:
    """One run of one attack.

    Attributes:
        test: Its name.
        protection: What it is against.
        without: Whether that was taken out.
        passed: Whether the run ended as it had to.
    """

    test: str
    protection: Protection
    without: bool
    passed: bool


def _share(outcomes: Sequence[Outcome]) -> str:
    passed = sum(one.passed for one in outcomes)
    return f"{passed} of {len(outcomes)}" if outcomes else "not run"


def row(protection: Protection, outcomes: Sequence[Outcome]) -> str:
    """One line of the table."""
    entry = protection.value
    kept = [one for one in outcomes if not one.without]
    gone = [one for one in outcomes if one.without]
    cells = (
        f"**{protection.name}** {entry.sentence}",
        entry.kept_by,
        entry.where,
        _share(kept),
        entry.without or "-",
        _share(gone) if entry.take_out else "-",
        "<br>".join(sorted({one.test for one in outcomes})),
    )
    return f"| {' | '.join(cells)} |\n"


def write(outcomes: Mapping[Protection, Sequence[Outcome]]) -> None:
    """Write the report of a run, the part that ran."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(HEAD + "".join(row(*one) for one in outcomes.items()) + FOOT)
