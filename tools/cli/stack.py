"""Where the stack is: the output of ``terraform output -json``, read as it is.

Follows https://developer.hashicorp.com/terraform/cli/commands/output.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_registry.record import ReprovisionPolicy
from tools.authorities.settings import Authority, authorities

DEFAULT_PARENT_GROUP_SUFFIX = "devices"


class StackFileError(ValueError):
    """The file is not the output of an applied stack; the message is a sentence."""


@dataclass(frozen=True, kw_only=True)
class DeviceType:
    """One entry of the catalogue: what a device of this type is given at AWS IoT."""

    reprovision_policy: ReprovisionPolicy
    thing_type_name: str
    thing_group_name: str
    policy_name: str


@dataclass(frozen=True, kw_only=True)
class ClaimCertificate:
    """One claim certificate, by its name in its template, which is a key."""

    template: str
    name: str
    certificate_id: str

    @property
    def key(self) -> str:
        """What the certificate is called in the whole stack."""
        return f"{self.template}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What the tools need to know of a stack. None and empty where nobody said."""

    table_name: str | None = None
    name_prefix: str | None = None
    hook_log_group_name: str | None = None
    parent_thing_group_name: str | None = None
    device_types: Mapping[str, DeviceType] | None = None
    template_names: Mapping[str, str] = field(default_factory=dict)
    claim_certificates: tuple[ClaimCertificate, ...] = ()
    claim_policy_names: frozenset[str] = frozenset()
    certificate_authorities: Mapping[str, Authority] = field(default_factory=dict)

    @property
    def claim_certificate_ids(self) -> frozenset[str]:
        """The ids of all claim certificates."""
        return frozenset(each.certificate_id for each in self.claim_certificates)

    @property
    def shared_certificate_ids(self) -> frozenset[str]:
        """The claim certificates and the CAs: many devices come in with one, and none has it."""
        authorities = self.certificate_authorities.values()
        return self.claim_certificate_ids.union(each.certificate_id for each in authorities)

    @property
    def ungated_authorities(self) -> list[str]:
        """The keys of the CAs whose devices no registry knows."""
        every = self.certificate_authorities.items()
        return sorted(key for key, entry in every if entry.log_group_name is None)

    @property
    def decision_logs(self) -> list[str]:
        """The log groups that hold decisions: the hook's, and those of the CAs' gates."""
        gates = (entry.log_group_name for entry in self.certificate_authorities.values())
        return [name for name in (self.hook_log_group_name, *gates) if name is not None]

    def authority_key(self, certificate_id: object) -> str | None:
        """Return the key of the CA that has this id; None where it is no CA of the stack."""
        for entry in self.certificate_authorities.values():
            if entry.certificate_id == certificate_id:
                return entry.key
        return None


def read(path: Path) -> Stack:
    """Read a stack file.

    Raises:
        StackFileError: it cannot be read, or it is not the output of an applied stack.
    """
    outputs = read_outputs(path)
    try:
        return parse(outputs)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StackFileError(_not_ours(path, error)) from error


def read_outputs(path: Path) -> dict[str, Any]:
    """Read the outputs' values, by name, out of a stack file.

    Raises:
        StackFileError: it cannot be read, or it is not the output of an applied stack.
    """
    try:
        outputs = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StackFileError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise StackFileError(
            f"{path} is not JSON. Write it with `terraform output -json > {path.name}`."
        ) from error
    if not isinstance(outputs, dict) or not outputs:
        raise StackFileError(
            f"{path} holds no outputs. Run `terraform apply` first, then "
            f"`terraform output -json > {path.name}` in the same folder."
        )
    try:
        return {name: output["value"] for name, output in outputs.items()}
    except (KeyError, TypeError) as error:
        raise StackFileError(_not_ours(path, error)) from error


def _not_ours(path: Path, error: Exception) -> str:
    return (
        f"{path} is not the output of this module ({type(error).__name__}: {error}). A root "
        "that wraps the module has to pass its outputs on under their names."
    )


def parse(values: Mapping[str, Any]) -> Stack:
    """Read the outputs' values.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: an output is not of the module's shape.
    """
    templates = values.get("templates") or {}
    types = values.get("device_types")
    return Stack(
        table_name=values["registry_table_name"],
        name_prefix=values["name_prefix"],
        hook_log_group_name=values.get("hook_log_group_name"),
        parent_thing_group_name=values.get("parent_thing_group_name"),
        device_types=None if types is None else {k: _device_type(v) for k, v in types.items()},
        template_names={key: template["name"] for key, template in templates.items()},
        claim_certificates=tuple(
            ClaimCertificate(template=key, name=name, certificate_id=certificate["id"])
            for key, template in templates.items()
            for name, certificate in (template.get("claim_certificates") or {}).items()
        ),
        claim_policy_names=frozenset(
            name
            for template in templates.values()
            for name in (template.get("claim_policy_names") or {}).values()
        ),
        certificate_authorities=authorities(values.get("certificate_authorities")),
    )


def _device_type(value: Mapping[str, Any]) -> DeviceType:
    return DeviceType(
        reprovision_policy=ReprovisionPolicy(value.get("reprovision_policy") or "never"),
        thing_type_name=value["thing_type_name"],
        thing_group_name=value["thing_group_name"],
        policy_name=value["policy_name"],
    )
