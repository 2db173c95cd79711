"""What came of it: `reports/least-privilege.md` for people, `.json` for programs."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.least_privilege.inventory import Entry
from tests.least_privilege.runner import Proof
from tests.support.terraform import ROOT

DIRECTORY = ROOT / "reports"
FOR_PEOPLE, FOR_PROGRAMS = "least-privilege.md", "least-privilege.json"
Reason = tuple[str, str, str]
# Every ARN begins so.
BEGINNING = re.compile(r"arn:aws:[a-z0-9-]*:(?:REGION|\*)?:(?:ACCOUNT|\*)?:")
INTRODUCTION = """\
Every action, condition and denial that Terraform grants, and of an IoT policy every resource, is
here. *Proven necessary*: taken away by itself, at an endpoint that enforces IAM and IoT policies, a
flow broke, and worked when the right was back; an attack breaks by getting through. *Demanded by
documentation*: every flow works without all of these, since the endpoint cannot show what they are
for, and the page of AWS's that says so is named. `account-baseline` was read from its plan, not
applied. A right that several hold for the same purpose is one row. ARNs are without their
beginning, `arn:aws:SERVICE:REGION:ACCOUNT:`.

Where the endpoint asks no policy by itself (roles that services take, rules, log subscriptions,
alarms), a stand-in in `tests/support` asks as AWS documents it; see
[what only a real account can confirm][real].

[real]: ../docs/threat-model.md#what-only-a-real-account-can-confirm"""
PROVEN, DOCUMENTED, UNEXPLAINED = (
    "proven necessary",
    "demanded by documentation",
    "unexplained",
)


@dataclass(frozen=True)
class Row:
    """A right and what is known of it.

    Attributes:
        entry: The right.
        proof: What breaks without it.
        tried: Whether it was taken away; not where the run of a stack ended early.
    """

    entry: Entry
    proof: Proof | None = None
    tried: bool = True

    @property
    def verdict(self) -> str:
        """One of three, of which the last is a failure."""
        if self.proof:
            return PROVEN
        return DOCUMENTED if self.entry.documented else UNEXPLAINED

    @property
    def why(self) -> str:
        """What was seen, in a sentence; empty where only the documentation speaks."""
        if self.proof:
            return f"{self.proof.flow}: {self.proof.symptom}"
        if self.entry.documented:
            return ""
        if self.entry.flows and not self.tried:
            return "not tried: the run of a stack ended early"
        flows = ", ".join(flow.name for flow in self.entry.flows)
        return (
            f"works without it: {flows}" if flows else "no flow and no documentation speaks of it"
        )

    @property
    def holders(self) -> list[str]:
        """Everybody who holds it, by stack and name."""
        return [
            f"{stack}/{holder.name}"
            for stack, held in self.entry.held.items()
            for holder, _ in held
        ]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        documented = self.entry.documented
        return {
            "policy": self.entry.key.file,
            "holder": self.entry.key.group,
            "holders": self.holders,
            "statement": self.entry.key.sid,
            "kind": self.entry.kind,
            "right": self.entry.key.name,
            "resources": list(self.entry.resources),
            "verdict": self.verdict,
            "proof": vars(self.proof) if self.proof else None,
            "documentation": documented
            and {"title": documented.title, "url": documented.url, "why": documented.why},
        }


def totals(rows: Sequence[Row]) -> dict[str, int]:
    """How many there are of each verdict."""
    counted = Counter(row.verdict for row in rows)
    return {"granted": len(rows)} | {
        verdict: counted[verdict] for verdict in (PROVEN, DOCUMENTED, UNEXPLAINED)
    }


def markdown(rows: Sequence[Row], *, seconds: float, faults: Sequence[str] = ()) -> str:
    """All of it, the short first: totals, policies, documentation, and then right by right."""
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        by_file.setdefault(row.entry.key.file, []).append(row)
    reasons = _reasons(rows)
    lines = [
        "# Least privilege, proven",
        "",
        verdict(rows, faults),
        *(f"- {fault}" for fault in faults),
        "",
        *INTRODUCTION.splitlines(),
        "",
        f"| policy | granted | {PROVEN} | {DOCUMENTED} | {UNEXPLAINED} |",
        "|---|--:|--:|--:|--:|",
        *(_counted(f"[{name}](#{name})", of_file) for name, of_file in by_file.items()),
        _counted("**all**", rows),
        "",
        f"It took {seconds / 60:.1f} minutes.",
        "",
        f"## {DOCUMENTED.capitalize()}",
        "",
        "What the endpoint cannot show to be needed, the page that demands it, and why it cannot.",
        "",
        "| | rights | page | why no flow shows it |",
        "|---|--:|---|---|",
        *(
            f"| D{number} | {_share(rows, reason)} | [{reason[0]}]({reason[1]}) | {reason[2]} |"
            for reason, number in reasons.items()
        ),
    ]
    for name, of_file in by_file.items():
        lines += [
            "",
            f"## {name}",
            "",
            "| holder | statement | taken away | resource | verdict | evidence |",
            "|---|---|---|---|---|---|",
            *(f"| {' | '.join(_cells(row, reasons))} |" for row in of_file),
        ]
    return "\n".join([*lines, ""])


def verdict(rows: Sequence[Row], faults: Sequence[str]) -> str:
    """The result in one line."""
    counted = totals(rows)
    if faults or counted[UNEXPLAINED]:
        unexplained = f"{counted[UNEXPLAINED]} of {len(rows)} rights unexplained"
        return f"**Failed**: {unexplained}, faults: {len(faults)}."
    return f"**Passed**: {len(rows)} rights, each proven necessary or demanded by documentation."


def _reason(row: Row) -> Reason | None:
    """Title and address of the page that demands a right, and why nothing else shows it."""
    documented = row.entry.documented
    if row.verdict != DOCUMENTED or documented is None:
        return None
    return documented.title, documented.url, documented.why


def _reasons(rows: Sequence[Row]) -> dict[Reason, int]:
    """A number for each reason, in the order of the policies."""
    found = dict.fromkeys(filter(None, map(_reason, rows)))
    return {reason: number for number, reason in enumerate(found, 1)}


def _share(rows: Sequence[Row], reason: Reason) -> int:
    return sum(_reason(row) == reason for row in rows)


def _counted(name: str, rows: Sequence[Row]) -> str:
    return f"| {name} | {' | '.join(str(number) for number in totals(rows).values())} |"


def _cells(row: Row, reasons: Mapping[Reason, int]) -> list[str]:
    entry = row.entry
    several = len(row.holders)
    holder = f"{entry.key.group}" + (f" ({several} holders)" if several > 1 else "")
    resources = "<br>".join(f"`{BEGINNING.sub('', resource)}`" for resource in entry.resources)
    statement = f"statement {entry.key.sid}" if entry.key.sid.isdigit() else entry.key.sid
    name = f"{entry.kind} `{entry.key.name.partition(' on ')[0]}`"
    reason = _reason(row)
    why = f"[D{reasons[reason]}](#{DOCUMENTED.replace(' ', '-')})" if reason else row.why
    return [
        cell.replace("|", "\\|") for cell in (holder, statement, name, resources, row.verdict, why)
    ]


def remove(directory: Path) -> None:
    """Remove both files."""
    for name in (FOR_PEOPLE, FOR_PROGRAMS):
        (directory / name).unlink(missing_ok=True)


def write(
    rows: Sequence[Row], directory: Path, *, seconds: float, faults: Sequence[str] = ()
) -> None:
    """Write both files."""
    directory.mkdir(exist_ok=True)
    content = {
        "totals": totals(rows),
        "seconds": round(seconds),
        "faults": list(faults),
        "rights": [row.plain() for row in rows],
    }
    (directory / FOR_PROGRAMS).write_text(json.dumps(content, indent=2) + "\n")
    (directory / FOR_PEOPLE).write_text(
        markdown(rows, seconds=seconds, faults=faults), encoding="utf-8"
    )
