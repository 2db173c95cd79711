"""Variables of the configuration: whose names and values the manifest may not give."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from device_registry import names
from tools.rollout.document import Place, name
from tools.rollout.rules.checked import Checked, Said

RESERVED_VARIABLES = (
    "account_id",
    "external_id",
    "package_directory",
    "package_sha256",
    "region",
    "role_arn",
    "tags",
)
_CREDENTIAL_NAMES = re.compile(
    r"(?:aws_)?(?:access_key(?:_id)?|secret_access_key|secret_key|session_token|token|password)"
)
_CREDENTIAL_VALUES = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"
)


def _variable_layers(checked: Checked) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield each mapping of variables with its place."""
    layers: list[tuple[Place, Mapping[str, Any]]] = [
        (("defaults",), checked.sound.get("defaults") or {}),
        *((("accounts", account.name), account.own) for account in checked.accounts.values()),
        *((place, said) for place, said in checked.selectors() if place[0] == "overrides"),
    ]
    for place, said in layers:
        yield (*place, "variables"), said.get("variables") or {}


def variables(checked: Checked) -> Iterator[Said]:
    """Variables are the configuration's own, and hold nothing that AWS would refuse later."""
    for place, said in _variable_layers(checked):
        for key, value in said.items():
            inner = (*place, key)
            if key in RESERVED_VARIABLES:
                yield Said(
                    inner,
                    f"{name(inner)}: the rollout itself says what {key} is. Take it out of the "
                    "variables.",
                )
            if key == "name_prefix" and not names.matches(names.NAME_PREFIX, value):
                yield Said(
                    inner,
                    f"{name(inner)} is {value!r}, but has to be 2 to 20 lower-case letters, digits "
                    "and hyphens, begin with a letter and not end with a hyphen.",
                )
        yield from credentials(place, said)


def credentials(place: Place, said: Any) -> Iterator[Said]:
    """A manifest is read by many: it holds no credential, wherever one could stand."""
    for inner, leaf in leaves(place, said):
        key = next(part for part in reversed(inner) if isinstance(part, str))
        if leaf is not None and _CREDENTIAL_NAMES.fullmatch(key):
            yield Said(
                inner,
                f"{name(inner)} is a credential by its name. A manifest holds none: take it out "
                "and use the environment or a role.",
            )
        elif isinstance(leaf, str) and _CREDENTIAL_VALUES.search(leaf):
            yield Said(
                inner,
                f"{name(inner)} looks like a credential. A manifest holds none: take it out, "
                "change the credential, and use the environment or a role.",
            )


def leaves(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    """Yield what is neither a mapping nor a list in a value, with its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves((*place, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves((*place, index), inner)
    else:
        yield place, value
