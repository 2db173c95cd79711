"""The report of a rollout: the only thing it remembers, and what a resumed one begins with.

It tells what was done where. It holds no value of a variable, no external ID and no credential.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from canary.checks import Check
from tools.rollout.model import Wave
from tools.rollout.record import Gate, PlanSummary, Record, Removal, Stage, Status
from tools.rollout.waves import Before, Outcome

VERSION = 1
# Of the summary, here and on a terminal.
HEADINGS = ("Target", "Account", "Wave", "Outcome", "Plan", "Gate", "Verification", "Took")


class State(StrEnum):
    """How far the rollout is."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    STOPPED = "STOPPED"
    INTERRUPTED = "INTERRUPTED"


class ReportError(ValueError):
    """The file is no report; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of it.

    Attributes:
        manifest: name of the manifest's file.
        dry_run: whether anything was to be applied.
        state: how far it is.
        reason: why it stopped; None where it did not.
        started_at: seconds since 1970.
        seconds: how long it took.
        sources: a digest of what was applied.
        packages: the SHA-256 of each package, by its file name.
        over: names of the waves that passed and have baked.
        missing: keys of the targets that were not begun.
        records: the last thing that was done in each target, by its key.
    """

    manifest: str
    dry_run: bool
    state: State = State.RUNNING
    reason: str | None = None
    started_at: float
    seconds: float = 0
    sources: str
    packages: Mapping[str, str]
    over: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    records: Mapping[str, Record] = field(default_factory=dict)

    def with_record(self, record: Record) -> "Report":
        """Return the report with a target's newest record."""
        return replace(self, records={**self.records, record.key: record})

    def before(self) -> dict[str, Before]:
        """Return what a resumed rollout has to know, by target key."""
        return {
            key: Before(
                outcome=Outcome.SUCCEEDED if record.status is Status.SUCCEEDED else None,
                fingerprint=record.fingerprint,
            )
            for key, record in self.records.items()
        }


def without(report: Report, waves: Iterable[Wave]) -> Report:
    """Return a report that knows nothing of these waves and their targets: they are done anew."""
    forgotten = list(waves)
    keys = {target.key for wave in forgotten for target in wave.targets}
    return replace(
        report,
        over=report.over - {wave.name for wave in forgotten},
        records={key: record for key, record in report.records.items() if key not in keys},
    )


def write(report: Report, path: Path) -> None:
    """Write the report as JSON, and beside it as Markdown, each in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, json.dumps(to_json(report), indent=2) + "\n")
    _replace(path.with_suffix(".md"), markdown(report))


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    # mkstemp makes private files, and a pipeline's next step may be somebody else.
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON knows it."""
    return {
        "version": VERSION,
        **asdict(replace(report, records={})),
        "over": sorted(report.over),
        "records": [asdict(record) for record in report.records.values()],
    }


def read(path: Path) -> Report:
    """Read a report that `write` has written.

    Raises:
        ReportError: there is none, or it is of another kind or version.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("version") != VERSION:
            raise ValueError("another version")  # noqa: TRY301 - told as the others are
        records = [_record(each) for each in found.pop("records")]
        return Report(
            **{
                **found,
                "state": State(found["state"]),
                "over": frozenset(found["over"]),
                "missing": tuple(found["missing"]),
                "records": {record.key: record for record in records},
            }
        )
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ReportError(
            f"{path} is no report of this version of the tools: move it away, and run the rollout"
            " without --resume. Targets that are as they should be stay as they are."
        ) from error


def _record(found: Mapping[str, Any]) -> Record:
    plan, gate, checks = found["plan"], found["gate"], found["checks"]
    read: dict[str, Any] = {
        "status": Status(found["status"]),
        "stage": Stage(found["stage"]),
        "plan": plan
        and PlanSummary(**{**plan, "removals": tuple(Removal(**one) for one in plan["removals"])}),
        "gate": gate and Gate(**{**gate, "findings": tuple(gate["findings"])}),
        "checks": None if checks is None else tuple(Check(**one) for one in checks),
    }
    return Record(**{**found, **read})


def markdown(report: Report) -> str:
    """Return the report for people."""
    kind = "Dry run of" if report.dry_run else "Rollout of"
    lines = [
        f"# {kind} {report.manifest}",
        "",
        f"{report.state.capitalize()} after {duration(report.seconds)}."
        + (f" {_cell(report.reason)}" if report.reason else ""),
        "",
        _line(HEADINGS),
        "|---|---|---|---|---|---|---|---|",
        *(_line(row(record, record.status.lower())) for record in report.records.values()),
        *(f"| {key} | | | not begun | | | | |" for key in report.missing),
        "",
        *_details(report),
        "## Packages",
        "",
        *(f"- `{name}`: `{digest}`" for name, digest in sorted(report.packages.items())),
    ]
    return "\n".join(lines) + "\n"


def row(record: Record, outcome: str) -> tuple[str, ...]:
    """Return a target's row below `HEADINGS`; ``outcome`` is its status in words."""
    return (
        record.key,
        record.account_id,
        record.wave,
        outcome,
        record.plan.sentence if record.plan else "",
        _gate(record.gate),
        _checks(record.checks),
        duration(record.seconds),
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _gate(gate: Gate | None) -> str:
    if gate is None:
        return ""
    return f"{len(gate.findings)} failed" if gate.findings else f"{gate.passed} passed"


def _checks(checks: tuple[Check, ...] | None) -> str:
    if checks is None:
        return ""
    return f"{sum(check.passed for check in checks)} of {len(checks)} passed"


def _details(report: Report) -> list[str]:
    lines = []
    for record in report.records.values():
        removals = record.plan.removals if record.plan else ()
        found = [
            *([f"- Failed in {record.stage}: {_cell(record.reason)}"] if record.reason else []),
            *(f"- {_cell(finding)}" for finding in (record.gate.findings if record.gate else ())),
            *(
                f"- Check `{check.name}` failed: {_cell(check.detail)}"
                for check in record.checks or ()
                if not check.passed
            ),
            *(
                f"- {'Replaces' if removal.replaced else 'Destroys'} `{removal.address}`"
                for removal in removals
            ),
        ]
        if found:
            lines += [f"## {record.key}", "", *found, ""]
    return lines


def _cell(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())


def duration(seconds: float) -> str:
    """Return a time in minutes and seconds, for people."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
