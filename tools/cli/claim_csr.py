"""``claim-csr``: a claim certificate's key and signing request, made outside Terraform."""

import re
from pathlib import Path
from typing import Any

import click

from tools.claims.csr import KeyType, create, write
from tools.cli.errors import PARTLY, OperatorError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MAX_COMMON_NAME = 64

_EPILOG = """\b
Example:
  iot-provisioning claim-csr --name line-1 --out-dir claims

The request goes to Terraform, the key goes to the devices and nowhere else. An existing key is
never overwritten: devices may hold it. Exit code 1 if a file of that name exists."""


def _check_name(_context: click.Context, _parameter: click.Parameter, value: str) -> Any:
    if _NAME.fullmatch(value) is None:
        raise click.BadParameter("1 to 64 letters, digits, '_' and '-' make a name.")
    return value


def _check_common_name(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> Any:
    if value is not None and not 1 <= len(value) <= _MAX_COMMON_NAME:
        raise click.BadParameter("A common name has 1 to 64 characters.")
    return value


@click.command(name="claim-csr", epilog=_EPILOG, short_help="Make a claim key and its CSR.")
@click.option("--name", required=True, callback=_check_name, help="What the files are called.")
@click.option(
    "--out-dir",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go.",
)
@click.option("--common-name", callback=_check_common_name, help="The subject. Default: the name.")
@click.option(
    "--key-type",
    type=click.Choice([key_type.value for key_type in KeyType]),
    default=KeyType.EC_P256.value,
    show_default=True,
    help="The kind of key.",
)
@click.pass_context
def claim_csr(
    context: click.Context, name: str, out_dir: Path, common_name: str | None, key_type: str
) -> None:
    """Make a private key for a claim certificate, and the CSR that Terraform gets.

    So no private key is ever in Terraform's state.
    """
    key, request = create(KeyType(key_type), common_name or name)
    try:
        key_path, request_path = write(out_dir, name, key, request)
    except FileExistsError as error:
        click.echo(f"{error.filename or error} exists already; nothing was written.", err=True)
        context.exit(PARTLY)
    except OSError as error:
        raise OperatorError(f"{error.filename} cannot be written: {error.strerror}.") from error
    click.echo(f"Private key, for the devices only:  {key_path}")
    click.echo(f"Signing request, for Terraform:     {request_path}")
