"""Which versions of a provisioning template may go."""

from collections.abc import Sequence
from dataclasses import dataclass

# AWS keeps five. With the default, this one and the one about to come there are three, so two more
# fit even where this does not run: Terraform adds a version with the same body as before when
# somebody made an older one the default by hand.
KEEP_BESIDES_DEFAULT = 1


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
    """Keep the default version and the newest other; ids count up and are never reused."""
    newest_first = sorted(versions, key=lambda version: version.version_id, reverse=True)
    others = [version.version_id for version in newest_first if not version.is_default]
    delete = others[KEEP_BESIDES_DEFAULT:]
    keep = [v.version_id for v in newest_first if v.version_id not in delete]
    return Plan(keep=keep, delete=delete)
