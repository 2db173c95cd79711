"""``decommission``: removes what devices created, one device or a whole stack."""

from collections.abc import Iterable, Iterator
from typing import TextIO

import click
from botocore.exceptions import ClientError
from rich.text import Text

from device_registry import names
from device_registry.aws_errors import error_code
from tools.authorities import registered
from tools.aws_errors import RUN_ENDING
from tools.cli.arguments import from_file_option, gather, serials_argument
from tools.cli.console import console, counted, note, plural, printable, table
from tools.cli.errors import DONE, PARTLY
from tools.cli.options import Deployment, stack_options
from tools.decommission import records
from tools.decommission.inventory import (
    Catalogue,
    Details,
    Ours,
    Unit,
    find_catalogue,
    find_units,
    look_at,
    renewed,
    unit_of,
    unit_without_record,
    without_repeats,
)
from tools.decommission.records import Policy
from tools.decommission.removal import remove
from tools.ordered import in_order
from tools.registry.certificates import short
from tools.registry.table import NoTable

_WORKERS = 4

_EPILOG = """\b
Examples:
  iot-provisioning decommission SN-0001 --dry-run
  iot-provisioning decommission --all --dry-run
  iot-provisioning decommission --all          # then: terraform destroy

\b
What becomes of the records that a certificate ever held (--records):
  revoke   REVOKED, reason "decommissioned": final, the serial number never comes back
           (default for single devices)
  release  ENROLLED again once all is removed: the device may be provisioned anew
           (through a gate with a new certificate only: the old one lost the claim for good)
  delete   deleted: the serial number is unknown again
  keep     left as they are (default with --all)

Things are removed only if their name is this stack's and so is their thing type, unless a record
proves them ours, or the certificate of a CA of the stack that names them. A template that takes
names of any beginning (thing_name_prefix = "") makes every thing of the stack's thing types ours.
Certificates are removed only if no other stack's thing uses them; with --all, also those that a CA
of the stack brought in and that have no thing, because the gate refused them or nobody decided yet.
Claim certificates and CAs are Terraform's and stay.

A certificate of a CA that registers automatically comes back when its device connects again: one
without a gate gets in again, whatever was removed. Before --all, set allow_auto_registration =
false for each CA (certificate_authorities) and apply.

Everything may be repeated: an interrupted run goes on where it is run again. AWS takes about ten
certificate calls a second, so expect two devices a second unless the account's quotas were raised.

AWS actions: dynamodb:GetItem, UpdateItem, DeleteItem, Scan, DescribeTable; iot:Describe* and
iot:List* on things, groups, certificates, CAs and policies, iot:UpdateCertificate,
DeleteCertificate, DetachPolicy, DetachThingPrincipal, RemoveThingFromThingGroup, DeleteThing."""


@click.command(epilog=_EPILOG, short_help="Remove things and certificates that devices created.")
@serials_argument
@from_file_option
@click.option("--all", "everything", is_flag=True, help="Every device of the stack.")
@click.option("--dry-run", is_flag=True, help="Print what would be removed; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--records",
    "policy",
    type=click.Choice([policy.value for policy in Policy]),
    show_default="keep with --all, else revoke",
    help="What becomes of the records, see below.",
)
@stack_options("table", "name_prefix")
@click.pass_context
def decommission(
    context: click.Context,
    serials: tuple[str, ...],
    from_file: TextIO | None,
    policy: str | None,
    deployment: Deployment,
    *,
    everything: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove the things, certificates and attachments that devices have at AWS IoT.

    Without it AWS refuses `terraform destroy`: policies and thing types are in use.
    """
    if everything and (serials or from_file):
        raise click.UsageError("Give serial numbers or --all, not both.")
    fate = Policy(policy or (Policy.KEEP if everything else Policy.REVOKE))
    catalogue = _catalogue(deployment) if everything else None
    if catalogue:
        _do_without_table(deployment)
        _tell_open_authorities(deployment)
    units = _search(deployment, catalogue) if catalogue else _named(deployment, serials, from_file)
    ours = _ours(deployment, units, catalogue)
    found = _look_at_all(deployment, units, ours)
    if not everything:
        found = _without_others(deployment, found)
    unknown = [d.unit.serial_number for d in found if d.nothing_left and d.unit.status is None]
    for serial in unknown:
        note(f"{serial} has no record, and AWS IoT has nothing of it.")
    work = [details for details in found if _has_work(details, fate)]
    left_alone = len(found) < len(units) and not everything
    _print(work, fate)
    if dry_run:
        note("A dry run: nothing was removed.")
    elif not work:
        note("There is nothing to remove.")
    elif not yes and not _confirmed(work, fate, deployment.name_prefix(), everything=everything):
        note("Nothing was removed.")
        context.exit(PARTLY)
    else:
        _remove_all(context, deployment, work, fate, ours)
    if catalogue and not dry_run:
        _conclude(context, deployment, catalogue)
    context.exit(PARTLY if unknown or left_alone else DONE)


def _do_without_table(deployment: Deployment) -> None:
    """Let a stack be emptied whose table an earlier `terraform destroy` has deleted."""
    if not deployment.registry.exists():
        name = deployment.table_name()
        note(
            f"Table {name} does not exist in this account and Region: devices are looked for "
            "without their records. If it should exist, check the stack file and AWS_REGION."
        )
        deployment.registry = NoTable(deployment.dynamodb, name)


def _tell_open_authorities(deployment: Deployment) -> None:
    """Say which CAs would register again what is removed here."""
    still_open = []
    for authority in deployment.stack.certificate_authorities.values():
        found = registered.describe(deployment.iot, authority.certificate_id)
        if found is not None and found.active and found.auto_registration:
            still_open.append(authority.key)
    if still_open:
        note(
            f"Automatic registration is on for {', '.join(sorted(still_open))}: a device that "
            "connects meanwhile, or afterwards, comes back. First set allow_auto_registration = "
            "false for each in certificate_authorities, and apply."
        )


def _search(deployment: Deployment, catalogue: Catalogue) -> list[Unit]:
    claimed = deployment.registry.ever_claimed()
    units, left_alone = find_units(deployment.iot, catalogue, claimed, deployment.registry.get)
    for thing in left_alone:
        note(
            f"{thing} is in a group of the stack, or has a certificate of its CAs, but neither its "
            "name and thing type nor a record nor its certificates make it a device of this stack: "
            "left alone."
        )
    return units


def _named(deployment: Deployment, serials: tuple[str, ...], file: TextIO | None) -> list[Unit]:
    prefix = deployment.name_prefix()
    units = []
    for serial in gather(serials, file):
        if not names.matches(names.SERIAL_NUMBER, serial):
            raise click.BadParameter(f"{serial!r} is not a serial number.")
        item = deployment.registry.get(serial)
        units.append(unit_of(item, prefix) if item else unit_without_record(serial, prefix))
    return units


def _catalogue(deployment: Deployment) -> Catalogue:
    stack = deployment.stack
    known = {
        name
        for entry in (stack.device_types or {}).values()
        for name in (entry.thing_type_name, entry.thing_group_name, entry.policy_name)
    }
    return find_catalogue(
        deployment.iot,
        deployment.name_prefix(),
        deployment.parent_group(),
        known,
        stack.shared_certificate_ids,
        authorities=stack.certificate_authorities.values(),
    )


def _ours(deployment: Deployment, units: list[Unit], catalogue: Catalogue | None) -> Ours:
    return Ours(
        things=frozenset(unit.thing_name for unit in units if unit.thing_name),
        policies=catalogue.policies if catalogue else frozenset(),
        claim_certificate_ids=deployment.stack.shared_certificate_ids.union(
            unit.claim_certificate_id for unit in units if unit.claim_certificate_id
        ),
    )


def _look_at_all(deployment: Deployment, units: list[Unit], ours: Ours) -> list[Details]:
    iot = deployment.iot

    def work(unit: Unit) -> Details:
        return look_at(iot, unit, ours)

    looked_at = in_order(work, units, workers=_WORKERS)
    return without_repeats(
        details for _, details in counted("Looking", looked_at, total=len(units))
    )


def _without_others(deployment: Deployment, found: list[Details]) -> list[Details]:
    """Leave out things that only look like this stack's: no record, and another thing type."""
    doubtful = [each for each in found if each.thing_exists and each.unit.status is None]
    if not doubtful:
        return found
    types = _catalogue(deployment).thing_types
    others = [each for each in doubtful if each.thing_type not in types]
    for each in others:
        note(
            f"{each.unit.serial_number} has no record, and the thing type of "
            f"{each.unit.thing_name} is not of this stack: left alone."
        )
    return [each for each in found if each not in others]


def _has_work(details: Details, policy: Policy) -> bool:
    return not details.nothing_left or records.concerns(policy, details.unit.status)


_HEADINGS = (
    "Serial",
    "Record",
    "Thing",
    "Groups",
    "Certificate",
    "Status",
    "Policies",
    "Also attached to",
)


def _rows(details: Details, policy: Policy) -> Iterator[tuple[object, ...]]:
    """Yield a row for each certificate, which stays a row where a terminal breaks long names."""
    of_the_thing: tuple[object, ...] = (
        details.unit.serial_number or "-",
        records.fate(policy, details.unit.status),
        str(details.unit.thing_name) if details.thing_exists else "-",
        _lines(details.groups),
    )
    if not details.certificates:
        yield (*of_the_thing, "-", "-", "-", "-")
    for certificate in details.certificates:
        yield (
            *of_the_thing,
            short(certificate.certificate_id),
            certificate.status,
            ", ".join(certificate.policies) or "-",
            ", ".join(certificate.foreign_things) or "-",
        )
        of_the_thing = ("",) * len(of_the_thing)


def _lines(texts: Iterable[str]) -> Text:
    return Text("\n".join(printable(text) for text in texts) or "-")


def _print(work: list[Details], policy: Policy) -> None:
    if not work:
        return
    rows = [row for each in work for row in _rows(each, policy)]
    # The last column is rarely needed, and costs the others their room.
    columns = len(_HEADINGS) - all(row[-1] == "-" for row in rows)
    console().print(table(_HEADINGS[:columns], (row[:columns] for row in rows)))
    things = sum(details.thing_exists for details in work)
    certificates = sum(not each.stays for details in work for each in details.certificates)
    note(f"{plural(things, 'thing')} and {plural(certificates, 'certificate')}.")
    note(f"Records: {_fates(work, policy)}.")


def _fates(work: list[Details], policy: Policy) -> str:
    return records.fates(policy, (details.unit.status for details in work))


def _confirmed(work: list[Details], policy: Policy, prefix: str, *, everything: bool) -> bool:
    fates = _fates(work, policy)
    try:
        if not everything:
            what = f"what {plural(len(work), 'device')} had at AWS IoT"
            return click.confirm(f"Remove {what} ({fates})? This is final", err=True)
        question = (
            f"Type {prefix} to remove everything that devices of this stack created ({fates})"
        )
        return bool(click.prompt(question, err=True, default="", show_default=False) == prefix)
    except click.Abort:
        # The answer's line has no end.
        click.echo(err=True)
        return False


def _remove_all(
    context: click.Context,
    deployment: Deployment,
    work: list[Details],
    policy: Policy,
    ours: Ours,
) -> None:
    by = deployment.caller_arn
    registry, iot = deployment.registry, deployment.iot

    def one(details: Details) -> str | None:
        serial = details.unit.serial_number
        try:
            closed = records.before(registry, serial, policy, by) if serial else None
            if closed is not None and not closed.ok:
                return closed.sentence
            # The listing may be minutes old: what the device has now is what is removed.
            unit = renewed(details.unit, registry.get(serial) if serial else None)
            remove(iot, look_at(iot, unit, ours.including(unit)))
            reopened = records.after(registry, serial, policy, by) if serial else None
        except ClientError as error:
            if error_code(error) in RUN_ENDING:
                raise
            unit = details.unit
            return f"{serial or unit.thing_name or min(unit.certificate_ids)}: {error}"
        return None if reopened is None or reopened.ok else reopened.sentence

    removed = in_order(one, work, workers=_WORKERS)
    problems = [problem for _, problem in counted("Removing", removed, total=len(work)) if problem]
    for problem in problems:
        click.echo(printable(problem), err=True)
    if problems:
        note(f"{len(problems)} of {len(work)} could not be removed. Run the command again.")
        context.exit(PARTLY)
    note(f"Removed what {plural(len(work), 'device')} had.")


def _conclude(context: click.Context, deployment: Deployment, catalogue: Catalogue) -> None:
    """Look once more: a device may have been provisioned while others were removed."""
    units, _ = find_units(deployment.iot, catalogue, [], deployment.registry.get)
    if units:
        note(
            f"{len(units)} more appeared meanwhile: devices are still being provisioned. Set the "
            "claim certificates inactive or disable the templates, set allow_auto_registration = "
            "false for the CAs, and run the command again."
        )
        context.exit(PARTLY)
    note(
        f"Nothing that devices created is left under {catalogue.name_prefix!r}. "
        "`terraform destroy` can now run."
    )
    if deployment.registry.deletion_protection():
        note(
            f"It will stop at table {deployment.table_name()}, which is protected from deletion: "
            "first apply with registry = { deletion_protection_enabled = false }."
        )
