"""``audit-suppress``: tells Device Defender's audits what is so by design."""

from datetime import UTC, datetime
from typing import Any

import click

from tools.cli.console import console, note, table
from tools.cli.errors import PARTLY
from tools.cli.options import STACK_VARIABLE, Deployment, stack_options
from tools.defender import suppressions
from tools.defender.suppressions import CHECKS, PERMISSIVE_POLICY, SHARED_CERTIFICATE, Suppression

_EPILOG = """\b
Examples:
  iot-provisioning audit-suppress --dry-run
  iot-provisioning audit-suppress --until 2030-12-31
  iot-provisioning audit-suppress --remove

A claim certificate is shared by design, and its policy lets it connect under many client ids:
audits may report both. This makes a suppression for each claim certificate of the stack, and for
the present version of each claim policy: a changed policy is judged anew. Run it after
`terraform apply` has made a claim certificate or changed a claim policy. Findings about devices'
own certificates stay. Exit code 1 if the stack has no claim certificate and no claim policy.

AWS actions: iot:GetPolicy, iot:CreateAuditSuppression, iot:UpdateAuditSuppression; to remove,
iot:ListAuditSuppressions and iot:DeleteAuditSuppression."""


def _until(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> Any:
    if value is None:
        return None
    end = value.replace(tzinfo=UTC)
    if end <= datetime.now(UTC):
        raise click.BadParameter("The day must be in the future.")
    return end


@click.command(
    name="audit-suppress",
    epilog=_EPILOG,
    short_help="Suppress audit findings about claims.",
)
@click.option(
    "--check",
    "checks",
    multiple=True,
    type=click.Choice(CHECKS),
    default=CHECKS,
    help="Of this check only. Default: both.",
)
@click.option(
    "--until",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_until,
    help="The day, in UTC, on which findings are reported again. Default: never.",
)
@click.option("--remove", is_flag=True, help="Report these findings again.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, do nothing.")
@stack_options()
@click.pass_context
def audit_suppress(
    context: click.Context,
    deployment: Deployment,
    checks: tuple[str, ...],
    until: datetime | None,
    *,
    remove: bool,
    dry_run: bool,
) -> None:
    """Keep Device Defender's audits from reporting the stack's claims."""
    if remove and until is not None:
        raise click.UsageError("--remove and --until exclude each other.")
    stack = deployment.stack
    if stack.name_prefix is None:
        raise click.UsageError(
            "Whose claims? Give --stack FILE (the output of `terraform output -json`), or set "
            f"{STACK_VARIABLE}."
        )
    if not (stack.claim_certificate_ids or stack.claim_policy_names):
        note(f"The stack {stack.name_prefix} has no claim certificate and no claim policy.")
        context.exit(PARTLY)
    found = _existing(deployment, checks) if remove else _wanted(deployment, checks)
    why = f"Claims of {stack.name_prefix} are shared by design."
    rows = []
    for one in found:
        if dry_run:
            outcome = "would be removed" if remove else "would be suppressed"
        elif remove:
            outcome = suppressions.remove(deployment.iot, one)
        else:
            outcome = suppressions.suppress(deployment.iot, one, why=why, until=until)
        rows.append((str(outcome), one.check, one.subject))
    if not rows:
        note("There is nothing to remove." if remove else "There is nothing to suppress.")
        return
    console().print(table(("Result", "Check", "About"), rows))


def _wanted(deployment: Deployment, checks: tuple[str, ...]) -> list[Suppression]:
    stack = deployment.stack
    found: list[Suppression] = []
    if SHARED_CERTIFICATE in checks:
        found += suppressions.for_certificates(stack.claim_certificate_ids)
    if PERMISSIVE_POLICY in checks:
        found += suppressions.for_policies(deployment.iot, stack.claim_policy_names)
    return found


def _existing(deployment: Deployment, checks: tuple[str, ...]) -> list[Suppression]:
    stack = deployment.stack
    # All are read before the first goes: a page that shrinks while it is read would skip some.
    return list(
        suppressions.existing(
            deployment.iot, checks, stack.claim_certificate_ids, stack.claim_policy_names
        )
    )
