"""What the commands under ``incident`` share: options, the question, the run, what is printed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from tools.cli.console import console, counted, iso, plural, printable, table
from tools.cli.errors import InterruptedRunError, OperatorError, explain
from tools.cli.findings import unless_refused
from tools.cli.options import Deployment
from tools.incident.leak import Concerned
from tools.incident.quarantine import Quarantine, group_name, group_of
from tools.incident.run import Outcome, Run
from tools.registry import raw
from tools.registry.certificates import short

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="List whom it concerns; change nothing."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def reason_option(*, required: bool, shown: str | None = None) -> Callable[[Any], Any]:
    """Return the option that says why; an empty reason is none."""
    return click.option(
        "--reason",
        required=required,
        callback=_reason,
        metavar="TEXT",
        show_default=shown or False,
        help="Why; kept in the record of each device.",
    )


def _reason(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    if value is not None and not value.strip():
        raise click.BadParameter("The reason is empty.")
    return value


def confirmed(question: str) -> bool:
    """Ask, on standard error; no answer is a no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # The answer's line has no end.
        click.echo(err=True)
        return False


def quarantine_of(deployment: Deployment, reason: str, missing: list[str]) -> Quarantine:
    """Return what puts devices into quarantine; say where there is no group for their things."""
    prefix = deployment.name_prefix()
    group = unless_refused(
        lambda: group_of(deployment.iot, prefix), "the quarantine group", missing
    )
    if group is None and not missing:
        missing.append(f"There is no group {group_name(prefix)}: things stay in their groups only.")
    return Quarantine(
        registry=deployment.registry,
        iot=deployment.iot,
        name_prefix=prefix,
        group=group,
        by=deployment.caller_arn,
        reason=reason,
    )


def print_listed(found: Sequence[Concerned]) -> None:
    """Print whom an incident concerns, and the certificates that others of them had before."""
    came_in = [each for each in found if each.came_in]
    if came_in:
        headings = ("Serial", "Record", "Claimed", "Certificate", "Batch", "Reason")
        console().print(table(headings, map(_listed, came_in)))
    _print_former([(each.serial_number, short(c), "") for each in found for c in each.former])


def _listed(each: Concerned) -> tuple[str, ...]:
    item = each.item or {}
    return (
        each.serial_number,
        raw.text(item, "status") or ("malformed" if item else "none"),
        _claimed(each),
        short(raw.text(item, "certificateId") or "-"),
        raw.text(item, "batch") or "-",
        raw.text(item, "statusReason") or "-",
    )


def _claimed(each: Concerned) -> str:
    claimed_at = raw.seconds(each.item or {}, "claimedAt")
    return "-" if claimed_at is None else iso(claimed_at)


def _print_former(rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        console().print("\nCertificates that came in through it and are not the present ones")
        console().print(table(("Serial", "Certificate", "Outcome"), rows))


def carry_out(run: Run, how_to_go_on: str) -> None:
    """Deal with all devices, with a progress bar.

    Raises:
        InterruptedRunError: somebody stopped it.
        OperatorError: AWS cannot be used.
    """
    try:
        for todo in run.rounds():
            for _ in counted("Quarantine", run.deal_with(todo), total=len(todo)):
                pass
    except KeyboardInterrupt:
        raise InterruptedRunError(f"Interrupted {_after(run)}. {how_to_go_on}") from None
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(f"{explain(error)} This was {_after(run)}. {how_to_go_on}") from error


def _after(run: Run) -> str:
    return f"after {plural(len(run.outcomes), 'device')}"


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print what became of each device; what went wrong once more, on standard error."""
    rows = [
        (each.concerned.serial_number, _claimed(each.concerned), each.report.sentence)
        for each in outcomes
        if each.report is not None
    ]
    if rows:
        console().print(table(("Serial", "Claimed", "Outcome"), rows))
    _print_former(
        [
            (each.concerned.serial_number, short(certificate_id), report.sentence)
            for each in outcomes
            for certificate_id, report in zip(each.concerned.former, each.former, strict=True)
        ]
    )
    for sentence in problems(outcomes):
        click.echo(printable(sentence), err=True)


def problems(outcomes: Iterable[Outcome]) -> list[str]:
    """Return what went wrong, in sentences."""
    reports = (report for each in outcomes for report in (each.report, *each.former))
    return [report.sentence for report in reports if report is not None and not report.ok]


def count_sentence(outcomes: Sequence[Outcome]) -> str:
    """Say how many devices are in quarantine."""
    reports = [each.report for each in outcomes if each.report is not None]
    done = sum(report.ok for report in reports)
    return f"{done:,} of {plural(len(reports), 'device')} in quarantine."


def device_json(each: Concerned, outcome: Outcome | None = None) -> dict[str, Any]:
    """Return one device as JSON knows it, with what became of it."""
    item = each.item or {}
    report = outcome.report if outcome else None
    return {
        "serialNumber": each.serial_number,
        "status": raw.text(item, "status"),
        "claimedAt": raw.seconds(item, "claimedAt"),
        "certificateId": raw.text(item, "certificateId"),
        "result": report and report.result,
        "sentence": report and report.sentence,
    }
