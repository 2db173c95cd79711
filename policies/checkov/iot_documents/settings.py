"""Names that a user of the checks adds by an environment variable."""

from __future__ import annotations

import os
import re


def names(variable: str) -> set[str]:
    """The names in an environment variable, with commas between them, each as `plain` gives it."""
    return {plain(name) for name in os.environ.get(variable, "").split(",")}


def plain(name: str) -> str:
    """A name without what people write differently: case, spaces, `_` and `-`."""
    return re.sub(r"[\s_-]", "", name).lower()
