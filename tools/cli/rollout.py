"""``rollout``: a manifest of accounts and Regions, checked and in the forms that others read."""

from pathlib import Path

import click

from tools.cli.console import console, json_line, note, plural, printable, table
from tools.cli.errors import PARTLY
from tools.cli.rollout_errors import in_sentences
from tools.cli.rollout_removals import removals_of_plan
from tools.cli.rollout_run import run
from tools.rollout import atlantis as atlantis_file
from tools.rollout import matrix as github_matrix
from tools.rollout import sums
from tools.rollout import tfvars as tfvars_files
from tools.rollout.manifest import ManifestError, load
from tools.rollout.model import Manifest

_manifest_argument = click.argument(
    "manifest_file", metavar="MANIFEST", type=click.Path(path_type=Path, dir_okay=False)
)


@click.group(short_help="Many accounts and Regions, in waves.")
def rollout() -> None:
    """One tested artefact through many accounts and Regions, in waves, from one manifest."""


@rollout.command(
    short_help="Say every mistake in a manifest.",
    epilog="""\b
Examples:
  iot-provisioning rollout validate rollout.yaml

All mistakes are told at once, each with its line and what to change. Exit code 1 if there is one.
Nothing is asked of AWS.""",
)
@_manifest_argument
@click.pass_context
def validate(context: click.Context, manifest_file: Path) -> None:
    """Check MANIFEST."""
    try:
        manifest = load(manifest_file)
    except ManifestError as error:
        for mistake in error.mistakes:
            click.echo(printable(f"{manifest_file}:{mistake.line}: {mistake.sentence}"))
        note(f"{plural(len(error.mistakes), 'mistake')}.")
        context.exit(PARTLY)
    click.echo(f"{manifest_file}: {_extent(manifest)}.")


def _extent(manifest: Manifest) -> str:
    accounts = len({target.account_id for target in manifest.targets})
    regions = len({target.region for target in manifest.targets})
    return (
        f"{plural(len(manifest.targets), 'target')} in {plural(accounts, 'account')} and "
        f"{plural(regions, 'Region')}, {plural(len(manifest.waves), 'wave')}"
    )


@rollout.command(
    short_help="List the targets, wave by wave.",
    epilog="""\b
Examples:
  iot-provisioning rollout targets rollout.yaml
  iot-provisioning rollout targets rollout.yaml --json | jq -r 'select(.wave == "pilot") | .target'

In the order in which they start. Exit code 3 if the manifest has a mistake.""",
)
@_manifest_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def targets(manifest_file: Path, *, as_json: bool) -> None:
    """List what MANIFEST rolls out to."""
    with in_sentences():
        manifest = load(manifest_file)
    if as_json:
        for target in manifest.targets:
            json_line(
                {
                    "wave": target.wave,
                    "target": target.key,
                    "state": target.backend.place,
                    "variables": target.terraform_variables(),
                }
            )
        return
    out = console()
    for wave in manifest.waves:
        out.print(
            f"\nWave {wave.name}: {plural(len(wave.targets), 'target')}, {wave.max_parallel} at a "
            f"time, {plural(wave.tolerated_failures, 'failure')} tolerated, bakes for "
            f"{wave.bake_seconds / 60:g} minutes"
        )
        out.print(
            table(
                ("Target", "Account", "Role", "State"),
                [
                    (target.key, target.account_id, target.role_arn or "-", target.backend.place)
                    for target in wave.targets
                ],
            )
        )


@rollout.command(
    short_help="The waves as GitHub Actions matrices.",
    epilog="""\b
Examples:
  iot-provisioning rollout matrix rollout.yaml
  echo "waves=$(iot-provisioning rollout matrix rollout.yaml)" >> "$GITHUB_OUTPUT"

Run it in the repository's root. Prints one JSON array: for each wave its name, configuration,
environment, max_parallel, failure_tolerance, bake_minutes and matrix; .github/workflows/rollout.yml
reads it. Exit code 3 if the manifest has a mistake, keeps states in local files, takes packages
from a directory without their digests, or has a wave beyond GitHub's limits (256 jobs of a matrix,
six hours for a job).""",
)
@_manifest_argument
def matrix(manifest_file: Path) -> None:
    """Print MANIFEST as GitHub Actions reads it."""
    with in_sentences():
        json_line(github_matrix.of(load(manifest_file), Path.cwd()))


@rollout.command(
    short_help="Each target's variables and backend.",
    epilog="""\b
Examples:
  iot-provisioning rollout tfvars rollout.yaml targets
  iot-provisioning rollout tfvars rollout.yaml targets --sums build/SHA256SUMS

Writes <account name>/<region>.tfvars.json for `terraform plan -var-file` and
<account name>/<region>.tfbackend.json for `terraform init -backend-config`, and removes such files
of targets that the manifest no longer has. The same manifest makes the same bytes. With --sums,
every target gets the packages' digests and takes no other package.""",
)
@_manifest_argument
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--sums",
    "sums_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The packages' digests, as `make package` writes them.",
)
def tfvars(manifest_file: Path, directory: Path, sums_file: Path | None) -> None:
    """Write what Terraform reads for each target of MANIFEST below DIRECTORY."""
    with in_sentences():
        manifest = load(manifest_file)
        digests = sums.read(sums_file, manifest) if sums_file else None
        files = tfvars_files.files(manifest, digests)
        removed = tfvars_files.write(files, directory)
    for path in removed:
        note(f"{path} was removed: the manifest has no such target.")
    note(f"{plural(len(files), 'file')} for {plural(len(manifest.targets), 'target')}.")


@rollout.command(
    short_help="The manifest as an atlantis.yaml.",
    epilog="""\b
Examples:
  iot-provisioning rollout tfvars rollout.yaml targets
  iot-provisioning rollout atlantis rollout.yaml targets > atlantis.yaml
  iot-provisioning rollout atlantis rollout.yaml targets --server > repos.yaml

Run it in the repository's root. atlantis.yaml has a project for each target, applied in the order
of the waves. The workflow, which reads the files that `rollout tfvars` wrote below DIRECTORY,
belongs to the Atlantis server (--repo-config), where no pull request can change it. Exit code 3 if
the manifest has a mistake, keeps states in local files or takes packages from a directory without
their digests, or if it or DIRECTORY is outside of the repository.""",
)
@_manifest_argument
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--server", is_flag=True, help="Print what belongs to the Atlantis server.")
def atlantis(manifest_file: Path, directory: Path, *, server: bool) -> None:
    """Print MANIFEST as Atlantis reads it, with the values in DIRECTORY."""
    make = atlantis_file.server if server else atlantis_file.document
    with in_sentences():
        manifest = load(manifest_file)
        content = make(manifest, Path.cwd(), directory)
    click.echo(atlantis_file.text(manifest, content), nl=False)


rollout.add_command(removals_of_plan, "removals")
rollout.add_command(run)
