"""``incident``: a claim certificate leaked, or a device or a whole batch is not to be trusted."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TextIO

import click

from tools.cli.arguments import from_file_option, gather, serials_argument
from tools.cli.console import json_line, note, plural, printable
from tools.cli.errors import DONE, PARTLY
from tools.cli.incident_claim import claim
from tools.cli.incident_run import (
    carry_out,
    confirmed,
    count_sentence,
    device_json,
    dry_run_option,
    json_option,
    print_listed,
    print_outcomes,
    problems,
    quarantine_of,
    reason_option,
    yes_option,
)
from tools.cli.options import Deployment, stack_options
from tools.incident.leak import Concerned
from tools.incident.run import Outcome, Run
from tools.ordered import in_order
from tools.registry.operate import Report
from tools.registry.table import READ_BATCH

_WORKERS = 4

_QUARANTINE = """\
In quarantine a device's record is SUSPENDED, its ACTIVE certificates are INACTIVE, and its thing is
in the group <name prefix>-quarantine, if there is one. What is REVOKED stays so. An interrupted run
is finished by running it again, and a device that is so already counts as done. `incident lift` is
the way back.

AWS actions: {reads}, dynamodb:UpdateItem; iot:DescribeThingGroup,
iot:DescribeCertificate, iot:UpdateCertificate, iot:AddThingToThingGroup.

Exit code 1 if a device could not be put into quarantine, there was none, or nobody said yes."""

_DEVICE_EPILOG = f"""\b
Examples:
  iot-provisioning incident device SN-0001 --reason "ticket 4711"
  iot-provisioning incident device --from-file serials.txt --reason "stolen van"

{_QUARANTINE.format(reads="dynamodb:GetItem, dynamodb:BatchGetItem")}"""

_BATCH_EPILOG = f"""\b
Examples:
  iot-provisioning incident batch 2026-03-A --reason "keys were copied" --dry-run
  iot-provisioning incident batch 2026-03-A --reason "keys were copied"

The batch is the one that the devices were enrolled with. Those that have not been provisioned yet
are concerned too. There is no index by batch: the whole table is read, once.

{_QUARANTINE.format(reads="dynamodb:Scan, dynamodb:GetItem")}"""

_LIFT_EPILOG = """\b
Examples:
  iot-provisioning incident lift SN-0001 --reason "checked, ticket 4711"
  iot-provisioning incident lift SN-0002 --release --reason "a stranger had its serial number"

Without --release the device goes on where it was, with the certificates that the quarantine
switched off. With --release its certificates are REVOKED, for good, and the device may be
provisioned anew: when somebody else had come in with its serial number. Another run of `incident
claim` since the same time puts a lifted device back, unless it has a newer claim.

AWS actions: dynamodb:GetItem, dynamodb:UpdateItem; iot:DescribeThingGroup,
iot:DescribeCertificate, iot:UpdateCertificate, iot:RemoveThingFromThingGroup.

Exit code 1 if a device could not be lifted."""


@click.group(short_help="A leaked claim, a stolen device, a bad batch.")
def incident() -> None:
    """Contain what happened: close the way in, and quarantine who came through."""


@click.command(epilog=_DEVICE_EPILOG, short_help="Quarantine single devices.")
@serials_argument
@from_file_option
@reason_option(required=True)
@dry_run_option
@yes_option
@json_option
@stack_options("table", "name_prefix")
@click.pass_context
def device(
    context: click.Context,
    serials: tuple[str, ...],
    from_file: TextIO | None,
    reason: str,
    deployment: Deployment,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Quarantine devices by their serial numbers."""
    devices = gather(serials, from_file)

    def find() -> Iterator[Concerned]:
        for start in range(0, len(devices), READ_BATCH):
            batch = devices[start : start + READ_BATCH]
            items = deployment.registry.get_many(batch)
            for serial in batch:
                yield Concerned(serial_number=serial, item=items.get(serial), came_in=True)

    _quarantine(context, deployment, find, reason=reason, dry_run=dry_run, yes=yes, as_json=as_json)


@click.command(epilog=_BATCH_EPILOG, short_help="Quarantine a whole batch.")
@click.argument("batch")
@reason_option(required=True)
@dry_run_option
@yes_option
@json_option
@stack_options("table", "name_prefix")
@click.pass_context
def batch(
    context: click.Context,
    batch: str,
    reason: str,
    deployment: Deployment,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Quarantine every device that was enrolled with this BATCH."""

    def find() -> Iterator[Concerned]:
        for item in deployment.registry.by_batch(batch):
            yield Concerned(serial_number=item["serialNumber"]["S"], item=item, came_in=True)

    _quarantine(context, deployment, find, reason=reason, dry_run=dry_run, yes=yes, as_json=as_json)


def _quarantine(
    context: click.Context,
    deployment: Deployment,
    find: Callable[[], Iterator[Concerned]],
    *,
    reason: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    missing: list[str] = []
    quarantine = quarantine_of(deployment, reason, missing)
    found = list(find())
    if not as_json:
        print_listed(found)
    run = Run(
        lambda: found,
        lambda each: Outcome(concerned=each, report=quarantine.put(each.serial_number)),
        repeat=False,
    )
    question = f"Cut off {plural(len(found), 'device')} and put it into quarantine?"
    if len(found) > 1:
        question = question.replace("put it", "put them")
    if not found:
        note("There is no such device.")
    elif dry_run:
        note(f"{plural(len(found), 'device')}. A dry run: nothing was changed.")
    elif not yes and not confirmed(question):
        note("Nothing was changed.")
        context.exit(PARTLY)
    else:
        carry_out(run, "Run the same command again to finish.")
        if not as_json:
            print_outcomes(run.outcomes)
        note(count_sentence(run.outcomes))
    for sentence in missing:
        note(sentence)
    if as_json:
        done = {each.concerned.serial_number: each for each in run.outcomes}
        devices = [device_json(each, done.get(each.serial_number)) for each in found]
        json_line(
            {
                "reason": reason,
                "dryRun": dry_run,
                "quarantineGroup": quarantine.group,
                "devices": devices,
                "notShown": missing,
            }
        )
    unknown = [each for each in found if each.item is None]
    context.exit(PARTLY if not found or unknown or problems(run.outcomes) else DONE)


@click.command(epilog=_LIFT_EPILOG, short_help="Let devices out of quarantine.")
@serials_argument
@from_file_option
@reason_option(required=True)
@click.option(
    "--release",
    is_flag=True,
    help="Revoke the certificates and let the device be provisioned anew.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a device.")
@stack_options("table", "name_prefix")
@click.pass_context
def lift(
    context: click.Context,
    serials: tuple[str, ...],
    from_file: TextIO | None,
    reason: str,
    deployment: Deployment,
    *,
    release: bool,
    as_json: bool,
) -> None:
    """Let devices out of quarantine, as they were or to be provisioned anew."""
    devices = gather(serials, from_file)
    missing: list[str] = []
    quarantine = quarantine_of(deployment, reason, missing)
    work: Callable[[str], Report] = quarantine.give_back if release else quarantine.lift
    failed = 0
    for _, report in in_order(work, devices, workers=_WORKERS):
        failed += not report.ok
        if as_json:
            json_line(asdict(report))
        else:
            click.echo(printable(report.sentence), err=not report.ok)
    for sentence in missing:
        note(sentence)
    if failed:
        context.exit(PARTLY)


for _command in (claim, device, batch, lift):
    incident.add_command(_command)
