"""Which targets a wave or an override chooses, in the order in which they start."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# An account's name and a Region.
Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of a manifest.

    Attributes:
        name: its key in `accounts`.
        account_id: None where the manifest has none that could be one.
        regions: where it gets the stack.
        labels: by which it may be chosen.
        own: what the manifest says of it.
    """

    name: str
    account_id: str | None
    regions: tuple[str, ...]
    labels: frozenset[str]
    own: Mapping[str, Any]


def accounts(manifest: Mapping[str, Any]) -> dict[str, Account]:
    """Return the accounts by name, in the manifest's order."""
    every = texts(manifest.get("regions"))
    return {name: _account(name, said, every) for name, said in _mapping(manifest, "accounts")}


def _account(name: str, said: Any, every: Sequence[str]) -> Account:
    own: Mapping[str, Any] = {"id": said} if isinstance(said, str) else said or {}
    return Account(
        name=name,
        account_id=own.get("id"),
        regions=tuple(texts(own["regions"]) if "regions" in own else every),
        labels=frozenset(texts(own.get("labels"))),
        own=own,
    )


def chosen(
    selector: Mapping[str, Any], known: Mapping[str, Account], every_region: Sequence[str]
) -> list[Pair]:
    """Return what the selector's accounts, labels and Regions all choose, Region by Region."""
    regions = texts(selector["regions"]) if "regions" in selector else every_region
    return [
        (account.name, region)
        for region in regions
        for account in known.values()
        if region in account.regions and _is_meant(account, selector)
    ]


def _is_meant(account: Account, selector: Mapping[str, Any]) -> bool:
    return ("accounts" not in selector or account.name in selector["accounts"]) and (
        "labels" not in selector or not account.labels.isdisjoint(texts(selector["labels"]))
    )


def members(manifest: Mapping[str, Any], known: Mapping[str, Account]) -> list[list[Pair]]:
    """Return the targets of each wave; a wave of the rest takes what no other wave names."""
    regions = texts(manifest.get("regions"))
    waves = manifest["waves"]
    named = [None if wave.get("rest") else _of_wave(wave, known, regions) for wave in waves]
    taken = {pair for pairs in named for pair in pairs or ()}
    return [
        _rest(wave, known, regions, taken) if pairs is None else pairs
        for wave, pairs in zip(waves, named, strict=True)
    ]


def _of_wave(
    wave: Mapping[str, Any], known: Mapping[str, Account], regions: Sequence[str]
) -> list[Pair]:
    """Return those of the accounts named and those with a label: either makes an account meant."""
    within = {key: wave[key] for key in ("regions",) if key in wave}
    meant = {
        name: account
        for name, account in known.items()
        if name in texts(wave.get("accounts"))
        or not account.labels.isdisjoint(texts(wave.get("labels")))
    }
    return chosen(within, meant, regions)


def _rest(
    wave: Mapping[str, Any],
    known: Mapping[str, Account],
    regions: Sequence[str],
    taken: Collection[Pair],
) -> list[Pair]:
    within = {key: wave[key] for key in ("regions",) if key in wave}
    return [pair for pair in chosen(within, known, regions) if pair not in taken]


def texts(value: Any) -> list[str]:
    """Return the usable items of a list: a wrong one has become None, and the list may be gone."""
    return [item for item in value or () if item is not None]


def _mapping(manifest: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    yield from (manifest.get(key) or {}).items()
