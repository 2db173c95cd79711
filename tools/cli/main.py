"""The command line's root: which commands there are, and how `--help` lists them."""

import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from tools.cli.audit_suppress import audit_suppress
from tools.cli.ca import ca
from tools.cli.claim_csr import claim_csr
from tools.cli.decommission import decommission
from tools.cli.enrol import enrol
from tools.cli.errors import EXIT_CODES, InterruptedRunError, in_sentences
from tools.cli.incident import incident
from tools.cli.list_devices import list_devices
from tools.cli.prune import prune_template_versions
from tools.cli.rollout import rollout
from tools.cli.show import show
from tools.cli.status import release, resume, revoke, suspend
from tools.cli.verify import verify
from tools.cli.why import why
from tools.device.cli import device

_SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Registry": (enrol, show, why, list_devices),
    "One device's status": (suspend, resume, release, revoke),
    "Whether devices can get in": (verify,),
    "When something happened": (incident,),
    "Removal and upkeep": (decommission, prune_template_versions, audit_suppress),
    "Certificate authorities": (ca,),
    "Many accounts and Regions": (rollout,),
    "Claims and devices": (claim_csr, device),
}

_EPILOG = f"""\b
Begin with:
  terraform output -json > stack.json
  export IOT_PROVISIONING_STACK=stack.json
  iot-provisioning enrol devices.csv
  iot-provisioning show SN-0001
  iot-provisioning list --status PROVISIONING

Region, credentials and endpoint come from the environment, as for the AWS CLI: AWS_REGION,
AWS_PROFILE, AWS_ENDPOINT_URL and the others.

{EXIT_CODES}"""


def _version() -> str:
    """Return the version: the installed distribution's, or in a checkout the project file's."""
    try:
        return metadata.version("iot-device-provisioning")
    except metadata.PackageNotFoundError:
        project = Path(__file__).resolve().parents[2] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


class SectionedGroup(click.Group):
    """A group whose commands are listed in sections, and whose AWS errors are sentences."""

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click passes it
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands under their headings, with one column width for all."""
        width = formatter.width - 6 - max(len(name) for name in self.commands)
        for heading, commands in _SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (str(command.name), command.get_short_help_str(width))
                        for command in commands
                    ],
                    col_spacing=4,
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            with in_sentences():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError("Interrupted. Run the command again to finish.") from None


@click.group(
    cls=SectionedGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(_version(), prog_name="iot-provisioning")
def cli() -> None:
    """Operate a fleet's device registry and what its devices have at AWS IoT."""


for _commands in _SECTIONS.values():
    for _command in _commands:
        cli.add_command(_command)
