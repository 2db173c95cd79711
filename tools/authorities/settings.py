"""What a stack says of a registered CA, and what that asks of its device certificates' subjects.

The shape is that of the root module's output ``certificate_authorities``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.device.maker import SUBJECT_FIELDS

# Every certificate has it, and no subject: AWS IoT makes it.
_CERTIFICATE_ID = "Id"


@dataclass(frozen=True, kw_only=True)
class SubjectRules:
    """What a device certificate's subject has to hold. A field is one of `SUBJECT_FIELDS`.

    Attributes:
        needed: Every field that must be there.
        thing_name: The field that names the thing; None where the registry gate names it, and
            where the certificate's id is its name.
        thing_name_prefix: How the thing's name has to begin.
        attributes: The fields that become thing attributes, by the attribute's name.
        thing_group: The field that names a thing group; None for none.
        thing_groups: The groups it may name.
        serial_number: The field that the registry gate looks up; None without a gate.
        device_type: The field that names the device type, for the gate.
        manufacturer: The field that names the manufacturer, for the gate.
    """

    needed: frozenset[str] = frozenset()
    thing_name: str | None = None
    thing_name_prefix: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    thing_group: str | None = None
    thing_groups: frozenset[str] = frozenset()
    serial_number: str | None = None
    device_type: str | None = None
    manufacturer: str | None = None

    @property
    def gated(self) -> bool:
        """Whether the registry gate decides, and names the thing."""
        return self.serial_number is not None

    @property
    def fields(self) -> list[str]:
        """Every field that is read, in the alphabet's order."""
        named = (
            self.thing_name,
            self.thing_group,
            self.serial_number,
            self.device_type,
            self.manufacturer,
        )
        return sorted({*self.needed, *self.attributes.values(), *filter(None, named)})


@dataclass(frozen=True, kw_only=True)
class Authority:
    """One entry of the stack's CAs. ``rules`` is None where the stack does not know them.

    ``log_group_name`` is that of the gate's decision log; None without a gate.
    """

    key: str
    name: str
    certificate_id: str
    certificate_pem: str
    active: bool
    allow_auto_registration: bool
    rules: SubjectRules | None
    log_group_name: str | None = None


def authorities(value: Mapping[str, Any] | None) -> dict[str, Authority]:
    """Read the output ``certificate_authorities``; a stack from before it has none.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is not of the module's shape.
    """
    return {
        key: Authority(
            key=key,
            name=entry["name"],
            certificate_id=entry["certificate_id"],
            certificate_pem=entry["certificate_pem"],
            active=entry["active"],
            allow_auto_registration=entry["allow_auto_registration"],
            rules=_rules(entry.get("device_certificate")),
            log_group_name=entry.get("log_group_name"),
        )
        for key, entry in (value or {}).items()
    }


def _rules(value: Mapping[str, Any] | None) -> SubjectRules | None:
    if value is None:
        return None
    thing_name = value.get("thing_name") or {}
    group = value.get("thing_groups") or {}
    attributes = value.get("attributes") or {}
    rules = SubjectRules(
        needed=_without_id(value["parameters"]),
        thing_name=_field(thing_name),
        thing_name_prefix=thing_name.get("prefix") or "",
        attributes={
            name: parameter for name, each in attributes.items() if (parameter := _field(each))
        },
        thing_group=_field(group),
        thing_groups=frozenset(group.get("names") or ()),
        serial_number=_field(value.get("serial_number") or {}),
        device_type=_field(value.get("device_type") or {}),
        manufacturer=_field(value.get("manufacturer") or {}),
    )
    unknown = [name for name in rules.fields if name not in SUBJECT_FIELDS]
    if unknown:
        raise ValueError(f"no subject field is called {', '.join(unknown)}")
    return rules


def _field(source: Mapping[str, Any]) -> str | None:
    """Return the subject field of a source; None for a fixed value and for the certificate id."""
    return next(iter(_without_id([source.get("parameter")])), None)


def _without_id(parameters: Iterable[str | None]) -> frozenset[str]:
    return frozenset(name for name in parameters if name and name != _CERTIFICATE_ID)
