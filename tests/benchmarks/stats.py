"""Medians and their ratios."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Series:
    """What one contender took, run by run; all in the same unit."""

    name: str
    values: list[float]

    @property
    def median(self):
        return median(self.values)


def ratio(one, other):
    """The ratio of two medians: below 1, the first is the smaller."""
    return one.median / other.median
