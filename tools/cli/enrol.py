"""``enrol``: devices from files into the registry."""

import time
from collections.abc import Mapping
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from device_registry.record import ReprovisionPolicy
from tools.cli.console import console, json_line, note, printable, progress, table
from tools.cli.errors import PARTLY, InterruptedRunError, OperatorError, explain
from tools.cli.options import CONNECTIONS, Deployment, stack_options
from tools.enrolment import checkpoint as checkpoints
from tools.enrolment.batch import Counts
from tools.enrolment.rows import MAX_BATCH_CHARACTERS
from tools.enrolment.run import Plan, Progress, as_json, enrol_file
from tools.enrolment.source import SUFFIXES, FileRefusedError, Format
from tools.registry.table import ThrottledError

_STANDARD_INPUT = "-"

_EPILOG = f"""\b
Columns (CSV header) or keys (JSON Lines):
  serialNumber                1 to 64 letters, digits, '_' and '-'; canary-... is reserved
  deviceType                  a device type of the stack
  manufacturer                optional; if given, the device has to send the same
  batch                       optional; up to {MAX_BATCH_CHARACTERS} characters
  enrolmentExpiresAt          optional; 2027-01-31T12:00:00Z or seconds since 1970
  requiredClaimCertificateId  optional; only this claim certificate may bring it in, or with the
                              certificate id of a CA: only what this CA signed, through its gate
  reprovisionPolicy           optional; never or replace; default: the device type's

\b
Examples:
  iot-provisioning enrol devices.csv
  iot-provisioning enrol --dry-run spring.csv summer.jsonl
  gzip -dc devices.csv.gz | iot-provisioning enrol --format csv -

A row that says what the registry says already costs one read and no write. A device that was
claimed, suspended or revoked is never changed; its row is refused. Refused rows go to
FILE.problems.jsonl, one line for each mistake; those of a dry run to FILE.dry-run.problems.jsonl.
An interrupted run leaves FILE.enrol-checkpoint.json, and the same command goes on from there.

AWS actions: dynamodb:BatchGetItem, dynamodb:DescribeTable, dynamodb:PartiQLInsert,
dynamodb:UpdateItem on the table.
Exit code 1 if a row was refused or failed."""


@click.command(epilog=_EPILOG, short_help="Enrol devices from CSV or JSON Lines.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    help="How the files are written. Default: by their suffix.",
)
@click.option(
    "--dry-run", is_flag=True, help="Read, check and compare; write nothing to the table."
)
@click.option("--restart", is_flag=True, help="Begin at the first row, whatever was done before.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where refused rows go; for one input only.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, CONNECTIONS),
    default=8,
    show_default=True,
    help="How many batches of 100 rows are under way at a time.",
)
@click.option("--json", "as_json_lines", is_flag=True, help="Print the summary as JSON.")
@stack_options("table")
@click.pass_context
def enrol(
    context: click.Context,
    files: tuple[str, ...],
    form: str | None,
    report: Path | None,
    *,
    workers: int,
    deployment: Deployment,
    dry_run: bool,
    restart: bool,
    as_json_lines: bool,
) -> None:
    """Write the devices of each FILE to the registry; '-' reads standard input."""
    if report is not None and len(files) > 1:
        raise click.UsageError(
            "--report is for one input; without it each has a report of its own."
        )
    types = deployment.stack.device_types
    catalogue: dict[str, ReprovisionPolicy] | None = None
    if types is None:
        note("No stack file: device types are not checked, and nothing is replaced by default.")
    else:
        catalogue = {name: entry.reprovision_policy for name, entry in types.items()}
    formats = {path: _format(path, form) for path in files}
    reports = {path: report or _report_beside(path, dry_run=dry_run) for path in files}
    _refuse_collisions(files, reports, dry_run=dry_run)
    registry = deployment.registry
    caller_arn = deployment.caller_arn
    results: list[tuple[Plan, Counts, float]] = []
    for path in files:
        plan = Plan(
            path=path,
            form=formats[path],
            report=reports[path],
            checkpoint=None if dry_run or path == _STANDARD_INPUT else _checkpoint(path),
            table=registry,
            caller_arn=caller_arn,
            catalogue=catalogue,
            workers=workers,
            dry_run=dry_run,
            restart=restart,
        )
        results.append((plan, *_enrol_one(plan)))
    _summarise(results, as_json_lines=as_json_lines, dry_run=dry_run)
    if any(counts.refused or counts.failed for _, counts, _ in results):
        context.exit(PARTLY)


def _format(path: str, form: str | None) -> Format:
    if form is not None:
        return Format(form)
    try:
        return SUFFIXES[Path(path).suffix.lower()]
    except KeyError:
        raise click.UsageError(
            f"How is {path!r} written? Its suffix is none of {', '.join(SUFFIXES)}; give --format."
        ) from None


def _beside(path: str, suffix: str) -> Path:
    return Path(f"standard-input.{suffix}" if path == _STANDARD_INPUT else f"{path}.{suffix}")


def _report_beside(path: str, *, dry_run: bool) -> Path:
    return _beside(path, "dry-run.problems.jsonl" if dry_run else "problems.jsonl")


def _checkpoint(path: str) -> Path:
    return _beside(path, "enrol-checkpoint.json")


def _refuse_collisions(
    files: tuple[str, ...], reports: Mapping[str, Path], *, dry_run: bool
) -> None:
    """Refuse a report that would overwrite what the command reads or goes on from.

    Raises:
        click.UsageError: it would.
    """
    inputs = [path for path in files if path != _STANDARD_INPUT]
    for report in reports.values():
        for path in inputs:
            if _same(report, Path(path)):
                raise click.UsageError(f"The report would overwrite {path}: give another --report.")
            if _same(report, _checkpoint(path)):
                raise click.UsageError(
                    f"The report would overwrite {report}, from which an interrupted run goes on: "
                    "give another --report."
                )
            saved = checkpoints.load(_checkpoint(path)) if dry_run else None
            if saved is not None and _same(report, Path(saved.report)):
                raise click.UsageError(
                    f"{report} belongs to an interrupted run: give a dry run another --report."
                )


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _enrol_one(plan: Plan) -> tuple[Counts, float]:
    began = time.monotonic()
    state: Progress | None = None
    try:
        size = None if plan.path == _STANDARD_INPUT else Path(plan.path).stat().st_size
        with progress("rows") as bar:
            task = bar.add_task(plan.path, total=size, count=0)

            def tell(news: Progress) -> None:
                nonlocal state
                if state is None and news.resumed_rows:
                    bar.console.print(
                        f"Going on behind line {news.position.line} of {plan.path}; "
                        f"{news.resumed_rows:,} rows were done before."
                    )
                for sentence in news.notes if state is None else ():
                    bar.console.print(printable(sentence))
                state = news
                bar.update(
                    task,
                    completed=news.position.offset,
                    count=news.counts.rows,
                    before=news.resumed_rows,
                )

            final = enrol_file(plan, tell)
    except KeyboardInterrupt:
        raise InterruptedRunError(_how_to_go_on("Interrupted", plan, state)) from None
    except FileRefusedError as error:
        raise OperatorError(f"{plan.path} is not an enrolment file. {error}") from error
    except OSError as error:
        name = error.filename or plan.path
        raise OperatorError(f"{name} cannot be used: {error.strerror}.") from error
    except ThrottledError as error:
        sentence = "DynamoDB kept throttling the table through all retries"
        raise OperatorError(_how_to_go_on(sentence, plan, state)) from error
    except (ClientError, BotoCoreError) as error:
        stopped = explain(error).rstrip(".")
        raise OperatorError(_how_to_go_on(stopped, plan, state)) from error
    return final.counts, (final.counts.rows - final.resumed_rows) / (time.monotonic() - began)


def _how_to_go_on(sentence: str, plan: Plan, state: Progress | None) -> str:
    if state is None:
        return f"{sentence}. Nothing of {plan.path} was enrolled."
    if not state.counts.rows and not plan.dry_run:
        return (
            f"{sentence}. Rows of {plan.path} that were under way may be in the registry; run the "
            "same command again, which only compares what is there."
        )
    if plan.checkpoint is None:
        return f"{sentence}. {plan.path} was read up to line {state.position.line}."
    return (
        f"{sentence}. {plan.path} is done up to line {state.position.line}; run the same command "
        "again to go on from there."
    )


def _summarise(
    results: list[tuple[Plan, Counts, float]],
    *,
    as_json_lines: bool,
    dry_run: bool,
) -> None:
    if as_json_lines:
        for plan, counts, rate in results:
            json_line({"file": plan.path, **as_json(counts), "rowsPerSecond": round(rate, 1)})
    else:
        headings = ("File", "Rows", "New", "Changed", "Unchanged", "Refused", "Failed", "Rows/s")
        rows = [
            (
                plan.path,
                counts.rows,
                counts.new,
                counts.changed,
                counts.unchanged,
                counts.refused,
                counts.failed,
                round(rate),
            )
            for plan, counts, rate in results
        ]
        console().print(table(headings, rows))
    if dry_run:
        note("A dry run: the registry was not changed.")
    for plan, counts, _ in results:
        if counts.refused or counts.failed:
            note(f"What was not enrolled, and why: {plan.report}")
