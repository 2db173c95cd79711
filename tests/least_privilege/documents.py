"""The rights in a policy document, and the document without one of them. Nothing here talks to AWS.

A right is what somebody could take away: an action of a statement; a condition of a statement that
allows; where asked for, one resource of several; and a statement that denies, as a whole, since
without its condition it would deny more and not less.
"""

import copy
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Stands for an empty list of statements, which no policy may have.
NOTHING = {"Effect": "Deny", "Action": "iot:None", "Resource": "*"}


class Kind(enum.StrEnum):
    """What can be taken away."""

    ACTION = "action"
    CONDITION = "condition"
    RESOURCE = "resource"
    DENIAL = "denial"


@dataclass(frozen=True)
class Right:
    """One right of a document.

    Attributes:
        statement: Its number in the document.
        kind: What would be taken away.
        name: The action, the condition's key, "action on resource", or "deny" and the actions.
        sid: The statement's name; its number where it has none.
        resources: What the statement is about.
    """

    statement: int
    kind: Kind
    name: str
    sid: str
    resources: tuple[str, ...]


def listed(value: Any) -> list[Any]:
    """What a document may write as one value or as a list."""
    return list(value) if isinstance(value, list) else [value]


def rights(document: dict[str, Any], *, by_resource: bool = False) -> Iterator[Right]:
    """Every right of a document; with `by_resource` also each resource of several."""
    for number, statement in enumerate(listed(document["Statement"])):
        actions = listed(statement["Action"])
        resources = tuple(listed(statement.get("Resource", "*")))
        sid = statement.get("Sid", str(number))
        if statement["Effect"] == "Deny":
            yield Right(number, Kind.DENIAL, f"deny {', '.join(actions)}", sid, resources)
            continue
        for action in actions:
            yield Right(number, Kind.ACTION, action, sid, resources)
        for operator in statement.get("Condition", {}).values():
            for key in operator:
                yield Right(number, Kind.CONDITION, key, sid, resources)
        if by_resource and len(resources) > 1:
            named = "/".join(actions)
            for resource in resources:
                yield Right(number, Kind.RESOURCE, f"{named} on {resource}", sid, (resource,))


def without(document: dict[str, Any], *taken: Right) -> dict[str, Any]:
    """The document without these rights of its own.

    Raises:
        ValueError: It does not have one of them.
    """
    if missing := [
        right for right in taken if right not in set(rights(document, by_resource=True))
    ]:
        raise ValueError(f"the document has no {missing[0].kind} {missing[0].name}")
    changed = copy.deepcopy(document)
    statements = changed["Statement"] = listed(changed["Statement"])
    for right in taken:
        _take(statements[right.statement], right)
    kept = [one for one in statements if one.get("Action") and one.get("Resource") != []]
    changed["Statement"] = kept or [NOTHING]
    return changed


def _take(statement: dict[str, Any], right: Right) -> None:
    match right.kind:
        case Kind.ACTION:
            statement["Action"] = [a for a in listed(statement["Action"]) if a != right.name]
        case Kind.RESOURCE:
            (resource,) = right.resources
            statement["Resource"] = [r for r in listed(statement["Resource"]) if r != resource]
        case Kind.DENIAL:
            statement["Action"] = []
        case Kind.CONDITION:
            conditions = {
                operator: {key: value for key, value in tests.items() if key != right.name}
                for operator, tests in statement["Condition"].items()
            }
            conditions = {operator: tests for operator, tests in conditions.items() if tests}
            statement.pop("Condition")
            statement |= {"Condition": conditions} if conditions else {}
