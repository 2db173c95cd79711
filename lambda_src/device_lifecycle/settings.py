"""The functions' settings, from their environment. Each function reads what it needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from device_registry import names, regions
from device_registry.reasons import MisconfiguredError
from device_registry.regions import Regions

STUCK_SECONDS = range(60, 604_801)

_GROUP_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_Choice = TypeVar("_Choice", bound=StrEnum)
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)


class ConfirmBy(StrEnum):
    """What turns a record ACTIVE."""

    FIRST_CONNECTION = "FIRST_CONNECTION"
    THING_EVENT = "THING_EVENT"


class UnexpectedThings(StrEnum):
    """What becomes of a thing that no record speaks of."""

    IGNORE = "ignore"
    REPORT = "report"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The registry table, the prefix of every name, and the Regions that share the table."""

    table_name: str
    name_prefix: str
    regions: Regions


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What ``confirm`` and ``sweep`` are told.

    ``quarantine_group`` is None unless unexpected things are quarantined; ``shadow_parameters`` is
    the path below which each device type's first shadow is, None where there are none.
    """

    registry: Registry
    confirm_by: ConfirmBy
    unexpected_things: UnexpectedThings
    quarantine_group: str | None
    ignored_thing_prefixes: tuple[str, ...]
    shadow_parameters: str | None


@dataclass(frozen=True, kw_only=True)
class Enforcement:
    """What ``enforce`` is told; ``shadow_parameters`` as for the others."""

    registry: Registry
    shadow_parameters: str | None


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The bucket that keeps entries, and the account that owns it."""

    bucket: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Where audit entries go."""

    log_group: str
    archive: Archive | None


def registry(environ: Mapping[str, str]) -> Registry:
    """Read where the records are.

    Raises:
        MisconfiguredError: a variable is missing or has a value that cannot work.
    """
    name_prefix = environ.get("NAME_PREFIX")
    if name_prefix is None or not names.matches(names.NAME_PREFIX, name_prefix):
        raise MisconfiguredError("NAME_PREFIX")
    return Registry(
        table_name=_required(environ, "DEVICE_REGISTRY_TABLE"),
        name_prefix=name_prefix,
        regions=regions.from_environment(environ),
    )


def lifecycle(environ: Mapping[str, str]) -> Lifecycle:
    """Read what ``confirm`` and ``sweep`` need.

    Raises:
        MisconfiguredError: a variable is missing or has a value that cannot work.
    """
    unexpected_things = _one_of(environ, "UNEXPECTED_THINGS", UnexpectedThings)
    group = environ.get("QUARANTINE_GROUP")
    if unexpected_things is not UnexpectedThings.QUARANTINE:
        group = None
    elif not names.matches(_GROUP_NAME, group):
        raise MisconfiguredError("QUARANTINE_GROUP")
    ignored = environ.get("IGNORED_THING_PREFIXES", "").split(",")
    return Lifecycle(
        registry=registry(environ),
        confirm_by=_one_of(environ, "CONFIRM_BY", ConfirmBy),
        unexpected_things=unexpected_things,
        quarantine_group=group,
        ignored_thing_prefixes=tuple(prefix for prefix in ignored if prefix),
        shadow_parameters=environ.get("SHADOW_PARAMETERS") or None,
    )


def enforcement(environ: Mapping[str, str]) -> Enforcement:
    """Read what ``enforce`` needs.

    Raises:
        MisconfiguredError: a variable is missing or has a value that cannot work.
    """
    return Enforcement(
        registry=registry(environ),
        shadow_parameters=environ.get("SHADOW_PARAMETERS") or None,
    )


def stuck_seconds(environ: Mapping[str, str]) -> int:
    """Read after how long a record that is still PROVISIONING counts as stuck.

    Raises:
        MisconfiguredError: there is no such number, or none in the range.
    """
    value = environ.get("STUCK_SECONDS", "")
    if not (value.isascii() and value.isdecimal() and int(value) in STUCK_SECONDS):
        raise MisconfiguredError("STUCK_SECONDS")
    return int(value)


def audit(environ: Mapping[str, str]) -> Audit:
    """Read where audit entries go.

    Raises:
        MisconfiguredError: a variable is missing or has a value that cannot work.
    """
    archive = None
    if environ.keys() & {"ARCHIVE_BUCKET", "ARCHIVE_BUCKET_OWNER"}:
        owner = _required(environ, "ARCHIVE_BUCKET_OWNER")
        if not names.matches(_ACCOUNT_ID, owner):
            raise MisconfiguredError("ARCHIVE_BUCKET_OWNER")
        archive = Archive(bucket=_required(environ, "ARCHIVE_BUCKET"), owner=owner)
    return Audit(log_group=_required(environ, "AUDIT_LOG_GROUP"), archive=archive)


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise MisconfiguredError(name)
    return value


def _one_of(environ: Mapping[str, str], name: str, choices: type[_Choice]) -> _Choice:
    try:
        return choices(environ.get(name, ""))
    except ValueError:
        raise MisconfiguredError(name) from None
