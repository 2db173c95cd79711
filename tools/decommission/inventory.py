"""Finds what devices created: things, their certificates, and certificates without a thing.

Four ways lead to it, because an interrupted provisioning or an interrupted removal leaves only
part: the thing types and groups of the stack, the policies of the stack, the registry's records,
and the CAs of the stack, which know each certificate that they brought in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_registry import names
from device_registry.aws_errors import is_not_found
from tools.authorities import pem, registered
from tools.authorities.settings import Authority, SubjectRules
from tools.device.maker import SUBJECT_FIELDS
from tools.ordered import in_order
from tools.registry import raw
from tools.registry.table import StoredItem

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot.type_defs import DescribeThingResponseTypeDef

_CERTIFICATE = ":cert/"
MALFORMED = "malformed"
_WORKERS = 4


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The names under which the stack's devices live at AWS IoT."""

    name_prefix: str
    thing_types: frozenset[str]
    thing_groups: frozenset[str]
    policies: frozenset[str]
    # Terraform's own: they stay.
    claim_certificate_ids: frozenset[str] = frozenset()
    authorities: tuple[Authority, ...] = ()

    @property
    def template_prefixes(self) -> tuple[str, ...]:
        """How the things begin that templates of the CAs name.

        "" stands for any name: the thing type alone then makes a thing this stack's.
        """
        rules = (authority.rules for authority in self.authorities)
        return tuple(each.thing_name_prefix for each in rules if each and not each.gated)


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What belongs to one device. ``thing_name`` is None for certificates that have no thing.

    ``serial_number`` is None for what a CA's template made: the registry does not know it.
    """

    thing_name: str | None
    serial_number: str | None
    certificate_ids: frozenset[str]
    # The record's status as it was read, MALFORMED if it has none; None where there is no record.
    status: str | None = None
    # The claim certificate, or CA, that brought the device in: many devices share it.
    claim_certificate_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Details:
    """What of a unit exists at AWS IoT at this moment: only what has to be removed."""

    unit: Unit
    thing_exists: bool
    thing_type: str | None = None
    groups: tuple[str, ...] = ()
    # Principals of the thing that are only detached: no certificates, such as Amazon Cognito
    # identities, or claim certificates.
    other_principals: tuple[str, ...] = ()
    certificates: tuple["Certificate", ...] = ()

    @property
    def nothing_left(self) -> bool:
        """Whether AWS IoT has nothing of this unit that could be removed."""
        return not (self.thing_exists or any(each.has_work for each in self.certificates))


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate as it stands. ``foreign_things`` are attached to it and not ours."""

    certificate_id: str
    arn: str
    status: str
    policies: tuple[str, ...]
    things: tuple[str, ...]
    foreign_things: tuple[str, ...] = ()
    # What is detached: everything, or from a certificate that stays, what is ours.
    policies_to_detach: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether somebody else's thing uses it."""
        return bool(self.foreign_things)

    @property
    def things_to_detach(self) -> tuple[str, ...]:
        """The things of ours that it is attached to."""
        return tuple(thing for thing in self.things if thing not in self.foreign_things)

    @property
    def has_work(self) -> bool:
        """Whether there is anything to remove."""
        return not self.stays or bool(self.policies_to_detach or self.things_to_detach)


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What may be removed: these things; these policies, from certificates that stay."""

    things: frozenset[str]
    policies: frozenset[str] = frozenset()
    # Terraform's own: they are never touched.
    claim_certificate_ids: frozenset[str] = frozenset()

    def including(self, unit: Unit) -> "Ours":
        """Return the same, with the claim certificate or CA that brought this device in."""
        claim_ids = frozenset(filter(None, (unit.claim_certificate_id,)))
        return replace(self, claim_certificate_ids=self.claim_certificate_ids | claim_ids)


def unit_of(item: StoredItem, name_prefix: str) -> Unit:
    """Return what a record says that its device created.

    Reads the stored item as it is: a record that is malformed still names its certificates.
    """
    serial_number = item["serialNumber"]["S"]
    return Unit(
        thing_name=names.thing_name(name_prefix, serial_number),
        serial_number=serial_number,
        certificate_ids=raw.certificate_ids(item),
        status=raw.text(item, "status") or MALFORMED,
        claim_certificate_id=raw.text(item, "claimCertificateId"),
    )


def renewed(unit: Unit, item: StoredItem | None) -> Unit:
    """Return a unit with what its record, as it is stored now, says besides."""
    if item is None or unit.thing_name is None:
        return unit
    return replace(
        unit,
        certificate_ids=unit.certificate_ids | raw.certificate_ids(item),
        claim_certificate_id=raw.text(item, "claimCertificateId") or unit.claim_certificate_id,
    )


def unit_without_record(serial_number: str, name_prefix: str) -> Unit:
    """Return what a device would be called that the registry does not know."""
    return Unit(
        thing_name=names.thing_name(name_prefix, serial_number),
        serial_number=serial_number,
        certificate_ids=frozenset(),
    )


def find_catalogue(
    iot: "IoTClient",
    name_prefix: str,
    parent_group: str,
    known: Iterable[str] = (),
    claim_certificate_ids: frozenset[str] = frozenset(),
    *,
    authorities: Iterable[Authority] = (),
) -> Catalogue:
    """Return the stack's names: the known ones, and those of the groups below the parent.

    One rule names a device type's thing type, thing group and policy alike.

    Args:
        iot: the client.
        name_prefix: the stack's prefix.
        parent_group: the group above all device types' groups.
        known: names that the stack file holds.
        claim_certificate_ids: certificates that must stay.
        authorities: the stack's CAs.
    """
    catalogue = set(known) | set(_groups_below(iot, parent_group, name_prefix))
    return Catalogue(
        name_prefix=name_prefix,
        thing_types=frozenset(catalogue),
        thing_groups=frozenset(catalogue | {parent_group}),
        policies=frozenset(catalogue),
        claim_certificate_ids=claim_certificate_ids,
        authorities=tuple(authorities),
    )


def _groups_below(iot: "IoTClient", parent_group: str, name_prefix: str) -> Iterator[str]:
    pages = iot.get_paginator("list_thing_groups").paginate(
        parentGroup=parent_group, namePrefixFilter=f"{name_prefix}-", recursive=True
    )
    for group in _existing(pages, "thingGroups"):
        name = group["groupName"]
        # Endpoints that are not AWS's may not filter. A neighbour's group must never count.
        metadata = iot.describe_thing_group(thingGroupName=name).get("thingGroupMetadata", {})
        parents = [parent["groupName"] for parent in metadata.get("rootToParentThingGroups", [])]
        if name != parent_group and parent_group in (*parents, metadata.get("parentGroupName")):
            yield name


def find_units(
    iot: "IoTClient",
    catalogue: Catalogue,
    items: Iterable[StoredItem],
    get: Callable[[str], StoredItem | None],
) -> tuple[list[Unit], list[str]]:
    """Return everything that devices of this stack created, and things that are left alone.

    Left alone are things that somebody put into the stack's groups, or gave a certificate of its
    CAs, by hand. A name that begins like the stack's proves nothing: "acme-eu-1" may be of a stack
    "acme-eu". So a thing needs a thing type of this stack's or a record in its registry as well; or
    the certificates that name it, for a template may give its things a type of another's.

    Args:
        iot: the client.
        catalogue: the stack's names.
        items: the records that a certificate ever held.
        get: returns the record of a serial number.
    """
    units: dict[str, Unit] = {}
    claim_ids = set(catalogue.claim_certificate_ids)
    for item in items:
        unit = unit_of(item, catalogue.name_prefix)
        claim_ids |= {unit.claim_certificate_id} if unit.claim_certificate_id else set()
        units[str(unit.thing_name)] = unit
    typed = set(_things_of_types(iot, catalogue))
    recorded = {certificate for unit in units.values() for certificate in unit.certificate_ids}
    signed = _signed(iot, catalogue, without=recorded | claim_ids)
    left_alone = []
    for thing_name in sorted(typed | set(_things_in_groups(iot, catalogue)) | set(signed.things)):
        if thing_name in units:
            continue
        ours = _unit_of_thing(catalogue, thing_name, get, typed=thing_name in typed)
        if ours is None and _made_by_template(iot, thing_name, signed):
            ours = _unit_of_template(thing_name)
        if ours is None:
            left_alone.append(thing_name)
        else:
            units[thing_name] = ours
    covered = {certificate for unit in units.values() for certificate in unit.certificate_ids}
    found = [
        replace(unit, certificate_ids=unit.certificate_ids - claim_ids) for unit in units.values()
    ]
    alone = set(_policy_holders(iot, catalogue)) | signed.without_thing
    found += [
        Unit(thing_name=None, serial_number=None, certificate_ids=frozenset({certificate_id}))
        for certificate_id in sorted(alone - covered - claim_ids)
    ]
    return found, left_alone


def _unit_of_thing(
    catalogue: Catalogue,
    thing_name: str,
    get: Callable[[str], StoredItem | None],
    *,
    typed: bool,
) -> Unit | None:
    """Return what a thing is of this stack's by its name, type and record; None for nothing."""
    prefix = f"{catalogue.name_prefix}-"
    serial_number = thing_name.removeprefix(prefix)
    named = thing_name.startswith(prefix)
    if named and names.matches(names.SERIAL_NUMBER, serial_number):
        stored = get(serial_number)
        if stored is not None:
            return unit_of(stored, catalogue.name_prefix)
    if typed and thing_name.startswith(catalogue.template_prefixes):
        return _unit_of_template(thing_name)
    if typed and named:
        return unit_without_record(serial_number, catalogue.name_prefix)
    return None


def _unit_of_template(thing_name: str) -> Unit:
    return Unit(thing_name=thing_name, serial_number=None, certificate_ids=frozenset())


@dataclass(frozen=True, kw_only=True)
class _Signed:
    """What the stack's CAs brought in: their certificates, and the things that these are of."""

    rules: dict[str, SubjectRules | None] = field(default_factory=dict)
    things: dict[str, set[str]] = field(default_factory=dict)
    without_thing: set[str] = field(default_factory=set)


def _signed(iot: "IoTClient", catalogue: Catalogue, *, without: set[str]) -> _Signed:
    """Return what the CAs brought in, ``without`` certificates that are known already."""
    signed = _Signed()
    for authority in catalogue.authorities:
        listed = registered.certificates(iot, authority.certificate_id)
        certificates = (each for each in listed if each.certificate_id not in without)
        with_things = in_order(
            lambda each: registered.things_of(iot, each), certificates, workers=_WORKERS
        )
        for certificate, things in with_things:
            signed.rules[certificate.certificate_id] = authority.rules
            for thing in things:
                signed.things.setdefault(thing, set()).add(certificate.certificate_id)
            if not things:
                signed.without_thing.add(certificate.certificate_id)
    return signed


def _made_by_template(iot: "IoTClient", thing_name: str, signed: _Signed) -> bool:
    """Tell whether a CA's template made a thing, whatever its type.

    Its certificates say so: one of them names it, and all are of the stack's CAs. A thing that
    holds another one besides was there before, and a template only added to it.
    """
    certificate_ids = signed.things.get(thing_name, set())
    principals = {each.rpartition("/")[2] for each in _principals(iot, thing_name)}
    return principals <= signed.rules.keys() and any(
        _names(iot, certificate_id, signed.rules[certificate_id], thing_name)
        for certificate_id in certificate_ids
    )


def _names(
    iot: "IoTClient", certificate_id: str, rules: SubjectRules | None, thing_name: str
) -> bool:
    """Tell whether a template names a certificate's thing like that."""
    if rules is None or rules.gated:
        return False
    if rules.thing_name is None:
        return thing_name == certificate_id
    try:
        answer = iot.describe_certificate(certificateId=certificate_id)
        subject = pem.parse(answer["certificateDescription"]["certificatePem"]).subject
    except ValueError:
        return False
    fields = subject.get_attributes_for_oid(SUBJECT_FIELDS[rules.thing_name])
    return thing_name in {each.value for each in fields}


def _things_of_types(iot: "IoTClient", catalogue: Catalogue) -> Iterator[str]:
    for thing_type in sorted(catalogue.thing_types):
        listed = iot.get_paginator("list_things").paginate(thingTypeName=thing_type)
        for thing in _existing(listed, "things"):
            # Endpoints that are not AWS's may not filter.
            if thing.get("thingTypeName") == thing_type:
                yield thing["thingName"]


def _things_in_groups(iot: "IoTClient", catalogue: Catalogue) -> Iterator[str]:
    for group in sorted(catalogue.thing_groups):
        members = iot.get_paginator("list_things_in_thing_group").paginate(thingGroupName=group)
        yield from _existing(members, "things")


def _policy_holders(iot: "IoTClient", catalogue: Catalogue) -> Iterator[str]:
    for policy in sorted(catalogue.policies):
        pages = iot.get_paginator("list_targets_for_policy").paginate(policyName=policy)
        for target in _existing(pages, "targets"):
            if _CERTIFICATE in target:
                yield target.rpartition("/")[2]


def without_repeats(found: Iterable[Details]) -> list[Details]:
    """Return the details with each certificate once: with its thing, if it has one."""
    everything = list(found)
    with_things = {
        certificate.certificate_id
        for details in everything
        if details.unit.thing_name is not None
        for certificate in details.certificates
    }
    return [
        details
        for details in everything
        if details.unit.thing_name is not None
        or not all(c.certificate_id in with_things for c in details.certificates)
    ]


def look_at(iot: "IoTClient", unit: Unit, ours: Ours) -> Details:
    """Return what of a unit exists, with everything that is attached to it."""
    thing = _thing(iot, unit.thing_name)
    principals = list(_principals(iot, unit.thing_name)) if unit.thing_name else []
    attached = {p.rpartition("/")[2] for p in principals if _CERTIFICATE in p}
    removable = (unit.certificate_ids | attached) - ours.claim_certificate_ids
    looked_at = (_certificate(iot, each, ours) for each in sorted(removable))
    return Details(
        unit=unit,
        thing_exists=thing is not None,
        thing_type=thing.get("thingTypeName") if thing else None,
        groups=tuple(_groups_of(iot, unit.thing_name)),
        other_principals=tuple(p for p in principals if p.rpartition("/")[2] not in removable),
        certificates=tuple(certificate for certificate in looked_at if certificate),
    )


def _certificate(iot: "IoTClient", certificate_id: str, ours: Ours) -> Certificate | None:
    try:
        description = iot.describe_certificate(certificateId=certificate_id)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    arn = description["certificateDescription"]["certificateArn"]
    pages = iot.get_paginator("list_principal_things").paginate(principal=arn)
    things = tuple(_existing(pages, "things"))
    foreign_things = tuple(thing for thing in things if thing not in ours.things)
    attached = iot.get_paginator("list_attached_policies").paginate(target=arn)
    policies = tuple(policy["policyName"] for policy in _existing(attached, "policies"))
    return Certificate(
        certificate_id=certificate_id,
        arn=arn,
        status=description["certificateDescription"]["status"],
        policies=policies,
        things=things,
        foreign_things=foreign_things,
        policies_to_detach=tuple(
            policy for policy in policies if not foreign_things or policy in ours.policies
        ),
    )


def _principals(iot: "IoTClient", thing_name: str) -> Iterator[str]:
    pages = iot.get_paginator("list_thing_principals").paginate(thingName=thing_name)
    return _existing(pages, "principals")


def _groups_of(iot: "IoTClient", thing_name: str | None) -> Iterator[str]:
    if thing_name is None:
        return
    pages = iot.get_paginator("list_thing_groups_for_thing").paginate(thingName=thing_name)
    for group in _existing(pages, "thingGroups"):
        yield group["groupName"]


def _thing(iot: "IoTClient", thing_name: str | None) -> "DescribeThingResponseTypeDef | None":
    if thing_name is None:
        return None
    try:
        return iot.describe_thing(thingName=thing_name)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise


def _existing(pages: Any, key: str) -> Iterator[Any]:
    """Yield what the pages list under a key; nothing where the listed owner does not exist."""
    try:
        for page in pages:
            yield from page.get(key, [])
    except ClientError as error:
        if not is_not_found(error):
            raise
