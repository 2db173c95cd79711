"""The manifest's shape: what its JSON Schema refuses, as one sentence each.

The schema says in `x-wants`, beside each keyword, what is wanted there in words.
"""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from tools.rollout.document import Document, Place
from tools.rollout.mistakes import Mistake, hint

SCHEMA: dict[str, Any] = json.loads(
    resources.files("tools.rollout").joinpath("rollout.schema.json").read_text(encoding="utf-8")
)


def _whole(
    _validator: Any, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Match a pattern as ECMA-262 does, whose `$` is not fulfilled before a last line break."""
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_VALIDATOR = validators.extend(Draft202012Validator, {"pattern": _whole})(SCHEMA)  # type: ignore[no-untyped-call]


def mistakes(document: Document) -> tuple[list[Mistake], Any, set[Place]]:
    """Find what is wrong with the shape.

    Returns:
        The mistakes; the value without its wrong parts, with None for a wrong item of a list; and
        the places of these.
    """
    found: dict[tuple[Place, str], Mistake] = {}
    sound = deepcopy(document.value)
    wrong: set[Place] = set()
    for error in sorted(_VALIDATOR.iter_errors(document.value), key=lambda e: len(e.path)):
        for place, mistake in _explain(error, document):
            # Of a value that breaks two rules, one sentence says what it should be.
            found.setdefault((place, mistake.sentence), mistake)
            wrong.add(place)
    for place in sorted(wrong, key=len, reverse=True):
        sound = _without(sound, place)
    return list(found.values()), sound, wrong


def _explain(error: ValidationError, document: Document) -> Iterator[tuple[Place, Mistake]]:
    for place, sentence in _sentences(error, document):
        yield place, Mistake(document.line(place), sentence)


def _sentences(error: ValidationError, document: Document) -> Iterator[tuple[Place, str]]:
    place: Place = tuple(error.absolute_path)
    instance: Any = error.instance
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    if "propertyNames" in error.absolute_schema_path:
        inner = (*place, str(instance))
        yield inner, f"{document.name(inner)}: the key has to be {schema['x-wants']}."
    elif error.validator == "additionalProperties":
        known = schema["properties"]
        for inner in ((*place, key) for key in instance if key not in known):
            yield inner, f"{document.name(inner)} is not known here. {hint(inner[-1], known)}"
    elif error.validator == "uniqueItems":
        for index, item in enumerate(instance):
            if item in instance[:index]:
                yield (*place, index), f"{document.name(place)} has {item} twice: keep one."
    elif error.validator == "required":
        required: Any = error.validator_value
        for key in (key for key in required if key not in instance):
            inner = (*place, key)
            yield (
                inner,
                f"{document.name(inner)} is missing: give {_property(schema, key)['x-wants']}.",
            )
    else:
        shown = _shown(document.text(place), instance)
        yield place, f"{document.name(place)} is {shown}, but has to be {schema['x-wants']}."


def _property(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema["properties"][key]
    if "$ref" in found:
        found = SCHEMA["$defs"][str(found["$ref"]).rpartition("/")[2]]
    return found


def _shown(text: str | None, value: object) -> str:
    if text is not None:
        # The file's own text: 0123 is an octal number to YAML, and no a boolean.
        if not text:
            return "empty"
        return text[:80] if not isinstance(value, str) else repr(text[:80])
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return "a mapping" if value else "an empty mapping"


def _without(value: Any, place: Place) -> Any:
    if not place:
        return None
    around = value
    for part in place[:-1]:
        try:
            around = around[part]
        except (KeyError, IndexError, TypeError):
            return value
    last = place[-1]
    if isinstance(around, dict):
        around.pop(last, None)
    elif isinstance(around, list) and isinstance(last, int):
        around[last] = None
    return value
