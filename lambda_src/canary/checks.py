"""What a run looks at, in order, and what it says of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

NOT_REACHED = "not reached"


class Name(StrEnum):
    """The checks, in the order of a run. Removal is tried whatever came before."""

    STACK = "stack"
    ENROLMENT = "enrolment"
    CLAIM = "temporary claim"
    CLAIM_CONNECTION = "claim connection"
    CERTIFICATE = "certificate"
    REGISTRATION = "registration"
    CONNECTION = "device connection"
    OWN_SHADOW = "own shadow"
    OTHERS_SHADOW = "another's shadow"
    RECORD = "record"
    THING = "thing"
    STRANGER = "stranger"
    REMOVAL = "removal"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: Which.
        passed: Whether it is as it has to be; False also for what was not reached.
        detail: What was seen, and, of one that did not pass, the likely cause.
    """

    name: str
    passed: bool
    detail: str


def failed(checks: Sequence[Check]) -> list[Check]:
    """Return the checks that did not pass, without those that were not reached."""
    return [each for each in checks if not each.passed and each.detail != NOT_REACHED]
