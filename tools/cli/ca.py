"""``ca``: a manufacturer's CA, from its registration to the day its key is stolen."""

import click

from tools.cli.ca_check import check_certificate
from tools.cli.ca_closing import deactivate, revoke
from tools.cli.ca_list import list_certificates
from tools.cli.ca_verification import verification_certificate, verification_csr


@click.group(short_help="Register, check and close a manufacturer's CA.")
def ca() -> None:
    """Certificate authorities of manufacturers, whose devices come up by themselves."""


for _command in (
    verification_certificate,
    verification_csr,
    check_certificate,
    list_certificates,
    deactivate,
    revoke,
):
    ca.add_command(_command)
