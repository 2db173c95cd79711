"""``prune-template-versions``: makes room for a provisioning template's next version."""

import click

from device_registry import names
from template_versions import templates
from template_versions.plan import plan
from tools.cli.console import note
from tools.cli.errors import PARTLY
from tools.cli.options import Deployment, stack_options

_EPILOG = """\b
Examples:
  iot-provisioning prune-template-versions fleet --dry-run
  iot-provisioning prune-template-versions acme-fleet

AWS IoT keeps five versions of a template and Terraform's provider removes none, so the fifth
change of a body fails. The stack prunes by itself unless that is switched off; this does the same
by hand, before `terraform apply`.

AWS actions: iot:ListProvisioningTemplateVersions, iot:DeleteProvisioningTemplateVersion."""


@click.command(
    name="prune-template-versions",
    epilog=_EPILOG,
    short_help="Delete a template's oldest versions.",
)
@click.argument("template")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, delete nothing.")
@stack_options()
@click.pass_context
def prune_template_versions(
    context: click.Context, template: str, deployment: Deployment, *, dry_run: bool
) -> None:
    """Keep the default and the newest other version of TEMPLATE.

    TEMPLATE is the template's name, or its key in the stack.
    """
    name = deployment.stack.template_names.get(template, template)
    if not names.matches(names.TEMPLATE_NAME, name):
        raise click.BadParameter(f"{name!r} is not a template's name.", param_hint="TEMPLATE")
    found = templates.versions(deployment.iot, name)
    if not found:
        note(f"There is no provisioning template {name} in this account and Region.")
        context.exit(PARTLY)
    chosen = plan(found)
    if not dry_run:
        for version_id in chosen.delete:
            templates.delete(deployment.iot, name, version_id)
    verb = "would be deleted" if dry_run else "deleted"
    click.echo(f"{name}: {_ids(chosen.delete)} {verb}, {_ids(chosen.keep)} kept.")


def _ids(version_ids: list[int]) -> str:
    if not version_ids:
        return "no version"
    return f"version {', '.join(str(version_id) for version_id in version_ids)}"
