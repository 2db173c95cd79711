"""The files under policies/: which of them a document was made from, and which rights they name."""

import functools
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.least_privilege.documents import listed
from tests.support.terraform import ROOT

DIRECTORY = ROOT / "policies"
SUFFIX = ".json.tftpl"
# Written by the provider from aws_lambda_permission, so that there is no file.
PERMISSION = "lambda-permission"
# Of the complete example, which shows how a policy of one's own is brought along.
CAMERA = ROOT / "terraform/examples/complete/policies/camera.json.tftpl"

SID = re.compile(r'\bSid"?\s*[:=]\s*"(\w+)"')
ACTION = re.compile(r'"((?!aws:|kms:ViaService)(?:[a-z0-9-]+):(?:[A-Z][A-Za-z]*\*?|\*))"')
CONDITION = re.compile(r'"((?:aws|iot|kms):[A-Za-z][\w.:]*)"\s*[:=]')

RENDERED = re.compile(rf"/([\w-]+){re.escape(SUFFIX)}")


def files() -> dict[str, Path]:
    """Every template of a policy, by its name without the ending."""
    found = [path for kind in ("iam", "iot") for path in (DIRECTORY / kind).glob(f"*{SUFFIX}")]
    return {path.name.removesuffix(SUFFIX): path for path in sorted([*found, CAMERA])}


def actions(path: Path) -> set[str]:
    """The actions that a template names itself; some get more of them from their module."""
    return set(ACTION.findall(path.read_text(encoding="utf-8")))


def filled_in(text: str) -> Iterator[tuple[str, set[str]]]:
    """By the template that is rendered, the actions that a module's file hands to it."""
    for call in re.finditer(r"\btemplatefile\(", text):
        rest = text[call.end() :]
        depth = itertools.accumulate({"(": 1, ")": -1}.get(each, 0) for each in rest)
        inside = rest[: next(at for at, deep in enumerate(depth) if deep < 0)]
        if named := RENDERED.search(inside):
            yield named[1], set(ACTION.findall(inside))


@functools.cache
def _sids() -> dict[str, frozenset[str]]:
    named = {name: frozenset(SID.findall(path.read_text())) for name, path in files().items()}
    return {name: sids for name, sids in named.items() if sids}


def made_from(document: dict[str, Any]) -> str:
    """The template with these statements, and as few others as there is.

    Raises:
        LookupError: None has them all.
    """
    sids = {statement.get("Sid") for statement in listed(document["Statement"])}
    fitting = [name for name, named in _sids().items() if sids <= named]
    if not fitting:
        raise LookupError(f"no file in policies/ has the statements {sorted(map(str, sids))}")
    return min(fitting, key=lambda name: len(_sids()[name]))


def of_iot_policy(name: str) -> str:
    """The template of an IoT policy, whose statements have no names."""
    if name.endswith("-claim"):
        return "claim-register"
    if name.endswith(("-claim-keys", "-claim-csr")):
        return "claim-certificate"
    return name if name in files() else "device-topics"
