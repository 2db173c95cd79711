"""``show``: one device on one screen, with why it was last refused."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from device_registry import names
from device_registry.claim import NEVER
from device_registry.reasons import Denial
from device_registry.record import DeviceRecord, MalformedRecordError, Status, from_item
from tools.cli.arguments import Duration
from tools.cli.console import console, facts, json_line, moment, note, printable, table
from tools.cli.errors import PARTLY, explain
from tools.cli.options import Deployment, stack_options
from tools.cli.stack import Stack
from tools.decommission.inventory import Details, Ours, look_at, unit_of, unit_without_record
from tools.registry import denials, raw
from tools.registry.explain import Explanation
from tools.registry.explain import denial as explain_denial
from tools.registry.explain import status as explain_status
from tools.registry.table import StoredItem

_Found = TypeVar("_Found")

_STYLES = {
    Status.ENROLLED: "cyan",
    Status.PROVISIONING: "yellow",
    Status.ACTIVE: "green",
    Status.SUSPENDED: "magenta",
    Status.REVOKED: "red",
}

_EPILOG = """\b
Examples:
  iot-provisioning show SN-0001
  iot-provisioning show SN-0001 --since 30d --json

Works for a serial number that nobody enrolled: it shows how that device was refused. A part that
cannot be read (no permission, no log group) is named, and the rest is shown.

AWS actions: dynamodb:GetItem; iot:DescribeThing, iot:DescribeCertificate,
iot:ListThingPrincipals, iot:ListPrincipalThings, iot:ListThingGroupsForThing,
iot:ListAttachedPolicies; logs:FilterLogEvents on the log groups of the hook and of the CAs' gates.
Exit code 1 if the serial number has no record."""


@click.command(epilog=_EPILOG, short_help="One device: record, certificates, last refusal.")
@click.argument("serial")
@click.option(
    "--since",
    type=Duration(),
    default="7d",
    show_default=True,
    help="How far back to look for a refusal (90m, 12h, 30d).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@stack_options("table", "name_prefix", "log_group")
@click.pass_context
def show(
    context: click.Context, serial: str, since: int, deployment: Deployment, *, as_json: bool
) -> None:
    """Show what is known of the device with this SERIAL number."""
    now = int(time.time())
    # A stranger may have sent anything; only what can be a key is looked up as one.
    enrollable = names.matches(names.SERIAL_NUMBER, serial)
    item = deployment.registry.get(serial) if enrollable else None
    missing: list[str] = []
    details = (
        _unless_refused(lambda: _at_aws_iot(deployment, serial, item), "AWS IoT", missing)
        if enrollable
        else None
    )
    denial = _newest_denial(deployment, serial, since, now, missing)
    if as_json:
        found = _as_json(serial, item, details, denial, missing=missing, now=now)
        json_line(found | {"throughCa": _authority(item, denial, deployment.stack)})
    else:
        _print_record(serial, item, now, deployment.stack)
        _print_details(details)
        _print_denial(denial, item, since, now, deployment.stack)
        for sentence in missing:
            note(sentence)
    if item is None:
        context.exit(PARTLY)


def _unless_refused(
    read: Callable[[], _Found | None], what: str, missing: list[str]
) -> _Found | None:
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
            denial := _unless_refused(
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


def _record(item: StoredItem | None) -> DeviceRecord | str | None:
    """Return the record, the attribute that is wrong with it, or None."""
    try:
        return from_item(item) if item else None
    except MalformedRecordError as error:
        return str(error)


def _print_record(serial: str, item: StoredItem | None, now: int, stack: Stack) -> None:
    out = console()
    record = _record(item)
    if record is None:
        out.print(f"{printable(serial)} is not enrolled: provisioning refuses it.")
        if stack.ungated_authorities:
            note(
                f"A CA without a gate ({', '.join(stack.ungated_authorities)}) asks no registry: "
                "what came in by its template is shown by `iot-provisioning ca list-certificates`."
            )
        return
    if isinstance(record, str):
        out.print(
            f"{serial} has a malformed record ({record}): provisioning refuses it. Mend the item "
            "in the table, or delete it and enrol the device again; `revoke` cuts it off as it is."
        )
        out.print("\nStored")
        stored = raw.plain(item or {})
        out.print(facts((printable(name), value) for name, value in stored.items()))
        return
    means = explain_status(record, now)
    status = Text(record.status, style=_STYLES[record.status])
    out.print(Text.assemble((serial, "bold"), "  ", status))
    out.print(facts([("Means", means.why), ("Next", means.advice)]))
    out.print("\nRecord")
    out.print(facts((name, value) for name, value in _facts(record, now, stack) if value != "-"))


def _through(
    name: str, certificate_id: object, stack: Stack, *, authority: str = "Through CA"
) -> tuple[str, object]:
    """Return what brings a device in with its name: a claim certificate's, or that of a CA."""
    key = stack.authority_key(certificate_id)
    if key is None:
        return name, certificate_id or "-"
    return authority, f"{key} ({certificate_id})"


def _facts(record: DeviceRecord, now: int, stack: Stack) -> list[tuple[str, object]]:
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
        _through(
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
        ("Claimed", moment(record.claimed_at, now)),
        ("Lease ends", "never" if record.lease_expires_at == NEVER else lease_ends),
        ("Provisioned", moment(record.provisioned_at, now)),
        ("Claims granted", record.provision_count or "-"),
        ("Certificate", record.certificate_id or "-"),
        _through("Claim certificate used", record.claim_certificate_id, stack),
        ("Gate" if gated else "Template", record.template_name or "-"),
    ]


def _print_details(details: Details | None) -> None:
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


def _print_denial(
    denial: Mapping[str, Any] | None,
    item: StoredItem | None,
    since: int,
    now: int,
    stack: Stack,
) -> None:
    out = console()
    out.print("\nLast refusal")
    if not stack.decision_logs:
        out.print("  Not looked up: give --stack or --log-group.")
        return
    if denial is None:
        out.print(f"  None since {moment(now - since, now)}.")
        return
    explanation = _explanation(denial, item)
    rows: list[tuple[str, object]] = [
        ("Reason", denial.get("reason", "-")),
        ("Why", explanation.why),
        ("What to do", explanation.advice),
        ("When", _when(denial, now)),
    ]
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
            rows.append(_through(name, denial[key], stack) if by_id else (name, denial[key]))
    out.print(facts(rows))
    record = _record(item)
    if isinstance(record, DeviceRecord) and record.claimed_at is not None:
        claimed = moment(record.claimed_at, now)
        out.print(f"  For comparison, its present claim was granted {claimed}.")


def _authority(
    item: StoredItem | None, denial: Mapping[str, Any] | None, stack: Stack
) -> str | None:
    """Return the key of the CA that brought the device in, or else that it was refused with."""
    claimed = raw.text(item, "claimCertificateId") if item else None
    return stack.authority_key(claimed or (denial or {}).get("claimCertificateId"))


def _when(denial: Mapping[str, Any], now: int) -> str:
    written = str(denial.get("timestamp"))
    try:
        return moment(datetime.fromisoformat(written).timestamp(), now)
    except ValueError:
        return written


def _explanation(denial: Mapping[str, Any], item: StoredItem | None) -> Explanation:
    record = _record(item)
    try:
        reason = Denial(str(denial.get("reason")))
        return explain_denial(
            reason, record if isinstance(record, DeviceRecord) else None, gated="gate" in denial
        )
    except ValueError:
        return Explanation(
            "This version of the tools does not know the reason.", "Update the tools."
        )


def _as_json(
    serial: str,
    item: StoredItem | None,
    details: Details | None,
    denial: Mapping[str, Any] | None,
    *,
    missing: list[str],
    now: int,
) -> dict[str, Any]:
    record = _record(item)
    means = explain_status(record, now) if isinstance(record, DeviceRecord) else None
    explanation = _explanation(denial, item) if denial else None
    return {
        "serialNumber": serial,
        "record": raw.plain(item) if item else None,
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
        "lastDenial": denial and {**denial, "explanation": explanation and vars(explanation)},
        "notShown": missing,
    }
