"""What checkov knows about an attribute: a value, nothing, or only that there is an expression.

A scan of HCL sees expressions that checkov could not evaluate as text (`var.name`, `${...}`). A
scan of a plan sees them as an attribute that is missing, or as the first resource they refer to.
Neither is a value, and a check that meets one says UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# `${iot:ClientId}` is a policy variable of AWS, `${var.name}` an expression of Terraform.
POLICY_VARIABLE = re.compile(r"\$\{[A-Za-z0-9]+:[^{}]+\}")
EXPRESSION = re.compile(r"\$\{[^{}]*(?:\}|$)")
# What a checkov scan leaves of an expression that is the whole value: a name, an attribute of a
# resource, the value of an iteration, a call, a conditional and a calculation.
NAME = r"(?:var|local|data|module|each|count|path|self|terraform)\."
BARE_EXPRESSIONS = (
    NAME + r"\S+",
    r"\(*" + NAME + r"\S+\s[-+*/%]\s.+",
    r".+\s[-+*/%]\s\(*" + NAME + r".+",
    r"[a-z0-9]+_[a-z0-9_]+\.[\w-]+(?:\[[^\]]*\])?\.\S+",
    r"[a-z_]+\.(?:value|key)(?:[.\[].*)?",
    r"[a-z_0-9]+\(.*\)",
    r".+\s\?\s.+\s:\s.+",
)
BARE_EXPRESSION = re.compile("|".join(BARE_EXPRESSIONS), re.DOTALL)
# checkov's mark for what is known after the apply, where EVAL_TF_PLAN_AFTER_UNKNOWN is set.
AFTER_APPLY = "true_after_unknown"
# What a file holds, and an attribute of another resource.
NEVER_NULL = re.compile(r"(?:\$\{)?(?:file\(|(?!data\.)[a-z0-9]+_[a-z0-9_]+\.)")


def as_list(value: Any) -> list[Any]:
    """A list of what may be written as one value or as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set) else [value]


def text(value: Any) -> str:
    """A scalar as AWS would read it, without the quotes checkov leaves around what it put in."""
    plain = str(value).replace('"', "")
    return plain if plain not in {"True", "False"} else plain.lower()


def is_unresolved(value: Any) -> bool:
    """Whether a scalar is, or holds, an expression that checkov did not evaluate."""
    plain = text(value).strip()
    return bool(
        BARE_EXPRESSION.fullmatch(plain) or EXPRESSION.search(POLICY_VARIABLE.sub("", plain))
    )


def attribute(conf: Mapping[str, Any], name: str) -> Any:
    """The value of an attribute as the scan holds it, None where it is not set or not known.

    The provider takes an empty text for one that is not set.
    """
    value = _unwrapped(conf, name)
    return None if value in (AFTER_APPLY, "") else value


def _unwrapped(conf: Mapping[str, Any], name: str) -> Any:
    """The value without the list of one into which checkov wraps it."""
    value = conf.get(name)
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def known(conf: Mapping[str, Any], name: str) -> str | None:
    """The text of an attribute whose value is known; None where it is not set or not known."""
    value = attribute(conf, name)
    # An object or a list stands there where checkov did not find the part of it that is meant.
    if value is None or isinstance(value, list | dict) or is_unresolved(value):
        return None
    return text(value)


def is_plan(conf: Mapping[str, Any]) -> bool:
    """Whether this resource comes from a plan."""
    return "__change_actions__" in conf


def is_missing(conf: Mapping[str, Any], name: str) -> bool:
    """Whether an attribute or a block is certainly not set.

    A plan lists everything that is known not to be set as null or as an empty list; what it leaves
    out is known after the apply only.
    """
    if is_plan(conf) and name not in conf:
        return False
    return _unwrapped(conf, name) in (None, [], "")


def blocks(conf: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The blocks of that name, of whose contents `attribute` and `known` can be asked."""
    return [
        one for block in as_list(conf.get(name)) for one in as_list(block) if isinstance(one, dict)
    ]


def is_dynamic(conf: Mapping[str, Any], name: str) -> bool:
    """Whether a `dynamic` block makes blocks of that name: how many, a scan of HCL cannot tell."""
    return any(name in block for block in blocks(conf, "dynamic"))


def is_certainly_set(conf: Mapping[str, Any], name: str) -> bool:
    """Whether an attribute has a value, known or not, that cannot be null."""
    value = attribute(conf, name)
    if not is_unresolved(value):
        return value is not None
    return bool(NEVER_NULL.match(text(value)))
