"""A manifest under examination, and what a rule says of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tools.rollout import selection
from tools.rollout.document import Document, Place
from tools.rollout.selection import Account, Pair, texts


class Said(NamedTuple):
    """A mistake by its place, whose line is not known yet."""

    place: Place
    sentence: str


class Stranger(NamedTuple):
    """A name that stands for nothing: its place, what it should be one of, and those there are."""

    place: Place
    kind: str
    item: str
    known: list[str]


@dataclass(frozen=True)
class Checked:
    """A manifest under examination.

    Attributes:
        document: the manifest as it is, for its lines.
        sound: the manifest without what the schema refused.
        wrong: the places of that.
        base: the manifest's directory.
    """

    document: Document
    sound: Mapping[str, Any]
    wrong: set[Place]
    base: Path

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """The accounts by name."""
        return selection.accounts(self.sound)

    @cached_property
    def regions(self) -> list[str]:
        """The manifest's Regions."""
        return texts(self.sound.get("regions"))

    @cached_property
    def labels(self) -> list[str]:
        """Every label that an account has."""
        return sorted({label for account in self.accounts.values() for label in account.labels})

    @cached_property
    def pairs(self) -> list[Pair]:
        """Every target that there has to be."""
        return [(a.name, region) for a in self.accounts.values() for region in a.regions]

    @cached_property
    def members(self) -> list[list[Pair]]:
        """The targets of each wave; empty where a mistake leaves open what they are."""
        return [] if self.open else selection.members(self.sound, self.accounts)

    @cached_property
    def open(self) -> bool:
        """Whether a mistake leaves open which targets there are, and who takes them."""
        return bool(self.strangers) or any(_decides(place) for place in self.wrong)

    @cached_property
    def strangers(self) -> list[Stranger]:
        """The names by which waves, overrides and accounts choose nothing that exists."""
        # An account that the schema refused is still one that may be named.
        accounts = list(self.document.value.get("accounts") or ())
        known = {"account": accounts, "label": self.labels, "Region": self.regions}
        chosen = [
            (place, kind, f"{kind.lower()}s", said)
            for place, said in self.selectors()
            for kind in known
        ]
        chosen += [
            (("accounts", account.name), "Region", "regions", account.own)
            for account in self.accounts.values()
        ]
        return [
            Stranger((*place, key, index), kind, item, known[kind])
            for place, kind, key, said in chosen
            for index, item in enumerate(said.get(key) or ())
            if item is not None and item not in known[kind] and (known[kind] or kind == "label")
        ]

    def selectors(self) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """Yield every wave and override with its place."""
        for key in ("waves", "overrides"):
            for index, selector in enumerate(self.sound.get(key) or ()):
                if selector is not None:
                    yield (key, index), selector

    def whole(self, key: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """Yield the waves or the overrides in which the schema refused nothing."""
        for place, selector in self.selectors():
            if place[0] == key and not any(wrong[:2] == place for wrong in self.wrong):
                yield place, selector

    def line(self, *place: str | int) -> int:
        """Return the line of a place."""
        return self.document.line(place)

    def called(self, place: Place) -> str:
        """Return a place as people say it."""
        return self.document.name(place)


def _decides(place: Place) -> bool:
    """Tell whether a wrong part may change which targets there are and in which wave."""
    if place[:1] == ("accounts",):
        # Of one account's own values, only these choose.
        return not place[2:] or place[2] in {"regions", "labels"}
    return not place or place[0] in {"regions", "waves"}
