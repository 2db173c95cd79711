"""The values of one target: merged from defaults, account and overrides, placeholders filled in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.rollout import partitions
from tools.rollout.selection import Account, chosen

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS = ("account_id", "account_name", "region", "partition")


def merged(base: Any, over: Any) -> Any:
    """Return two values as one: mappings become one mapping, anything else is replaced."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return {
            **base,
            **{key: merged(base[key], new) if key in base else new for key, new in over.items()},
        }
    return over


def layers(
    manifest: Mapping[str, Any], account: Account, region: str
) -> Iterator[Mapping[str, Any]]:
    """Yield what is said of a target, from the most general to what overrules it."""
    yield manifest.get("defaults") or {}
    yield account.own
    for override in manifest.get("overrides") or ():
        meant = chosen(override, {account.name: account}, account.regions)
        if (account.name, region) in meant:
            yield override


def of_target(
    manifest: Mapping[str, Any], account: Account, region: str, key: str
) -> dict[str, Any]:
    """Return a target's `variables` or `tags`."""
    result: Any = {}
    for layer in layers(manifest, account, region):
        result = merged(result, layer.get(key) or {})
    return dict(sorted(result.items()))


def single(manifest: Mapping[str, Any], account: Account, key: str) -> Any:
    """Return the account's own `role_arn` or `external_id`, else the default."""
    if key in account.own:
        return account.own[key]
    return (manifest.get("defaults") or {}).get(key)


def filled(value: Any, account: Account, region: str) -> Any:
    """Return a value with the target's own in place of each placeholder, at any depth."""
    if isinstance(value, Mapping):
        return {key: filled(inner, account, region) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, account, region) for inner in value]
    if not isinstance(value, str):
        return value
    own = {
        "account_id": account.account_id,
        "account_name": account.name,
        "region": region,
        "partition": partitions.by_region().get(region, "aws"),
    }
    return PLACEHOLDER.sub(lambda found: str(own.get(found[1], found[0])), value)
