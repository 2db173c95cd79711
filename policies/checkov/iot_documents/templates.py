"""Provisioning templates: their type, their bodies, and what a body refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checkov.common.models.enums import CheckResult

from iot_documents.documents import document
from iot_documents.values import (
    as_list,
    attribute,
    blocks,
    is_dynamic,
    is_missing,
    is_unresolved,
    known,
)

TEMPLATE = "aws_iot_provisioning_template"
AUTHORITY = "aws_iot_ca_certificate"
HOOK = "pre_provisioning_hook"
FLEET = "FLEET_PROVISIONING"
JUST_IN_TIME = "JITP"
SUBSTITUTE = "Fn::Sub"
SUBSTITUTED = re.compile(r"\$\{([\w:]+)\}")


@dataclass(frozen=True)
class Body:
    """A template's body.

    Attributes:
        parameters: Names that it declares.
        resources: The `AWS::IoT::...` entries of its section Resources.
        is_whole: Whether there are no others, of which only an expression is known.
    """

    parameters: frozenset[str]
    resources: tuple[Mapping[str, Any], ...]
    is_whole: bool

    def properties(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The properties of the resources of a type, for example `AWS::IoT::Policy`."""
        for resource in self.resources:
            if resource.get("Type") == kind and isinstance(resource.get("Properties"), dict):
                yield resource["Properties"]

    def outcome(self, *, is_wrong: bool) -> CheckResult:
        """FAILED for what is wrong, PASSED only where nothing of the body is hidden."""
        if is_wrong:
            return CheckResult.FAILED
        return CheckResult.PASSED if self.is_whole else CheckResult.UNKNOWN

    @property
    def references(self) -> set[str]:
        """Names of all parameters that its resources refer to."""
        return refs(list(self.resources))


def refs(value: Any) -> set[str]:
    """Names of the parameters that a value is made of, through whichever function."""
    if isinstance(value, list):
        return {name for part in value for name in refs(part)}
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            return {value["Ref"]}
        return _substituted(value.get(SUBSTITUTE)) | refs(list(value.values()))
    return set()


def _substituted(value: Any) -> set[str]:
    """Names in the text of `Fn::Sub`, without those that its map explains."""
    parts = as_list(value)
    explained = {name for part in parts if isinstance(part, dict) for name in part}
    return {name for part in parts for name in SUBSTITUTED.findall(str(part))} - explained


def body(conf: Mapping[str, Any]) -> Body | None:
    """The body in an attribute `template_body`; None where it is not set or not known."""
    found = document(conf, "template_body")
    if found is None or not isinstance(found.get("Resources"), dict):
        return None
    parameters = found.get("Parameters")
    resources = found["Resources"].values()
    return Body(
        frozenset(parameters) if isinstance(parameters, dict) else frozenset(),
        tuple(one for one in resources if isinstance(one, dict)),
        all(map(_is_known, resources)),
    )


def _is_known(resource: Any) -> bool:
    return (
        isinstance(resource, dict)
        and not is_unresolved(resource.get("Type"))
        and isinstance(resource.get("Properties", {}), dict)
    )


def bodies(conf: Mapping[str, Any], kind: str) -> list[Body | None]:
    """The bodies in a template, or in the registration configuration of a CA."""
    if kind == AUTHORITY:
        return [body(block) for block in blocks(conf, "registration_config")]
    return [body(conf)]


def template_type(conf: Mapping[str, Any]) -> str | None:
    """What a template is for; None where that is not known.

    A plan does not list a type that is not set: the service has a default.
    """
    return FLEET if attribute(conf, "type") is None else known(conf, "type")


def has_hook(conf: Mapping[str, Any]) -> CheckResult:
    """Whether a template has a pre-provisioning hook."""
    if is_dynamic(conf, HOOK):
        return CheckResult.UNKNOWN
    if blocks(conf, HOOK):
        return CheckResult.PASSED
    return CheckResult.FAILED if is_missing(conf, HOOK) else CheckResult.UNKNOWN
