"""Provisioning templates: their type, their bodies, and what a body refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checkov.common.models.enums import CheckResult

from iot_documents.documents import document
from iot_documents.values import attribute, blocks, is_dynamic, is_missing, known

TEMPLATE = "aws_iot_provisioning_template"
AUTHORITY = "aws_iot_ca_certificate"
HOOK = "pre_provisioning_hook"
FLEET = "FLEET_PROVISIONING"
JUST_IN_TIME = "JITP"


@dataclass(frozen=True)
class Body:
    """A template's body.

    Attributes:
        parameters: Names that it declares.
        resources: The `AWS::IoT::...` entries of its section Resources.
    """

    parameters: frozenset[str]
    resources: tuple[Mapping[str, Any], ...]

    def properties(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The properties of the resources of a type, for example `AWS::IoT::Policy`."""
        for resource in self.resources:
            if resource.get("Type") == kind and isinstance(resource.get("Properties"), dict):
                yield resource["Properties"]

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
        return {name for part in value.values() for name in refs(part)}
    return set()


def body(conf: Mapping[str, Any]) -> Body | None:
    """The body in an attribute `template_body`; None where it is not set or not known."""
    found = document(conf, "template_body")
    if found is None or not isinstance(found.get("Resources"), dict):
        return None
    parameters = found.get("Parameters")
    return Body(
        frozenset(parameters) if isinstance(parameters, dict) else frozenset(),
        tuple(one for one in found["Resources"].values() if isinstance(one, dict)),
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
