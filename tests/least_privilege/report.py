"""What came of it: `reports/least-privilege.md` for people, `.json` for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.least_privilege.inventory import Entry
from tests.least_privilege.runner import Proof
from tests.support.terraform import ROOT

DIRECTORY = ROOT / "reports"
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
    """

    entry: Entry
    proof: Proof | None = None

    @property
    def verdict(self) -> str:
        """One of three, of which the last is a failure."""
        if self.proof:
            return PROVEN
        return DOCUMENTED if self.entry.documented else UNEXPLAINED

    @property
    def why(self) -> str:
        """The evidence in a sentence."""
        if self.proof:
            return f"{self.proof.flow}: {self.proof.symptom}"
        if documented := self.entry.documented:
            return f"[{documented.title}]({documented.url}). {documented.why}"
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
    """The table, policy by policy."""
    counted = totals(rows)
    lines = [
        "# Least privilege, proven",
        "",
        "Each action and each condition that Terraform grants was taken away by itself, at an",
        "endpoint that enforces IAM and IoT policies, and the flows that use it were run. Before,",
        "and after, every flow works. Of an IoT policy, each resource was taken away too. A right",
        "that several hold for the same purpose is one row.",
        "",
        "| granted | proven necessary | demanded by documentation | unexplained | minutes |",
        "|---|---|---|---|---|",
        f"| {' | '.join(str(number) for number in counted.values())} | {seconds / 60:.1f} |",
        *(f"\n**{fault}**" for fault in faults),
    ]
    policy = None
    for row in rows:
        if row.entry.key.file != policy:
            policy = row.entry.key.file
            lines += [
                "",
                f"## {policy}",
                "",
                "| holder | statement | taken away | resource | verdict | evidence |",
                "|---|---|---|---|---|---|",
            ]
        lines.append(f"| {' | '.join(_cells(row))} |")
    return "\n".join([*lines, ""])


def _cells(row: Row) -> list[str]:
    entry = row.entry
    several = len(row.holders)
    holder = f"{entry.key.group}" + (f" ({several} holders)" if several > 1 else "")
    resources = "<br>".join(f"`{resource}`" for resource in entry.resources)
    name = f"{entry.kind} `{entry.key.name.partition(' on ')[0]}`"
    return [
        cell.replace("|", "\\|")
        for cell in (holder, entry.key.sid, name, resources, row.verdict, row.why)
    ]


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
    (directory / "least-privilege.json").write_text(json.dumps(content, indent=2) + "\n")
    (directory / "least-privilege.md").write_text(
        markdown(rows, seconds=seconds, faults=faults), encoding="utf-8"
    )
