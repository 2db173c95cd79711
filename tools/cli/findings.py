"""What ``show`` and ``why`` look up of one device, and the parts of their screens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError

from device_registry import names
from device_registry.claim import NEVER
from device_registry.reasons import Denial
from device_registry.record import DeviceRecord, MalformedRecordError, Status, from_item
from tools.cli.arguments import Duration
from tools.cli.console import console, facts, moment, note, table
from tools.cli.errors import explain
from tools.cli.options import Deployment
from tools.cli.stack import Stack
from tools.decommission.inventory import Details, Ours, look_at, unit_of, unit_without_record
from tools.registry import denials, raw
from tools.registry.explain import Explanation
from tools.registry.explain import denial as explain_denial
from tools.registry.explain import status as explain_status
from tools.registry.table import StoredItem

_Found = TypeVar("_Found")

STYLES = {
    Status.ENROLLED: "cyan",
    Status.PROVISIONING: "yellow",
    Status.ACTIVE: "green",
    Status.SUSPENDED: "magenta",
    Status.REVOKED: "red",
}
AWS_ACTIONS = """\
AWS actions: dynamodb:GetItem; iot:DescribeThing, iot:DescribeCertificate,
iot:ListThingPrincipals, iot:ListPrincipalThings, iot:ListThingGroupsForThing,
iot:ListAttachedPolicies; logs:FilterLogEvents on the log groups of the hook and of the CAs' gates.
Exit code 1 if the serial number has no record."""

since_option = click.option(
    "--since",
    type=Duration(),
    default="7d",
    show_default=True,
    help="How far back to look for a refusal (90m, 12h, 30d).",
)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is known of one serial number. ``missing`` says in sentences what could not be read."""

    serial: str
    stack: Stack
    item: StoredItem | None
    details: Details | None
    denial: Mapping[str, Any] | None
    missing: list[str]
    since: int
    now: int

    @property
    def record(self) -> DeviceRecord | str | None:
        """The record, the attribute that is wrong with it, or None."""
        try:
            return from_item(self.item) if self.item else None
        except MalformedRecordError as error:
            return str(error)

    @property
    def explanation(self) -> Explanation | None:
        """What the last refusal means as the record stands now; None for none."""
        if self.denial is None:
            return None
        record = self.record if isinstance(self.record, DeviceRecord) else None
        try:
            reason = Denial(str(self.denial.get("reason")))
        except ValueError:
            return Explanation(
                "This version of the tools does not know the reason.", "Update the tools."
            )
        return explain_denial(
            reason,
            record,
            gated="gate" in self.denial,
            default_home=self.stack.default_home_region,
        )


def find(deployment: Deployment, serial: str, *, since: int, now: int) -> Findings:
    """Look a serial number up in the registry, at AWS IoT and in the decision logs.

    Args:
        deployment: the stack.
        serial: whatever somebody called a serial number.
        since: how many seconds back to look for a refusal.
        now: seconds since 1970.
    """
    # A stranger may have sent anything; only what can be a key is looked up as one.
    enrollable = names.matches(names.SERIAL_NUMBER, serial)
    item = deployment.registry.get(serial) if enrollable else None
    missing: list[str] = []
    details = (
        unless_refused(lambda: _at_aws_iot(deployment, serial, item), "AWS IoT", missing)
        if enrollable
        else None
    )
    return Findings(
        serial=serial,
        stack=deployment.stack,
        item=item,
        details=details,
        denial=_newest_denial(deployment, serial, since, now, missing),
        missing=missing,
        since=since,
        now=now,
    )


def unless_refused(read: Callable[[], _Found], what: str, missing: list[str]) -> _Found | None:
    """Return what can be read; what cannot becomes a sentence, and the rest is still shown."""
    try:
        return read()
    except (BotoCoreError, ClientError) as error:
        missing.append(f"Not shown: {what}. {explain(error)}")
        return None


def _at_aws_iot(deployment: Deployment, serial: str, item: StoredItem | None) -> Details | None:
    prefix = deployment.stack.name_prefix
    if prefix is None:
        note("Not shown: AWS IoT. Give --stack or --name-prefix.")
        return None
    unit = unit_of(item, prefix) if item else unit_without_record(serial, prefix)
    return look_at(deployment.iot, unit, Ours(things=frozenset({str(unit.thing_name)})))


def _newest_denial(
    deployment: Deployment, serial: str, since: int, now: int, missing: list[str]
) -> Mapping[str, Any] | None:
    """Return the newest refusal in the logs of the hook and of the gates."""
    found = [
        denial
        for log_group in deployment.stack.decision_logs
        if (
            denial := unless_refused(
                partial(
                    denials.newest,
                    deployment.logs,
                    log_group,
                    serial,
                    since=now - since,
                    now=now,
                ),
                f"the decision log {log_group}",
                missing,
            )
        )
    ]
    # Every function writes the time alike, so that its texts stand in the order of the times.
    return max(found, key=lambda denial: str(denial.get("timestamp")), default=None)


def through(
    name: str, certificate_id: object, stack: Stack, *, authority: str = "Through CA"
) -> tuple[str, object]:
    """Return what brings a device in with its name: a claim certificate's, or that of a CA."""
    key = stack.authority_key(certificate_id)
    if key is None:
        return name, certificate_id or "-"
    return authority, f"{key} ({certificate_id})"


def home_region(record: DeviceRecord, stack: Stack) -> str:
    """Return the Region that decides on the serial number; a dash where there is one Region."""
    if record.home_region is None and stack.default_home_region is not None:
        return f"{stack.default_home_region} (the default)"
    return record.home_region or "-"


def record_facts(record: DeviceRecord, now: int, stack: Stack) -> list[tuple[str, object]]:
    """Return a record's attributes by the names that people read; a dash for those it lacks."""
    lease_ends = moment(record.lease_expires_at, now)
    gated = stack.authority_key(record.claim_certificate_id) is not None
    return [
        ("Device type", record.device_type),
        ("Manufacturer", record.manufacturer or "-"),
        ("Batch", record.batch or "-"),
        ("Re-provisioning", record.reprovision_policy),
        ("Enrolled", moment(record.enrolled_at, now)),
        ("Enrolled by", record.enrolled_by),
        ("Enrolment ends", moment(record.enrolment_expires_at, now)),
        through(
            "Claim certificate wanted",
            record.required_claim_certificate_id,
            stack,
            authority="CA wanted",
        ),
        ("Status since", moment(record.status_changed_at, now)),
        ("Status set by", record.status_changed_by or "-"),
        ("Reason", record.status_reason or "-"),
        ("Suspended from", record.suspended_from or "-"),
        (
            "Switched off meanwhile",
            ", ".join(sorted(record.suspended_certificate_ids or ())) or "-",
        ),
        ("Last resumed from a suspension of", moment(record.last_suspended_at, now)),
        ("Home Region", home_region(record, stack)),
        ("Home moved", moment(record.home_changed_at, now)),
        ("Home moved by", record.home_changed_by or "-"),
        ("Claimed", moment(record.claimed_at, now)),
        ("Claimed in", record.claimed_in or "-"),
        ("Lease ends", "never" if record.lease_expires_at == NEVER else lease_ends),
        ("Provisioned", moment(record.provisioned_at, now)),
        ("Claims granted", record.provision_count or "-"),
        ("Certificate", record.certificate_id or "-"),
        ("Certificates retired", ", ".join(sorted(record.retired_certificate_ids or ())) or "-"),
        through("Claim certificate used", record.claim_certificate_id, stack),
        ("Gate" if gated else "Template", record.template_name or "-"),
        ("First shadow written", moment(record.shadow_written_at, now)),
    ]


def print_details(details: Details | None) -> None:
    """Print what AWS IoT has for the device, if it could be read."""
    if details is None:
        return
    out = console()
    out.print("\nAt AWS IoT")
    thing = str(details.unit.thing_name)
    out.print(
        facts(
            [
                ("Thing", thing if details.thing_exists else f"{thing} does not exist"),
                ("Groups", ", ".join(details.groups) or "none"),
            ]
        )
    )
    if details.certificates:
        headings = ("  Certificate", "Status", "Policies", "Things")
        rows = [
            (f"  {c.certificate_id}", c.status, ", ".join(c.policies), ", ".join(c.things))
            for c in details.certificates
        ]
        out.print(table(headings, rows))
    known = {certificate.certificate_id for certificate in details.certificates}
    gone = sorted(details.unit.certificate_ids - known)
    out.print(facts(("Deleted", certificate_id) for certificate_id in gone))


def print_denial(found: Findings, *, explained: bool = True) -> None:
    """Print the last refusal, with what it means unless the screen has said so already."""
    out = console()
    out.print("\nLast refusal")
    denial, stack, now = found.denial, found.stack, found.now
    if not stack.decision_logs:
        out.print("  Not looked up: give --stack or --log-group.")
        return
    if denial is None:
        out.print(f"  None since {moment(now - found.since, now)}.")
        return
    rows: list[tuple[str, object]] = [("Reason", denial.get("reason", "-"))]
    if explained and found.explanation is not None:
        rows += [("Why", found.explanation.why), ("What to do", found.explanation.advice)]
    rows.append(("When", _when(denial, now)))
    for name, key in (
        ("Detail", "detail"),
        ("Device type named", "deviceType"),
        ("Certificate", "certificateId"),
        ("Claim certificate", "claimCertificateId"),
        ("Client id", "clientId"),
        ("Template", "templateArn"),
        ("Gate", "gate"),
        ("Request", "requestId"),
    ):
        if key in denial:
            by_id = key == "claimCertificateId"
            rows.append(through(name, denial[key], stack) if by_id else (name, denial[key]))
    out.print(facts(rows))
    record = found.record
    if isinstance(record, DeviceRecord) and record.claimed_at is not None:
        claimed = moment(record.claimed_at, now)
        out.print(f"  For comparison, its present claim was granted {claimed}.")


def _when(denial: Mapping[str, Any], now: int) -> str:
    at = denied_at(denial)
    return str(denial.get("timestamp")) if at is None else moment(at, now)


def denied_at(denial: Mapping[str, Any]) -> float | None:
    """Return when a refusal was written, in seconds since 1970; None where that is unreadable."""
    try:
        return datetime.fromisoformat(str(denial.get("timestamp"))).timestamp()
    except ValueError:
        return None


def as_json(found: Findings) -> dict[str, Any]:
    """Return everything as JSON knows it."""
    record, details, explanation = found.record, found.details, found.explanation
    means = explain_status(record, found.now) if isinstance(record, DeviceRecord) else None
    return {
        "serialNumber": found.serial,
        "record": raw.plain(found.item) if found.item else None,
        "malformed": record if isinstance(record, str) else None,
        "meaning": means and vars(means),
        "awsIot": details
        and {
            "thingName": details.unit.thing_name,
            "thingExists": details.thing_exists,
            "groups": details.groups,
            "certificates": [
                {
                    "certificateId": certificate.certificate_id,
                    "status": certificate.status,
                    "policies": certificate.policies,
                    "things": certificate.things,
                }
                for certificate in details.certificates
            ],
        },
        "lastDenial": found.denial
        and {**found.denial, "explanation": explanation and vars(explanation)},
        "notShown": found.missing,
        "throughCa": through_ca(found),
    }


def through_ca(found: Findings) -> str | None:
    """Return the key of the CA that brought the device in, or else that it was refused with."""
    claimed = raw.text(found.item, "claimCertificateId") if found.item else None
    return found.stack.authority_key(claimed or (found.denial or {}).get("claimCertificateId"))
