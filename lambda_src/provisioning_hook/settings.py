"""The function's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from device_registry import names, regions
from device_registry.reasons import MisconfiguredError
from device_registry.regions import Regions

LEASE_SECONDS = range(60, 86_401)
NEVER = "never"


@dataclass(frozen=True)
class Settings:
    """The registry table, the prefix of every name, and how long a claim keeps others out.

    That is in seconds; None stands for a claim that does not lapse. ``regions`` share the table.
    """

    table_name: str
    name_prefix: str
    claim_lease_seconds: int | None
    regions: Regions


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        MisconfiguredError: a variable is missing or has a value that cannot work.
    """
    table_name = environ.get("DEVICE_REGISTRY_TABLE", "")
    if not table_name:
        raise MisconfiguredError("DEVICE_REGISTRY_TABLE")
    name_prefix = environ.get("NAME_PREFIX", "")
    if not names.matches(names.NAME_PREFIX, name_prefix):
        raise MisconfiguredError("NAME_PREFIX")
    shared_by = regions.from_environment(environ)
    lease = environ.get("CLAIM_LEASE_SECONDS", "")
    if lease == NEVER:
        return Settings(table_name, name_prefix, None, shared_by)
    if not (lease.isascii() and lease.isdecimal() and int(lease) in LEASE_SECONDS):
        raise MisconfiguredError("CLAIM_LEASE_SECONDS")
    return Settings(table_name, name_prefix, int(lease), shared_by)
