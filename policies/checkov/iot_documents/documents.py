"""JSON documents in attributes, in all the forms that checkov hands them over."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from iot_documents.values import attribute

# checkov writes what it made of `jsonencode(...)` as text again, and at times as a list of one.
ENCODED = re.compile(r"^(?:\[['\"])?\$\{jsonencode\((?P<value>.*)\)\}(?:['\"]\])?$", re.DOTALL)


def parsed(value: Any) -> dict[str, Any] | None:
    """The document that a value is or holds; None where that is not known or not an object.

    Args:
        value: An object (`jsonencode` that checkov evaluated), JSON text (a heredoc, a plan), or
            the text that checkov leaves of a `jsonencode` it only evaluated in part.
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        return None
    encoded = ENCODED.match(value.strip())
    source = encoded["value"] if encoded else value
    for read in (json.loads, ast.literal_eval):
        try:
            document = read(source)
        except (ValueError, SyntaxError):
            continue
        if isinstance(document, dict):
            return document
    return None


def document(conf: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The JSON document in an attribute; None where it is not set or not known."""
    return parsed(attribute(conf, name))
