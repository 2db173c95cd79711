"""The result of a run for people: each protection, who keeps it, and the attacks that miss it."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.security.attacks.protections import Protection
from tests.support.terraform import ROOT

FILE = ROOT / "reports/attacks.md"
HERE = Path(__file__).parent
HEAD = """\
# Attacks

{verdict}

Each attack ran against an applied stack with IAM and IoT policies enforced, and then once more
without each of its protections, one at a time. "Noticed" counts the runs of the second kind in
which the attack succeeded, so that its test turned red as it must. Counts are of runs: an attack in
several forms has one for each, and one with two protections counts for both.

| protection | kept by | where | attacks refused | taken out by | noticed | tests |
|---|---|---|---|---|---|---|
"""
FOOT = """
What AWS IoT keeps cannot be taken out. Its rows say what is relied on; the tests show that the
endpoint does it too. Where the endpoint asks no policy by itself (roles that services take, rules,
log subscriptions, alarms, EXCLUSIVE_THING), stand-ins in `tests/support` ask as AWS documents it;
see [what only a real account can confirm][real].

[real]: ../docs/threat-model.md#what-only-a-real-account-can-confirm
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


def attacks() -> Iterator[str]:
    """The name of every attack there is, run or not."""
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(one).startswith("against(") for one in node.decorator_list
            ):
                yield node.name


def verdict(outcomes: Mapping[Protection, Sequence[Outcome]]) -> str:
    """What came of it in one line, which says so if it was not all."""
    every = [one for of_one in outcomes.values() for one in of_one]
    if missing := set(attacks()) - {one.test for one in every}:
        return f"**Incomplete**: {len(missing)} attacks were not run; see `make test-security`."
    if failed := {one.test for one in every if not one.passed}:
        return f"**Failed**: {', '.join(sorted(failed))}."
    ours = [protection for protection in outcomes if protection.value.take_out]
    kept = [one for one in every if not one.without]
    gone = [one for one in every if one.without]
    return (
        f"**Passed**: every attack was refused ({len(kept)} runs), and succeeded without each of"
        f" the {len(ours)} protections of ours ({len(gone)} runs)."
        f" {len(outcomes) - len(ours)} protections are AWS IoT's own."
    )


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
    """Write the report of a run."""
    FILE.parent.mkdir(exist_ok=True)
    head = HEAD.format(verdict=verdict(outcomes))
    FILE.write_text(head + "".join(row(*one) for one in outcomes.items()) + FOOT)
