"""Which Regions share the registry, and which of them may grant a serial number.

The replicas of a global table (multi-Region eventual consistency) each evaluate a condition against
themselves, and the later write to a record wins. So one Region alone may decide on a serial number:
its home. A record that names none has the fleet's, so that a fleet goes to several Regions, or
comes back from them, without touching a record.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from device_registry import names
from device_registry.reasons import MisconfiguredError
from device_registry.record import DeviceRecord


@dataclass(frozen=True)
class Regions:
    """The function's own Region, and the home of records that name none.

    ``default_home`` is None where the registry is one Region's.
    """

    own: str
    default_home: str | None = None

    @property
    def several(self) -> bool:
        """Whether other Regions share the registry."""
        return self.default_home is not None

    @property
    def is_default_home(self) -> bool:
        """Whether this Region may grant serial numbers whose record names no home."""
        return self.default_home in (None, self.own)

    def is_home_of(self, record: DeviceRecord) -> bool:
        """Tell whether this Region may grant the record's serial number."""
        if record.home_region is None:
            return self.is_default_home
        return record.home_region == self.own

    def claimed_elsewhere(self, record: DeviceRecord) -> bool:
        """Tell whether it was another Region that took the record's claim."""
        return self.several and record.claimed_in not in (None, self.own)


def from_environment(environ: Mapping[str, str]) -> Regions:
    """Read the Regions from a function's environment variables.

    Raises:
        MisconfiguredError: a variable is missing or holds no Region's name.
    """
    own, default_home = environ.get("AWS_REGION"), environ.get("DEFAULT_HOME_REGION")
    if own is None or not names.matches(names.REGION, own):
        raise MisconfiguredError("AWS_REGION")
    if default_home is not None and not names.matches(names.REGION, default_home):
        raise MisconfiguredError("DEFAULT_HOME_REGION")
    return Regions(own, default_home)
