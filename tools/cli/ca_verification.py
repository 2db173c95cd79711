"""``ca verification-certificate`` and ``verification-csr``: who holds a CA's key."""

import datetime as dt
import os
import warnings
from getpass import GetPassWarning
from pathlib import Path
from typing import Any

import click

from tools.authorities import pem, verification
from tools.authorities.pem import PrivateKey
from tools.authorities.verification import PassphraseNeededError
from tools.cli.ca_options import use_file
from tools.cli.console import printable
from tools.cli.errors import PARTLY, OperatorError
from tools.cli.options import Deployment
from tools.cli.stack import Stack

_MAX_DAYS = 365


def _registration_code(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> Any:
    if value is not None and verification.REGISTRATION_CODE.fullmatch(value) is None:
        raise click.BadParameter(
            "A registration code is 64 hexadecimal digits, as `aws iot get-registration-code` "
            "prints it."
        )
    return value


_code_option = click.option(
    "--registration-code",
    "code",
    metavar="CODE",
    callback=_registration_code,
    help="The account's and Region's registration code. Default: AWS IoT is asked for it.",
)
_out_option = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where it goes. An existing file is not overwritten.",
)

_VERIFICATION_EPILOG = """\b
Examples:
  iot-provisioning ca verification-certificate --ca-certificate ca.pem \\
    --ca-key ca.key.pem --out verification.pem
  iot-provisioning ca verification-csr --out request.pem  # key in an HSM

Only a CA in certificate mode DEFAULT needs one; a CA in mode SNI_ONLY is registered without. The
file goes to Terraform as verification_certificate_pem. The CA's key is read on this computer and
sent nowhere. A station without a network is given --registration-code, and asks nobody.

AWS action: iot:GetRegistrationCode, without --registration-code.
Exit code 1 if the file exists."""


@click.command(
    name="verification-certificate",
    epilog=_VERIFICATION_EPILOG,
    short_help="Sign a verification certificate with the CA's key.",
)
@click.option(
    "--ca-certificate",
    "certificate_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The CA's certificate, PEM.",
)
@click.option(
    "--ca-key",
    "key_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The CA's private key, PEM; RSA or EC.",
)
@click.option(
    "--passphrase-variable",
    metavar="NAME",
    help="The environment variable with the key's passphrase. Default: it is asked for.",
)
@_code_option
@click.option(
    "--days",
    type=click.IntRange(1, _MAX_DAYS),
    default=30,
    show_default=True,
    help="How long it is valid: until the CA is registered.",
)
@_out_option
@click.pass_context
def verification_certificate(  # noqa: PLR0917 - click passes them by name
    context: click.Context,
    certificate_file: Path,
    key_file: Path,
    passphrase_variable: str | None,
    code: str | None,
    days: int,
    out: Path,
) -> None:
    """Prove to AWS IoT that you hold a CA's private key.

    The certificate names the registration code and is signed by the CA. Its own key is thrown away.
    """
    _refuse_existing(context, out)
    now = dt.datetime.now(dt.UTC)
    authority = use_file(certificate_file, verification.read_authority)
    faults = verification.faults_of_authority(authority, now)
    if faults:
        raise OperatorError(f"{certificate_file} cannot be registered. {' '.join(faults)}")
    key = _ca_key(key_file, passphrase_variable)
    if not verification.belong_together(authority, key):
        raise OperatorError(
            f"{key_file} is not the key of {certificate_file}: give the pair that belongs together."
        )
    made = verification.certificate(authority, key, code or _ask_for_code(), now=now, days=days)
    _write(context, out, made)
    end = min(now + dt.timedelta(days=days), authority.not_valid_after_utc)
    click.echo(f"Verification certificate for '{printable(pem.subject(authority.subject))}': {out}")
    click.echo(f"Valid until {end:%Y-%m-%d}: apply it as verification_certificate_pem before then.")


@click.command(
    name="verification-csr",
    epilog=_VERIFICATION_EPILOG,
    short_help="Make the CSR of a verification certificate, for an HSM.",
)
@_code_option
@_out_option
@click.pass_context
def verification_csr(context: click.Context, code: str | None, out: Path) -> None:
    """Make a signing request for a verification certificate, where the CA's key is in an HSM.

    The CA signs it as it signs a device's; the subject has to stay as it is. The request's own key
    is thrown away.
    """
    _refuse_existing(context, out)
    _write(context, out, verification.request(code or _ask_for_code()))
    click.echo(f"Signing request, for the CA: {out}")


def _ask_for_code() -> str:
    return Deployment(Stack()).iot.get_registration_code()["registrationCode"]


def _refuse_existing(context: click.Context, path: Path) -> None:
    if path.exists():
        click.echo(f"{path} exists already; nothing was written.", err=True)
        context.exit(PARTLY)


def _write(context: click.Context, path: Path, text: str) -> None:
    try:
        verification.write_new(path, text)
    except FileExistsError:
        _refuse_existing(context, path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}.") from error


def _ca_key(path: Path, variable: str | None) -> PrivateKey:
    passphrase = None
    if variable is not None:
        if variable not in os.environ:
            raise click.UsageError(f"The environment has no variable {variable}.")
        passphrase = os.environ[variable].encode()
    try:
        return use_file(path, lambda content: verification.read_key(content, passphrase))
    except PassphraseNeededError:
        asked = _ask_for_passphrase(path)
        return use_file(path, lambda content: verification.read_key(content, asked))


def _ask_for_passphrase(path: Path) -> bytes:
    try:
        with warnings.catch_warnings():
            # Without a terminal the passphrase would be echoed.
            warnings.simplefilter("error", GetPassWarning)
            return str(click.prompt(f"Passphrase of {path}", hide_input=True, err=True)).encode()
    except (GetPassWarning, click.Abort) as error:
        raise OperatorError(
            f"{path} is encrypted, and nobody gave its passphrase. Run the command in a terminal, "
            "or give --passphrase-variable NAME."
        ) from error
