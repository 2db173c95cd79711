"""What the stacks are there for, in flows that each need certain rights, and say how they break."""

from tests.least_privilege.flows import (
    callers,
    claims,
    devices,
    just_in_time,
    lifecycle,
    operations,
)
from tests.least_privilege.flows.flow import FLOWS, Flow

__all__ = [
    "FLOWS",
    "Flow",
    "callers",
    "claims",
    "devices",
    "just_in_time",
    "lifecycle",
    "operations",
]
