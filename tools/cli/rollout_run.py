"""``rollout run``: take the artefact through the manifest's accounts and Regions, wave by wave."""

import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
import click

from tools.cli.console import console, note, plural, table
from tools.cli.errors import DONE, INTERRUPTED, PARTLY
from tools.cli.options import broker_options
from tools.cli.rollout_display import Display, removals, rows
from tools.cli.rollout_errors import in_sentences
from tools.rollout.begin import begin, chosen
from tools.rollout.manifest import load
from tools.rollout.model import Wave
from tools.rollout.report import HEADINGS, Report, State, read, write
from tools.rollout.run import Runner
from tools.rollout.steps.artefact import freeze
from tools.rollout.steps.commands import Commands
from tools.rollout.steps.gate import policy_gate
from tools.rollout.steps.local import LocalSteps
from tools.rollout.steps.verification import verification
from tools.verification.run import Check, verify

_EPILOG = """\b
Examples:
  iot-provisioning rollout run rollout.yaml --dry-run
  iot-provisioning rollout run rollout.yaml
  iot-provisioning rollout run rollout.yaml --resume
  iot-provisioning rollout run rollout.yaml --wave first --allow-destroy 'module.*.aws_sqs_queue.*'

Configuration, modules, policies and packages are copied when the run begins, and every target works
on a copy of that: what is edited meanwhile changes nothing. In each target the plan is saved,
checkov and the project's own checks look at it, and that plan is applied, or none. Then a device
provisions itself there, and once more after the wave's bake time.

A plan that destroys or replaces anything is refused, unless --allow-destroy names it. Patterns are
those of a shell. Tables, keys, buckets, log groups, certificates, AWS IoT policies and thing groups
(who is in quarantine) are covered only by a pattern with their type in it, such as
'*.aws_kms_key.*'.

The first Ctrl-C begins nothing new and lets applies finish; the second asks Terraform to end after
what it is doing at the moment. Either way the report is written. --resume leaves out what the
report calls done, unless its values, the configuration or a package have changed since.

AWS credentials come from the environment, and must be allowed to assume the manifest's roles. None
is written down.

\b
Exit code 0 if every target is as the manifest wants it (with --dry-run: could be planned), 1 if a
target failed or was not begun, 3 if the manifest, a package, Terraform or the report cannot be
used, 130 if it was interrupted."""


@click.command(epilog=_EPILOG, short_help="Plan, judge, apply and verify, wave by wave.")
@click.argument(
    "manifest_file", metavar="MANIFEST", type=click.Path(path_type=Path, dir_okay=False)
)
@click.option("--dry-run", is_flag=True, help="Plan and judge; apply nothing.")
@click.option("--resume", is_flag=True, help="Leave out what the report calls done.")
@click.option(
    "--wave", "names", multiple=True, metavar="NAME", help="Only this wave; may be repeated."
)
@click.option(
    "--allow-destroy",
    multiple=True,
    metavar="ADDRESS",
    help="What plans may destroy or replace: a pattern of addresses; may be repeated.",
)
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("reports/rollout.json"),
    show_default=True,
    metavar="FILE",
    help="The report; beside it goes the same as .md, and that of a dry run.",
)
@click.option("--no-verify", is_flag=True, help="Have no device provision itself after an apply.")
@broker_options
@click.pass_context
def run(
    context: click.Context,
    *,
    manifest_file: Path,
    names: tuple[str, ...],
    allow_destroy: tuple[str, ...],
    report_file: Path,
    address: str | None,
    port: int,
    ca_file: Path | None,
    dry_run: bool,
    resume: bool,
    no_verify: bool,
) -> None:
    """Roll out what MANIFEST describes."""
    if dry_run and resume:
        raise click.UsageError("--resume goes on with a rollout: a dry run has nothing to go on.")

    def provision(outputs: Mapping[str, Any], session: boto3.Session) -> Sequence[Check]:
        return verify(outputs, session, address=address, port=port, ca_file=ca_file).checks

    kept = report_file.with_suffix(".json")
    if dry_run:
        kept = kept.with_name(f"{kept.stem}-dry-run.json")
    with (
        tempfile.TemporaryDirectory(prefix="rollout-") as directory,
        in_sentences(),
    ):
        manifest = load(manifest_file)
        waves = chosen(manifest, names)
        earlier = read(kept) if kept.exists() and not dry_run else None
        artefact = freeze(manifest, Path(directory) / "artefact")
        rollout, report = begin(
            manifest,
            waves,
            sources=artefact.sources,
            packages=artefact.sha256,
            earlier=earlier,
            resumed=resume,
            dry_run=dry_run,
            now=time.time(),
        )
        steps = LocalSteps(
            manifest=manifest,
            artefact=artefact,
            commands=Commands(),
            policy_gate=policy_gate(),
            verification=None if no_verify else verification(provision),
        )
        with Display() as display:
            runner = Runner(
                steps,
                display,
                lambda report: write(report, kept),
                dry_run=dry_run,
                allow_destroy=allow_destroy,
            )
            if rollout.outcomes:
                display.say(f"{plural(len(rollout.outcomes), 'target')} done before, and unchanged")
            with _interrupts(runner, display):
                report = runner.run(rollout, report)
    console().print(table(HEADINGS, rows(report, waves)))
    if removed := removals(report, waves):
        console().print(table(("Target", "Plan", "Address"), removed))
    note(_verdict(report, kept, () if waves == manifest.waves else waves))
    context.exit(_exit_code(report))


@contextmanager
def _interrupts(runner: Runner, display: Display) -> Iterator[None]:
    """Let Ctrl-C, and being terminated, stop the run in good order."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        first = not runner.interrupted
        runner.interrupt()
        display.say(
            "Interrupted: applies under way finish first. Once more asks Terraform to end."
            if first
            else "Terraform was asked to end."
        )

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _verdict(report: Report, kept: Path, only: Sequence[Wave]) -> str:
    of_them = f" of {', '.join(f'the wave {wave.name}' for wave in only)}" if only else ""
    reason = report.reason or (
        f"Every target{of_them} can be planned; nothing was applied."
        if report.dry_run
        else f"Every target{of_them} is as the manifest wants it."
    )
    return f"{reason} The report is {kept}, and {kept.with_suffix('.md').name} beside it."


def _exit_code(report: Report) -> int:
    if report.state is State.INTERRUPTED:
        return INTERRUPTED
    return DONE if report.reason is None else PARTLY
