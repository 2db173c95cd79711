"""The statements of a policy, written as JSON or as an `aws_iam_policy_document`."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from iot_documents.values import as_list, blocks, is_dynamic, text

# Operator or key of a condition that an expression makes, and its value.
UNSEEN = ""
ANY = "${any}"
EVERYBODY = "*"


@dataclass(frozen=True)
class Condition:
    """One operator on one key.

    Attributes:
        operator: As written, for example `StringEquals`.
        key: As written; AWS compares keys without regard to case, see `Statement.conditions_on`.
        values: One of them is enough for the condition to hold.
    """

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement, every list a tuple of text as `values.text` gives it.

    Attributes:
        effect: `Allow` or `Deny`.
        principals: Identifiers by type, for example `{"Service": ("iot.amazonaws.com",)}`.
    """

    effect: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()

    @property
    def allows(self) -> bool:
        """Whether it grants something."""
        return self.effect == "Allow"

    @property
    def services(self) -> tuple[str, ...]:
        """The services among its principals, everybody, and what an expression stands for."""
        kinds = ("Service", EVERYBODY, UNSEEN)
        return tuple(name for kind in kinds for name in self.principals.get(kind, ()))

    def conditions_on(self, key: str) -> list[Condition]:
        """Its conditions on a key, and those that an expression makes."""
        return [c for c in self.conditions if c.key.lower() in {key.lower(), UNSEEN}]

    def covers(self, action: str) -> bool:
        """Whether its actions, wildcards considered, include this one."""
        if self.not_actions:
            return not any(matches(pattern, action) for pattern in self.not_actions)
        return any(matches(pattern, action) for pattern in self.actions)


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern with `*` and `?`, without regard to case."""
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a JSON document."""
    return [
        Statement(
            effect=text(entry.get("Effect")),
            actions=_texts(entry.get("Action")),
            not_actions=_texts(entry.get("NotAction")),
            resources=_texts(entry.get("Resource")),
            not_resources=_texts(entry.get("NotResource")),
            principals=_principals(entry.get("Principal")),
            conditions=tuple(_conditions(entry.get("Condition"))),
        )
        for entry in as_list(document.get("Statement"))
        if isinstance(entry, dict)
    ]


def is_whole(document: Mapping[str, Any]) -> bool:
    """Whether `statements` sees them all: an expression may stand for one or for several."""
    return all(isinstance(entry, dict) for entry in as_list(document.get("Statement")))


def block_statements(conf: Mapping[str, Any]) -> list[Statement]:
    """The statements of an `aws_iam_policy_document`, without those of `dynamic` blocks."""
    return [
        Statement(
            effect=text(_one(block, "effect") or "Allow"),
            actions=_wrapped(block, "actions"),
            not_actions=_wrapped(block, "not_actions"),
            resources=_wrapped(block, "resources"),
            not_resources=_wrapped(block, "not_resources"),
            principals=_block_principals(block),
            conditions=tuple(_block_conditions(block)),
        )
        for block in blocks(conf, "statement")
    ]


def is_composed(conf: Mapping[str, Any]) -> bool:
    """Whether an `aws_iam_policy_document` has statements that `block_statements` cannot see."""
    return is_dynamic(conf, "statement") or any(
        conf.get(name) for name in ("source_policy_documents", "override_policy_documents")
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text(one) for one in as_list(value))


def _wrapped(block: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of a list attribute, which checkov hands over as a list in a list."""
    return tuple(text(one) for outer in as_list(block.get(name)) for one in as_list(outer))


def _one(block: Mapping[str, Any], name: str) -> Any:
    return next(iter(as_list(block.get(name))), None)


def _principals(value: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(value, dict) and value:
        return {kind: _texts(names) for kind, names in value.items()}
    if value == EVERYBODY:
        return {EVERYBODY: (EVERYBODY,)}
    return {UNSEEN: (ANY,)}


def _block_principals(block: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for principal in blocks(block, "principals"):
        kind = text(_one(principal, "type"))
        found[kind] = found.get(kind, ()) + _wrapped(principal, "identifiers")
    if is_dynamic(block, "principals"):
        found[UNSEEN] = (ANY,)
    return found


def _conditions(value: Any) -> Iterator[Condition]:
    if value is None:
        return
    for operator, keys in (value if isinstance(value, dict) else {UNSEEN: None}).items():
        # checkov makes an empty object of a variable without a value.
        for key, values in (keys if isinstance(keys, dict) and keys else {UNSEEN: ANY}).items():
            yield Condition(operator, key, _texts(values))


def _block_conditions(block: Mapping[str, Any]) -> Iterator[Condition]:
    for condition in blocks(block, "condition"):
        yield Condition(
            text(_one(condition, "test")),
            text(_one(condition, "variable")),
            _wrapped(condition, "values"),
        )
    if is_dynamic(block, "condition"):
        yield Condition(UNSEEN, UNSEEN, (ANY,))
