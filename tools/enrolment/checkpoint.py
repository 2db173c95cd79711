"""Where a run stands, in a file that survives it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.enrolment.batch import Counts
from tools.enrolment.source import Position

_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything before ``position`` is done, and ``report`` holds ``report_bytes`` about it."""

    # With account and Region: tables of one name may stand in many.
    table_arn: str
    began_at: int
    home_region: str | None
    position: Position
    report: str
    report_bytes: int
    counts: Counts


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one step: a crash leaves the old one or the new one, no half.

    Raises:
        OSError: the file cannot be written.
    """
    draft = path.with_name(path.name + ".draft")
    draft.write_text(json.dumps({"version": _VERSION, **asdict(checkpoint)}), encoding="utf-8")
    os.replace(draft, path)  # noqa: PTH105 - Path.replace does the same, without naming atomicity


def load(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None where there is none, or none that can be used."""
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _parse(value: Mapping[str, Any]) -> Checkpoint | None:
    if value["version"] != _VERSION:
        return None
    return Checkpoint(
        table_arn=value["table_arn"],
        began_at=value["began_at"],
        # A run of an earlier version knew of none.
        home_region=value.get("home_region"),
        position=Position(**value["position"]),
        report=value["report"],
        report_bytes=value["report_bytes"],
        counts=Counts(**value["counts"]),
    )
