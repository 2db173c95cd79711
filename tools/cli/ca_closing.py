"""``ca deactivate`` and ``ca revoke``: a CA whose key is stolen, and all that it signed."""

from collections.abc import Callable, Sequence
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from tools.authorities import closing, registered
from tools.authorities.closing import Found, Run, Target
from tools.cli.ca_options import Chosen, ca_option, choose, counts, shown, unknown_authority
from tools.cli.console import note, plural, printable
from tools.cli.errors import PARTLY, InterruptedRunError, OperatorError, explain
from tools.cli.options import Deployment, stack_options
from tools.cli.stack import Stack

_CLOSING_EPILOG = """\b
Examples:
  iot-provisioning ca {name} --ca northwind-2026 --dry-run
  iot-provisioning ca {name} --ca northwind-2026

First the CA is set inactive and its automatic registration off, so that nothing new gets in; then
every certificate it signed is set {target}. AWS takes ten certificates a second: 10,000 take 17
minutes. An interrupted run is finished by running it again. A connected device is disconnected
within a few minutes. Other accounts and Regions that have registered this CA know nothing of it:
run it in each.

AWS actions: iot:DescribeCACertificate, iot:UpdateCACertificate, iot:ListCertificatesByCA,
iot:UpdateCertificate.

Exit code 1 if a certificate could not be changed, or nobody said yes."""


def _command(name: str, target: Target, short: str, text: str) -> click.Command:
    @click.pass_context
    def callback(
        context: click.Context,
        name: str,
        deployment: Deployment,
        *,
        dry_run: bool,
        yes: bool,
    ) -> None:
        _close(context, deployment, choose(deployment, name), target, dry_run=dry_run, yes=yes)

    callback.__doc__ = text
    options: Sequence[Callable[[Any], Any]] = (
        ca_option,
        click.option("--dry-run", is_flag=True, help="Count what would change; change nothing."),
        click.option("--yes", is_flag=True, help="Do not ask for confirmation."),
        stack_options(),
    )
    decorated: Callable[..., Any] = callback
    for option in reversed(options):
        decorated = option(decorated)
    epilog = _CLOSING_EPILOG.format(name=name, target=target)
    return click.command(name=name, epilog=epilog, short_help=short)(decorated)


deactivate = _command(
    "deactivate",
    Target.INACTIVE,
    "Close a CA and its certificates, reversibly.",
    """Close a CA and set all its certificates INACTIVE.

    A certificate can be set active again one by one. Revoked ones stay revoked.
    """,
)
revoke = _command(
    "revoke",
    Target.REVOKED,
    "Close a CA and its certificates for good.",
    """Close a CA and set all its certificates REVOKED, for good.

    For a stolen CA key, once it is certain.
    """,
)


def _close(
    context: click.Context,
    deployment: Deployment,
    chosen: Chosen,
    target: Target,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    iot = deployment.iot
    found = list(registered.certificates(iot, chosen.certificate_id))
    if not found and registered.describe(iot, chosen.certificate_id) is None:
        note(unknown_authority(chosen))
        context.exit(PARTLY)
    concerned = sum(closing.needs(target, each.status) for each in found)
    note(f"CA {chosen.title}: {counts(found)}; {concerned:,} to be set {target}.")
    if dry_run:
        note("A dry run: nothing was changed.")
        return
    if not yes and not _confirmed(chosen, concerned, target):
        note("Nothing was changed.")
        context.exit(PARTLY)
    was = closing.close(iot, chosen.certificate_id)
    if was is Found.UNREGISTERED:
        note(f"CA {chosen.title} is not registered any more; what it signed still is.")
    else:
        note(f"CA {chosen.title} is inactive, and registers nothing automatically.")
    # Told before the long part, which somebody may interrupt.
    _tell_configuration(deployment.stack, chosen, was)
    run = Run(iot, chosen.certificate_id, target)
    _run(run)
    for certificate_id, reason in run.failures.items():
        click.echo(printable(f"{certificate_id} is not {target}: {reason}."), err=True)
    note(f"{plural(len(run.changed), 'certificate')} set {target}.")
    if run.failures or run.left:
        not_so = len(run.failures) + run.left
        note(f"{plural(not_so, 'certificate')} could not be set {target}. Run the command again.")
        context.exit(PARTLY)
    if run.changed or was is Found.OPEN:
        note(
            "Run it once more in five minutes: a provisioning that was under way may have "
            "activated a certificate."
        )


def _run(run: Run) -> None:
    how_to_go_on = "The CA is closed; run the same command again to finish."
    try:
        for todo in run.rounds():
            for _ in shown("Certificates", run.change(todo), total=len(todo)):
                pass
    except KeyboardInterrupt:
        raise InterruptedRunError(
            f"Interrupted after {plural(len(run.changed), 'certificate')}. {how_to_go_on}"
        ) from None
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(
            f"{explain(error)} {plural(len(run.changed), 'certificate')} had been set. "
            f"{how_to_go_on}"
        ) from error


def _confirmed(chosen: Chosen, concerned: int, target: Target) -> bool:
    final = " This is final." if target is Target.REVOKED else ""
    try:
        return click.confirm(
            f"Close CA {chosen.title}, and set {plural(concerned, 'certificate')} {target}? Every "
            f"device that has one is cut off.{final} Go on?",
            err=True,
        )
    except click.Abort:
        # The answer's line has no end.
        click.echo(err=True)
        return False


def _tell_configuration(stack: Stack, chosen: Chosen, was: Found) -> None:
    """Say what Terraform would do, unless it has been told, or knows nothing of the CA."""
    entry = stack.certificate_authorities.get(chosen.key) if chosen.key else None
    if entry is None:
        would_open = was is not Found.UNREGISTERED
    else:
        would_open = was is Found.OPEN or entry.active or entry.allow_auto_registration
    if not would_open:
        return
    where = (
        f"certificate_authorities, entry {chosen.key}" if chosen.key else "the CA's configuration"
    )
    note(
        "Terraform would open the CA again. Before the next apply, set in "
        f"{where}: active = false, allow_auto_registration = false."
    )
