"""Stands in for AWS IoT where it applies a CA's provisioning template (JITP).

No emulator does this one thing. The embedded endpoint registers an unknown certificate of a
registered CA as PENDING_ACTIVATION, publishes the registered event and closes the connection, as
AWS does; there it stops. `endpoint_server.py` calls this module at that moment, so that the
embedded endpoint goes on as AWS goes on, and tests and the demo need do nothing. It follows
https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html:

1. It reads the CA's registration config: a template's body and a role, or the name of a template
   of type JITP, which must be enabled.
2. `evaluate` fills the subject's fields into the template. It shares no code with the project's
   own rendering and checking of templates, so that neither can hide a fault of the other.
3. It makes the thing (or changes it, by the override settings), the policy if it is an inline
   document, both attachments, and last sets the certificate's status. Every one of these calls is
   made over HTTP as the provisioning role: a right that the role lacks stops it there, and the
   certificate stays PENDING_ACTIVATION.

The device's next connection makes the endpoint publish the event again, and what was left half
done is finished.

Where AWS documents nothing, it does this, and no test should take it for AWS's behaviour:

- A subject that has a declared field twice is refused.
- A parameter's Default is not used: the subject must have the field.
- An override setting that is left out, like FAIL, refuses a thing that differs, and takes one
  that is equal.
- A thing that an unfinished run has made for this certificate is not one that existed: override
  settings do not apply to it.
- Override settings of the certificate change nothing: it is PENDING_ACTIVATION, which is what the
  template is there to change. The document's own example has DO_NOTHING and ends ACTIVE.
- The role is assumed with the template's ARN as aws:SourceArn, the CA's for an inline body.

Not modelled: CloudWatch metrics and logs, throttling, the seconds that AWS may take, and what it
checks of a template when it is stored.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.x509.oid import NameOID

PREFIX = "AWS::IoT::Certificate::"
SUBJECT_FIELDS = {
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "StateName": NameOID.STATE_OR_PROVINCE_NAME,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
}
CERTIFICATE_ID = "Id"
PENDING = "PENDING_ACTIVATION"
STATUSES = ("ACTIVE", "INACTIVE")
# How a thing that an unfinished run has made is brought up to date.
OURS = {"AttributePayload": "REPLACE", "ThingTypeName": "REPLACE"}


class NotProvisioned(Exception):
    """Nothing (more) is provisioned, and the certificate stays PENDING_ACTIVATION."""


@dataclass(frozen=True)
class Thing:
    """What the template says about the thing; None where it says nothing."""

    name: str
    attributes: Mapping[str, str] | None = None
    type_name: str | None = None
    groups: tuple[str, ...] | None = None
    billing_group: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """A policy to attach: one that exists (no document), or one to make from a document."""

    name: str
    document: str | None = None


@dataclass(frozen=True)
class Plan:
    """A template with one certificate's values filled in."""

    thing: Thing
    policies: tuple[Policy, ...]
    certificate_status: str = "ACTIVE"


# --- the template


def evaluate(template_body: str, certificate_pem: str, certificate_id: str) -> Plan:
    """Fill a certificate's values into a JITP template.

    Raises:
        NotProvisioned: The subject lacks a declared field, or the template cannot be applied.
    """
    try:
        template = json.loads(template_body)
    except ValueError as error:
        raise NotProvisioned(f"the template is not JSON: {error}") from error
    values = _values(template.get("Parameters") or {}, certificate_pem, certificate_id)
    things, certificates, policies = [], [], []
    for name, resource in (template.get("Resources") or {}).items():
        properties = resource.get("Properties") or {}
        match resource.get("Type"):
            case "AWS::IoT::Thing":
                things.append(_thing(properties, resource.get("OverrideSettings") or {}, values))
            case "AWS::IoT::Certificate":
                certificates.append(_status(properties, values, certificate_id))
            case "AWS::IoT::Policy":
                policies.append(_policy(properties, values))
            case kind:
                raise NotProvisioned(f"the resource {name} has the unknown type {kind}")
    if len(things) != 1 or len(certificates) != 1:
        raise NotProvisioned("the template must have one thing and one certificate")
    return Plan(things[0], tuple(policies), certificates[0])


def _values(
    declared: Mapping[str, Any], certificate_pem: str, certificate_id: str
) -> dict[str, str]:
    subject = x509.load_pem_x509_certificate(certificate_pem.encode()).subject
    values = {}
    for parameter, specification in declared.items():
        name = parameter.removeprefix(PREFIX)
        if specification.get("Type") != "String":
            raise NotProvisioned(f"the type of the parameter {parameter} is not String")
        if parameter == PREFIX + CERTIFICATE_ID:
            values[parameter] = certificate_id
        elif parameter == name or name not in SUBJECT_FIELDS:
            raise NotProvisioned(f"no JITP template may declare the parameter {parameter}")
        else:
            values[parameter] = _field(subject, name, parameter)
    return values


def _field(subject: x509.Name, name: str, parameter: str) -> str:
    found = subject.get_attributes_for_oid(SUBJECT_FIELDS[name])
    if len(found) > 1:
        raise NotProvisioned(f"the certificate's subject has {len(found)} values for {parameter}")
    if not found or not found[0].value:
        raise NotProvisioned(f"the certificate's subject has no value for {parameter}")
    return str(found[0].value)


def _text(value: Any, values: Mapping[str, str]) -> str:
    """A string, or the value that a Ref stands for. JITP has no other function."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"Ref"}:
        if value["Ref"] not in values:
            raise NotProvisioned(f"Ref to {value['Ref']}, which is not declared")
        return values[value["Ref"]]
    raise NotProvisioned(f"neither a string nor a Ref: {json.dumps(value)}")


def _thing(
    properties: Mapping[str, Any], overrides: Mapping[str, str], values: Mapping[str, str]
) -> Thing:
    def optional(name: str) -> str | None:
        return _text(properties[name], values) if name in properties else None

    attributes, groups = properties.get("AttributePayload"), properties.get("ThingGroups")
    return Thing(
        name=_text(properties.get("ThingName"), values),
        attributes=(
            None
            if attributes is None
            else {name: _text(value, values) for name, value in attributes.items()}
        ),
        type_name=optional("ThingTypeName"),
        groups=(
            None
            if groups is None
            # A subject may name a group that is fixed in the template as well.
            else tuple(dict.fromkeys(_text(group, values) for group in groups))
        ),
        billing_group=optional("BillingGroup"),
        overrides=overrides,
    )


def _status(properties: Mapping[str, Any], values: Mapping[str, str], certificate_id: str) -> str:
    if _text(properties.get("CertificateId"), values) != certificate_id:
        raise NotProvisioned(f"CertificateId must be a Ref to {PREFIX}{CERTIFICATE_ID}")
    status = _text(properties.get("Status", "ACTIVE"), values).upper()
    if status not in STATUSES:
        raise NotProvisioned(f"a certificate's Status cannot be {status}")
    return status


def _policy(properties: Mapping[str, Any], values: Mapping[str, str]) -> Policy:
    if ("PolicyName" in properties) == ("PolicyDocument" in properties):
        raise NotProvisioned("a policy needs either PolicyName or PolicyDocument")
    if "PolicyName" in properties:
        return Policy(_text(properties["PolicyName"], values))
    document = properties["PolicyDocument"]
    if not isinstance(document, str):
        raise NotProvisioned("a PolicyDocument must be a string")
    # "PolicyName ... defaults to a hash of the policy document."
    return Policy(hashlib.sha256(document.encode()).hexdigest(), document)


# --- the registry


def apply(
    plan: Plan, iot: Any, certificate_arn: str, *, ours: bool, made: Callable[[], None]
) -> None:
    """Make what a plan says. Doing it again changes nothing.

    Args:
        plan: What to make.
        iot: A boto3 IoT client that acts as the provisioning role.
        certificate_arn: Of the certificate that is PENDING_ACTIVATION.
        ours: Whether an unfinished run for this certificate has made the thing.
        made: Called when the thing has been made.

    Raises:
        NotProvisioned: The thing differs, and the override settings do not allow to change it.
        botocore.exceptions.ClientError: A call was refused.
    """
    for policy in plan.policies:
        _ensure_policy(policy, iot)
    _ensure_thing(plan.thing, iot, ours=ours, made=made)
    for policy in plan.policies:
        iot.attach_policy(policyName=policy.name, target=certificate_arn)
    iot.attach_thing_principal(thingName=plan.thing.name, principal=certificate_arn)
    certificate_id = certificate_arn.rpartition("/")[2]
    iot.update_certificate(certificateId=certificate_id, newStatus=plan.certificate_status)


def _ensure_policy(policy: Policy, iot: Any) -> None:
    try:
        iot.get_policy(policyName=policy.name)
    except iot.exceptions.ResourceNotFoundException:
        if policy.document is None:
            raise
        iot.create_policy(policyName=policy.name, policyDocument=policy.document)


def _ensure_thing(thing: Thing, iot: Any, *, ours: bool, made: Callable[[], None]) -> None:
    groups = thing.groups or ()
    try:
        existing = iot.describe_thing(thingName=thing.name)
    except iot.exceptions.ResourceNotFoundException:
        properties: dict[str, Any] = {"attributePayload": {"attributes": thing.attributes or {}}}
        if thing.type_name is not None:
            properties["thingTypeName"] = thing.type_name
        iot.create_thing(thingName=thing.name, **properties)
        made()
        existing, join, leave = {}, groups, ()
    else:
        _update(thing, existing, OURS if ours else thing.overrides, iot)
        join, leave = (groups, ()) if ours else _group_changes(thing, iot)
    for group in join:
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=thing.name)
    for group in leave:
        iot.remove_thing_from_thing_group(thingGroupName=group, thingName=thing.name)
    if thing.billing_group not in (None, existing.get("billingGroupName")):
        iot.add_thing_to_billing_group(billingGroupName=thing.billing_group, thingName=thing.name)


def _update(
    thing: Thing, existing: Mapping[str, Any], overrides: Mapping[str, str], iot: Any
) -> None:
    changes: dict[str, Any] = {}
    current = existing.get("attributes") or {}
    if thing.attributes is not None:
        setting = overrides.get("AttributePayload")
        wanted = {**current, **thing.attributes} if setting == "MERGE" else dict(thing.attributes)
        if _must_change("AttributePayload", setting, current, wanted):
            changes["attributePayload"] = {"attributes": wanted, "merge": False}
    if thing.type_name is not None:
        setting = overrides.get("ThingTypeName")
        if _must_change("ThingTypeName", setting, existing.get("thingTypeName"), thing.type_name):
            changes["thingTypeName"] = thing.type_name
    if changes:
        iot.update_thing(thingName=thing.name, **changes)


def _group_changes(thing: Thing, iot: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Groups to join and groups to leave."""
    setting = thing.overrides.get("ThingGroups")
    if thing.groups is None or setting == "DO_NOTHING":
        return (), ()
    wanted = set(thing.groups)
    pages = iot.get_paginator("list_thing_groups_for_thing").paginate(thingName=thing.name)
    current = {group["groupName"] for page in pages for group in page["thingGroups"]}
    if setting == "MERGE":
        wanted |= current
    if not _must_change("ThingGroups", setting, current, wanted):
        return (), ()
    return tuple(sorted(wanted - current)), tuple(sorted(current - wanted))


def _must_change(what: str, setting: str | None, current: Any, wanted: Any) -> bool:
    """Whether an override setting has a difference changed.

    Raises:
        NotProvisioned: There is one, and the setting is FAIL or left out.
    """
    if current == wanted or setting == "DO_NOTHING":
        return False
    if setting not in ("REPLACE", "MERGE"):
        raise NotProvisioned(f"the thing exists with another {what} (OverrideSettings: {setting})")
    return True


# --- the endpoint


class JustInTime:
    """Provisions certificates as the endpoint registers them.

    Args:
        service: Gives an IoT client that may read everything, for an account and a region.
        role: Gives an IoT client that acts as a role: account, region, role ARN, source ARN.
            Raises `NotProvisioned` when AWS IoT may not assume it.
        log: Takes one line for each run.
    """

    def __init__(
        self,
        service: Callable[[str, str], Any],
        role: Callable[[str, str, str, str], Any],
        log: Callable[[str], None],
    ) -> None:
        self._service = service
        self._role = role
        self._log = log
        self._lock = threading.Lock()
        self._under_way: set[tuple[str, str, str]] = set()
        self._made: dict[tuple[str, str, str], str] = {}

    def provision(self, account: str, region: str, ca_id: str, certificate_id: str) -> None:
        """Provision one certificate, unless its CA has no template or a run is under way."""
        key = (account, region, certificate_id)
        with self._lock:
            if key in self._under_way:
                return
            self._under_way.add(key)
        try:
            outcome = self._run(account, region, ca_id, certificate_id)
        except (NotProvisioned, ClientError) as error:
            outcome = f"not provisioned, it stays {PENDING}: {error}"
        finally:
            with self._lock:
                self._under_way.discard(key)
        if outcome is not None:
            self._log(f"JITP stand-in: certificate {certificate_id} in {account}: {outcome}")

    def _run(self, account: str, region: str, ca_id: str, certificate_id: str) -> str | None:
        service = self._service(account, region)
        ca = service.describe_ca_certificate(certificateId=ca_id)
        config = ca.get("registrationConfig")
        if not config:
            return None
        certificate = service.describe_certificate(certificateId=certificate_id)
        certificate = certificate["certificateDescription"]
        if certificate["status"] != PENDING:
            return f"is {certificate['status']} already"
        if "templateName" in config:
            template = service.describe_provisioning_template(templateName=config["templateName"])
            body, role_arn = template["templateBody"], template["provisioningRoleArn"]
            source_arn = template["templateArn"]
            if template.get("type") != "JITP" or not template["enabled"]:
                raise NotProvisioned(f"the template {source_arn} is disabled or not of type JITP")
        else:
            body, role_arn = config["templateBody"], config["roleArn"]
            source_arn = ca["certificateDescription"]["certificateArn"]
        plan = evaluate(body, certificate["certificatePem"], certificate_id)
        name, key = plan.thing.name, (account, region, certificate_id)

        def made() -> None:
            self._made[key] = name

        apply(
            plan,
            self._role(account, region, role_arn, source_arn),
            certificate["certificateArn"],
            ours=self._made.get(key) == name,
            made=made,
        )
        self._made.pop(key, None)
        return f"thing {name}, {plan.certificate_status}"


_making = threading.Lock()


def client(url: str, region: str, key: str, secret: str, token: str | None = None) -> Any:
    """A boto3 IoT client."""
    # The default session, which this goes through, must not be used by two threads at once.
    with _making:
        return boto3.client(
            "iot",
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )
