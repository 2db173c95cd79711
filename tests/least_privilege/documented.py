"""What only AWS's documentation demands, read from `documented.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("documented.toml")


@dataclass(frozen=True)
class Documented:
    """Rights of a policy file that no flow at the endpoint can show to be needed.

    Attributes:
        policy: The policy file, without its ending.
        rights: Patterns of their names.
        holders: Pattern of the groups that hold them.
        title: Of the page that demands them.
        url: Of that page.
        why: What the endpoint does not do.
    """

    policy: str
    rights: tuple[str, ...]
    title: str
    url: str
    why: str
    holders: str = "*"

    def covers(self, group: str, file: str, right: str) -> bool:
        """Whether it speaks of this right."""
        held = file == self.policy and fnmatchcase(group, self.holders)
        return held and bool(self.fitting([right]))

    def fitting(self, rights: Iterable[str]) -> set[str]:
        """Those of its patterns that fit one of these names."""
        rights = tuple(rights)
        return {
            pattern
            for pattern in self.rights
            if any(fnmatchcase(right, pattern) for right in rights)
        }


def read(file: Path = FILE) -> list[Documented]:
    """Every entry.

    Raises:
        KeyError: An entry names a page or a reason that the file does not have.
    """
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return [entry for raw in content.get("right", ()) for entry in _entries(raw, content)]


def _entries(raw: Mapping[str, Any], content: Mapping[str, Any]) -> list[Documented]:
    page = content["page"][raw["page"]]
    return [
        Documented(
            policy=policy,
            rights=tuple(raw["rights"]),
            holders=raw.get("holders", "*"),
            title=page["title"],
            url=page["url"],
            why=raw["why"],
        )
        for policy in raw["policies"]
    ]
