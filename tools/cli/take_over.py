"""``take-over``: the records of a Region that is lost are decided about in this one."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click
from botocore.exceptions import BotoCoreError, ClientError

from tools.cli.arguments import gather, region
from tools.cli.console import console, counted, json_line, note, plural, printable, table
from tools.cli.errors import PARTLY, InterruptedRunError, OperatorError, explain
from tools.cli.options import CONNECTIONS, Deployment, stack_options
from tools.registry.table import ThrottledError
from tools.takeover.plan import Outcome, TakeOver
from tools.takeover.run import Result, Selection, count, move

_MEANINGS = {
    Outcome.MOVED: "Home moved",
    Outcome.HERE: "Had that home already",
    Outcome.ELSEWHERE: "Another home",
    Outcome.NOT_CLAIMABLE: "Nobody could claim them as they are",
    Outcome.CANARY: "Canaries, which stay at home",
    Outcome.MALFORMED: "Malformed",
    Outcome.UNKNOWN: "Not enrolled",
    Outcome.FAILED: "Not moved",
}
# What an operator has to look at.
_WRONG = (Outcome.MALFORMED, Outcome.UNKNOWN, Outcome.FAILED)

_MUST_NOT_GRANT = (
    "{lost} must not go on granting: as long as anything answers devices there, one serial number "
    "may be granted in both Regions, and one of the two devices is cut off when they meet. First "
    "see that its templates are disabled and its CAs are inactive or, where you cannot reach it, "
    "that AWS says so of AWS IoT, AWS Lambda or Amazon DynamoDB there."
)

_EPILOG = """\b
Examples:
  iot-provisioning take-over --from eu-west-1 --dry-run
  iot-provisioning take-over --from eu-west-1
  iot-provisioning take-over --from eu-west-1 --serials serials.txt
  AWS_REGION=eu-central-1 iot-provisioning take-over --from eu-central-1 --to eu-west-1

Run it against the stack that goes on: its stack file, its AWS_REGION. The records whose home is the
lost Region get this one as their home, those that name none too where that is the default. From
then on the hook and the gates here let their devices in; what is in already was never cut off.

By default the records move that may still be claimed: ENROLLED, PROVISIONING, and ACTIVE where the
certificate may be replaced. A device that is released or resumed afterwards moves with --serials;
--all moves every record, whatever its status. Each write wins over what the lost Region wrote of
the same record and could not send, so no more is written than has to be.

A Region that lives hands over instead: run with --to against the stack of the Region that is the
home now. It decides there about each record up to the write, and no longer from then on, so nothing
has to be stopped.

Who moved a record, and when, is kept in it: `show` has it. Everything may be repeated: what has
moved is left alone, so an interrupted run goes on where it is run again.

AWS actions: dynamodb:Query on the index by-status, dynamodb:UpdateItem; with --all or --batch
dynamodb:Scan, with --serials dynamodb:BatchGetItem.
Exit code 1 if a record could not be moved, is malformed or unknown, or nobody said yes."""


@click.command(
    name="take-over", epilog=_EPILOG, short_help="Move the home of a lost Region's records here."
)
@click.option(
    "--from",
    "lost",
    required=True,
    metavar="REGION",
    callback=region,
    help="The Region whose records are taken over.",
)
@click.option(
    "--to",
    "receiving",
    metavar="REGION",
    callback=region,
    help="Hand over to this Region instead, from that of the stack.",
)
@click.option("--all", "everything", is_flag=True, help="Records in every status.")
@click.option("--batch", metavar="BATCH", help="Only records that were enrolled with this batch.")
@click.option(
    "--serials",
    "serials_file",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="Only these serial numbers, one a line; '-' is standard input.",
)
@click.option(
    "--default-home-region",
    metavar="REGION",
    callback=region,
    help="The home of records that name none, instead of the stack's.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, CONNECTIONS),
    default=16,
    show_default=True,
    help="How many records are under way at a time.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be moved; write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@stack_options("table")
@click.pass_context
def take_over(
    context: click.Context,
    lost: str,
    deployment: Deployment,
    *,
    receiving: str | None,
    batch: str | None,
    serials_file: TextIO | None,
    default_home_region: str | None,
    everything: bool,
    workers: int,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Let this Region decide about the records of another one, which is lost."""
    if batch is not None and serials_file is not None:
        raise click.UsageError("Give --batch or --serials, not both.")
    own = _new_home(deployment, lost, receiving)
    serials = None if serials_file is None else gather((), serials_file)
    selection = Selection(batch=batch, serials=serials)
    plan = TakeOver(
        lost=lost,
        own=own,
        default_home=default_home_region or deployment.stack.default_home_region,
        every_status=everything,
        by=deployment.caller_arn,
        at=int(time.time()),
    )
    _warn(plan, handed_over=receiving is not None)
    with _how_to_go_on(Counter()):
        found = count(deployment.registry, plan, selection)
    moving = found[Outcome.MOVED]
    if dry_run or not moving:
        _print(found, as_json=as_json)
        note("A dry run: nothing was moved." if dry_run else "There is nothing to move.")
    elif not yes and not _confirmed(moving, plan):
        note("Nothing was moved.")
        context.exit(PARTLY)
    else:
        found = _move(deployment, plan, selection, found.total(), workers=workers)
        _print(found, as_json=as_json)
        _conclude(found, plan)
    if any(found[outcome] for outcome in _WRONG):
        context.exit(PARTLY)


def _new_home(deployment: Deployment, lost: str, receiving: str | None) -> str:
    """Return the Region that takes over: where clients and stack are, or whom these hand over to.

    Raises:
        click.UsageError: clients and stack are in two Regions, or in the wrong one.
    """
    own = deployment.dynamodb.meta.region_name
    of_stack = deployment.stack.region
    if of_stack not in (None, own):
        raise click.UsageError(
            f"The stack file is that of {of_stack}, and AWS_REGION is {own}: set both to one "
            "Region."
        )
    if receiving is None and own == lost:
        raise click.UsageError(
            f"{lost} cannot take over from itself: set --stack and AWS_REGION to the Region that "
            "goes on, or hand over with --to."
        )
    if receiving is not None and (own != lost or receiving == lost):
        raise click.UsageError(
            f"With --to a Region hands over what is its own: {own} has nothing of {lost} to hand "
            f"over to {receiving}. Set --stack and AWS_REGION to {lost}, and --to to another."
        )
    return receiving or own


def _warn(plan: TakeOver, *, handed_over: bool) -> None:
    if handed_over:
        note(f"Until {plan.own} has heard of a record's move, neither Region grants it.")
    else:
        note(_MUST_NOT_GRANT.format(lost=plan.lost))
    if plan.default_home is None:
        note(
            "The stack names no default home Region, so records without a home are left alone; "
            "--default-home-region says otherwise."
        )


def _confirmed(moving: int, plan: TakeOver) -> bool:
    question = f"Move the home of {plural(moving, 'record')} from {plan.lost} to {plan.own}?"
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # The answer's line has no end.
        click.echo(err=True)
        return False


def _move(
    deployment: Deployment, plan: TakeOver, selection: Selection, total: int, *, workers: int
) -> Counter[Outcome]:
    done: Counter[Outcome] = Counter()
    results = move(deployment.registry, plan, selection, workers=workers)
    with _how_to_go_on(done):
        for result in counted("Taking over", results, total=total):
            done[result.outcome] += 1
            _tell(result)
    return done


@contextmanager
def _how_to_go_on(done: Counter[Outcome]) -> Iterator[None]:
    """Say how far a run came that ends early.

    Raises:
        InterruptedRunError: somebody stopped it.
        OperatorError: the registry cannot be used.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedRunError(_ended("Interrupted", done)) from None
    except ThrottledError as error:
        sentence = "DynamoDB kept throttling the table through all retries"
        raise OperatorError(_ended(sentence, done)) from error
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(_ended(explain(error).rstrip("."), done)) from error


def _ended(sentence: str, done: Counter[Outcome]) -> str:
    return (
        f"{sentence}. {plural(done[Outcome.MOVED], 'record')} moved so far; run the same command "
        "again to go on."
    )


def _tell(result: Result) -> None:
    if result.problem is not None:
        click.echo(printable(result.problem), err=True)


def _print(found: Counter[Outcome], *, as_json: bool) -> None:
    if as_json:
        json_line({outcome.value: found[outcome] for outcome in Outcome})
        return
    rows = [(_MEANINGS[outcome], found[outcome]) for outcome in Outcome if found[outcome]]
    console().print(table(("Records", "Number"), rows))


def _conclude(found: Counter[Outcome], plan: TakeOver) -> None:
    if found[Outcome.FAILED]:
        note("Run the same command again for those that were not moved.")
    note(
        f"Devices that ask in {plan.own} are let in there now. Enrol new ones that shall be so, "
        f"too, with --home-region {plan.own}."
    )
