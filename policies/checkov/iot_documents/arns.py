"""ARNs, parts of which may be expressions that no scan can evaluate."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACEHOLDER = "\0"
INTERPOLATION = re.compile(r"\$\{[^{}]*\}")
PARTS = 6


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN as they are written.

    Attributes:
        resource: All after the account, for example `topic/a/b` or `function:name`.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str


def split(value: str) -> Arn | None:
    """The parts of an ARN; None for what is none, an expression for example.

    The colons of expressions and policy variables inside separate nothing.
    """
    inside = INTERPOLATION.findall(value)
    parts = INTERPOLATION.sub(PLACEHOLDER, value).split(":", PARTS - 1)
    if len(parts) != PARTS or parts[0] != "arn":
        return None
    expressions = iter(inside)
    restored = [re.sub(PLACEHOLDER, lambda _: next(expressions), part) for part in parts]
    return Arn(*restored[1:])
