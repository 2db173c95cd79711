"""A mistake in a manifest: its line, and a sentence that says what is wrong and what to change."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_SHOWN = 8


@dataclass(frozen=True, order=True)
class Mistake:
    """Something wrong with the manifest.

    Attributes:
        line: where, counted from 1.
        sentence: what is wrong, and what to change.
    """

    line: int
    sentence: str


def hint(wrong: object, known: Iterable[str]) -> str:
    """Return a sentence with the name that was probably meant, or else with those there are."""
    names = list(known)
    near = get_close_matches(str(wrong).lower(), names, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    if not names:
        return "There are none."
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Known are {', '.join(names[:_SHOWN])}{more}."
