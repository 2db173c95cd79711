"""What an AWS IoT policy grants, and the base of the checks that judge it.

In a policy of AWS IoT `*` and `?` are wildcards that also cross a `/`; the MQTT wildcards `+` and
`#` stand for themselves. See
https://docs.aws.amazon.com/iot/latest/developerguide/pub-sub-policy.html
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.documents import document
from iot_documents.results import worst
from iot_documents.statements import Statement, matches, statements
from iot_documents.values import POLICY_VARIABLE, as_list, is_unresolved

EVERYTHING = "*"
ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z*?]+")
# Its kind is known though an expression may stand for its account.
RESOURCE = re.compile(r"[^/()]*?:(?P<kind>[a-z]+)/(?P<name>.*)", re.DOTALL)
# What begins like `topicfilter` is a topic as well.
KINDS = ("client", "topicfilter", "thing")
WILDCARD = re.compile(r"[*?]")
# What checkov leaves of an expression in the middle of a text.
REFERENCE = re.compile(
    r"(?<![\w.-])(?:(?:var|local|module|each|count|path|self)\.[A-Za-z_]"
    r"|(?:data\.)?[a-z0-9]+_[a-z0-9_]+\.[\w-]+[.\[]|data\.[a-z]+_)"
)

# A level that holds what is one device's own, before which nothing else varies.
OWN_LEVEL = re.compile(
    r"\$\{iot:(?:Connection\.Thing\.ThingName|CertificateId|ClientId"
    r"|Certificate\.(?:Subject\.CommonName|(?:Subject\.)?SerialNumber)(?:\.\d+)?)\}.*/",
    re.IGNORECASE | re.DOTALL,
)
PROVISIONING = re.compile(r"\$aws/(?:certificates/create|provisioning-templates/)")


@dataclass(frozen=True)
class Target:
    """What one resource of a statement stands for.

    Attributes:
        kind: `client`, `topic`, `topicfilter`, `thing` and so on, EVERYTHING for a resource that
            matches all kinds, None where the scan does not tell.
        name: What follows the kind, for example `devices/${iot:ClientId}/*`.
    """

    kind: str | None
    name: str = ""

    def may_be(self, *kinds: str) -> bool:
        """Whether it is, or may be, of one of these kinds."""
        return self.kind in {None, EVERYTHING, *kinds}

    @property
    def plain(self) -> str:
        """The name without AWS's policy variables."""
        return POLICY_VARIABLE.sub("", self.name)

    @property
    def is_known(self) -> bool:
        """Whether the scan knows all of it."""
        return not has_expression(self.name)

    @property
    def has_wildcard(self) -> bool:
        """Whether it matches several names whoever asks."""
        return self.kind == EVERYTHING or bool(WILDCARD.search(self.plain))

    @property
    def is_shared(self) -> bool:
        """Whether it matches several names, and no level before the wildcard is a device's own."""
        before = WILDCARD.split(self.name)[0]
        return self.has_wildcard and not OWN_LEVEL.search(before)


def has_expression(text: str) -> bool:
    """Whether a text holds an expression of Terraform that checkov did not evaluate."""
    return is_unresolved(text) or bool(REFERENCE.search(POLICY_VARIABLE.sub("", text)))


def target(resource: str) -> Target:
    """What a resource stands for."""
    found = RESOURCE.fullmatch(resource)
    if found:
        return Target(found["kind"], found["name"])
    if has_expression(resource):
        return Target(None, resource)
    head, _, name = POLICY_VARIABLE.sub(EVERYTHING, resource).partition("/")
    # A scan of HCL leaves a second `$` before the variable.
    kind = head.rpartition(":")[2].lstrip("$")
    return Target(EVERYTHING) if _is_any(kind) else Target(kind, name)


def _is_any(kind: str) -> bool:
    """Whether a kind's wildcard matches one of those that are judged; `*` takes in a `/` too."""
    beginning = kind.partition("*")[0] + "*"
    return bool(WILDCARD.search(kind)) and any(matches(beginning, one) for one in KINDS)


def targets(statement: Statement) -> list[Target]:
    """What the resources of a statement stand for; all but some is everything."""
    if statement.not_resources:
        return [Target(EVERYTHING)]
    return [target(resource) for resource in statement.resources]


@dataclass(frozen=True)
class Policy:
    """A policy.

    Attributes:
        grants: The statements that allow something.
        is_whole: Whether there may be no others, nor other actions in these.
    """

    grants: tuple[Statement, ...]
    is_whole: bool

    def of(self, *actions: str) -> Iterator[tuple[Statement, Target]]:
        """The targets of every statement that grants one of these actions."""
        for statement in self.grants:
            if any(statement.covers(action) for action in actions):
                for each in targets(statement):
                    yield statement, each

    @property
    def is_claim(self) -> bool:
        """Whether it lets its bearer ask for a certificate or register a thing."""
        return any(
            each.kind == "topic" and PROVISIONING.match(each.name)
            for _, each in self.of("iot:Publish")
        )


def policy(content: dict[str, Any]) -> Policy:
    """The policy in a document."""
    found = statements(content)
    return Policy(
        grants=tuple(one for one in found if one.allows),
        is_whole=len(found) == len(as_list(content.get("Statement")))
        and all(one.effect in {"Allow", "Deny"} for one in found)
        and all(
            ACTION.fullmatch(action)
            for one in found
            if one.allows
            for action in one.actions + one.not_actions
        ),
    )


class IoTPolicyCheck(BaseResourceCheck):
    """A check of every `aws_iot_policy` whose document the scan knows."""

    def __init__(self, name: str, id: str, severity: str, guideline: str) -> None:  # noqa: A002
        super().__init__(
            name=name,
            id=id,
            categories=(CheckCategories.IAM,),
            supported_resources=("aws_iot_policy",),
            guideline=guideline,
        )
        self.severity = get_severity(severity)

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        """Judge the policy; UNKNOWN where it is not known or the check has nothing to say."""
        self.evaluated_keys = ["policy"]
        content = document(conf, "policy")
        if content is None:
            return CheckResult.UNKNOWN
        found = policy(content)
        hidden = [] if found.is_whole else [CheckResult.UNKNOWN]
        return worst([*self.judge(found), *hidden])

    @abstractmethod
    def judge(self, policy: Policy) -> Iterable[CheckResult]:
        """A result for each part of the policy that this check is about."""
        raise NotImplementedError
