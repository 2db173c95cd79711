"""ARNs, parts of which may be expressions that no scan can evaluate."""

from __future__ import annotations

import re
from dataclasses import dataclass

from iot_documents.statements import matches

# Its own colon is not to be told from the others.
CONDITIONAL = re.compile(r"\s\?\s")
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


def reaches(pattern: str, service: str, sample: str) -> bool:
    """Whether a resource, wildcards considered, is a service's sample in any account and Region."""
    arn = split(pattern)
    if arn is None:
        return matches(pattern, f"arn:aws:{service}:~:~:{sample}")
    return matches(arn.service, service) and matches(arn.resource, sample)


def split(value: str) -> Arn | None:
    """The parts of an ARN; None for what is none, an expression for example."""
    parts = value.split(":", PARTS - 1)
    if len(parts) != PARTS or parts[0] != "arn" or CONDITIONAL.search(value):
        return None
    return Arn(*parts[1:])
