"""The result of a run for people: each protection, who keeps it, and the attacks that miss it."""

import ast
from collections import defaultdict
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
without each of its protections, one at a time. "Noticed" counts the runs of the second kind whose
test turned red, as it must. Counts are of runs: an attack in several forms has one for each, and
one with two protections counts for both. The threats are rows of the [threat model][threats].

"Shown by" says what made the difference:

- **the endpoint**: it refused the attacker, or ran our code, and let the attack pass without the
  protection.
- **a stand-in of ours**: so did code in `tests/support`, which does what AWS documents and the
  endpoint does not.
- **reading the policy**: the endpoint refuses either way, so the attack never succeeded; the test
  reads the policy by IAM's rules, and turns red if it would let somebody in.
"""
OURS = """
## Kept by us

| protection | threat | kept by | where | refused | taken out by | noticed | shown by | tests |
|---|---|---|---|---|---|---|---|---|
"""
AWS = """
## Kept by AWS IoT

It cannot be taken out. The rows say what is relied on; the tests show that the endpoint does it
too.

| protection | threat | where | refused | shown by | tests |
|---|---|---|---|---|---|
"""
FOOT = """
What stands in for AWS, and what nothing here can show:
[what only a real account can confirm][real].

[threats]: ../docs/threat-model.md
[real]: ../docs/threat-model.md#what-only-a-real-account-can-confirm
"""


@dataclass(frozen=True)
class Outcome:
    """One run of one attack.

    Attributes:
        file: Where it is.
        test: Its name.
        protection: What it is against.
        without: Whether that was taken out.
        passed: Whether the run ended as it had to.
    """

    file: str
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
        f"**Passed**: every attack was refused ({len(kept)} runs), and its test noticed the lack"
        f" of each of the {len(ours)} protections of ours ({len(gone)} runs)."
        f" {len(outcomes) - len(ours)} protections are AWS IoT's own."
    )


def _share(outcomes: Sequence[Outcome]) -> str:
    passed = sum(one.passed for one in outcomes)
    return f"{passed} of {len(outcomes)}" if outcomes else "not run"


def _tests(outcomes: Sequence[Outcome]) -> str:
    """Their names as words, file by file."""
    names = defaultdict(set)
    for one in outcomes:
        names[one.file].add(one.test.removeprefix("test_").replace("_", " "))
    return "<br>".join(f"{file}: {'; '.join(sorted(found))}" for file, found in names.items())


def row(protection: Protection, outcomes: Sequence[Outcome]) -> str:
    """One line of the table that the protection belongs to."""
    entry = protection.value
    refused = _share([one for one in outcomes if not one.without])
    noticed = _share([one for one in outcomes if one.without])
    ours = entry.take_out is not None
    cells = (
        f"**{protection.name}** {entry.sentence}",
        " ".join(entry.threats),
        *([entry.kept_by] if ours else []),
        entry.where,
        refused,
        *([entry.without, noticed] if ours else []),
        "; ".join(entry.shown_by),
        _tests(outcomes),
    )
    return f"| {' | '.join(cells)} |\n"


def write(outcomes: Mapping[Protection, Sequence[Outcome]]) -> None:
    """Write the report of a run."""
    tables = {OURS: "", AWS: ""}
    for protection, of_one in outcomes.items():
        tables[OURS if protection.value.take_out else AWS] += row(protection, of_one)
    FILE.parent.mkdir(exist_ok=True)
    body = "".join(head + rows for head, rows in tables.items())
    FILE.write_text(HEAD.format(verdict=verdict(outcomes)) + body + FOOT)
