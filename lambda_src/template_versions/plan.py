"""Which versions of a provisioning template may go."""

from collections.abc import Sequence
from dataclasses import dataclass

# AWS keeps five: the default, these three to go back to, and the one about to come.
KEEP_BESIDES_DEFAULT = 3


@dataclass(frozen=True)
class Version:
    """One version of a provisioning template."""

    version_id: int
    is_default: bool


@dataclass(frozen=True)
class Plan:
    """Version ids, newest first."""

    keep: list[int]
    delete: list[int]


def plan(versions: Sequence[Version]) -> Plan:
    """Keep the default version and the newest three others; ids count up and are never reused."""
    newest_first = sorted(versions, key=lambda version: version.version_id, reverse=True)
    others = [version.version_id for version in newest_first if not version.is_default]
    delete = others[KEEP_BESIDES_DEFAULT:]
    keep = [v.version_id for v in newest_first if v.version_id not in delete]
    return Plan(keep=keep, delete=delete)
