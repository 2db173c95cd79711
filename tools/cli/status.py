"""``suspend``, ``resume``, ``release`` and ``revoke``: what an operator does to devices."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TextIO

import click

from device_registry.transitions import Action
from tools.cli.arguments import certificate_id, from_file_option, gather, serials_argument
from tools.cli.console import json_line, note, printable
from tools.cli.errors import PARTLY
from tools.cli.options import Deployment, stack_options
from tools.ordered import in_order
from tools.registry.operate import Report, operate

_WORKERS = 8


def _options(action: Action, what: str) -> list[Callable[[Any], Any]]:
    options: list[Callable[[Any], Any]] = [
        serials_argument,
        from_file_option,
        click.option(
            "--reason",
            required=True,
            callback=_reason,
            metavar="TEXT",
            help="Why; kept in the record.",
        ),
        click.option(
            "--certificates/--no-certificates",
            default=True,
            show_default=True,
            help=what,
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object a device."),
        stack_options("table"),
    ]
    if action is Action.REVOKE:
        options.append(click.option("--yes", is_flag=True, help="Do not ask for confirmation."))
    if action is Action.RELEASE:
        options.append(
            click.option(
                "--certificate",
                "certificate",
                metavar="ID",
                callback=certificate_id,
                help="Only this certificate's claim; a newer claim is left alone. For one device.",
            )
        )
    return options


def _command(action: Action, *, what: str, text: str) -> click.Command:
    @click.pass_context
    def callback(
        context: click.Context,
        serials: tuple[str, ...],
        from_file: TextIO | None,
        reason: str,
        deployment: Deployment,
        *,
        certificates: bool,
        as_json: bool,
        yes: bool = True,
        certificate: str | None = None,
    ) -> None:
        devices = gather(serials, from_file)
        if certificate is not None and len(devices) > 1:
            raise click.UsageError("--certificate is for one device.")
        if not yes and not _confirmed(devices, certificates=certificates):
            note("Nothing was changed.")
            context.exit(PARTLY)
        registry, by = deployment.registry, deployment.caller_arn
        iot = deployment.iot if certificates else None

        def work(serial: str) -> Report:
            return operate(
                registry, iot, serial, action, by=by, reason=reason, certificate_id=certificate
            )

        failed = 0
        for _, report in in_order(work, devices, workers=_WORKERS):
            failed += not report.ok
            _tell(report, as_json=as_json)
        if len(devices) > 1:
            note(f"{len(devices) - failed} of {len(devices)} devices are as asked for.")
        if failed:
            context.exit(PARTLY)

    callback.__doc__ = text
    for option in reversed(_options(action, what)):
        callback = option(callback)
    return click.command(name=action.value, epilog=_epilog(action))(callback)


def _reason(_context: click.Context, _parameter: click.Parameter, value: str) -> Any:
    if not value.strip():
        raise click.BadParameter("The reason is empty.")
    return value


def _tell(report: Report, *, as_json: bool) -> None:
    if as_json:
        json_line(asdict(report))
    else:
        click.echo(printable(report.sentence), err=not report.ok)


_CUT_OFF = """\
Running it again finishes what was interrupted, and a device that is so already counts as done.
Exit code 1 if a device could not be changed, or AWS IoT may still be about to let it in."""
_REPEATS = {
    Action.SUSPEND: _CUT_OFF,
    Action.REVOKE: _CUT_OFF,
    Action.RESUME: """\
Running it again finishes what was interrupted, and a device that is so already counts as done.
Exit code 1 if a device could not be changed.""",
    Action.RELEASE: """\
Running it again would also release whoever claimed the device in between: name the certificate
with --certificate then. Exit code 1 if a device could not be changed, or AWS IoT may still be
about to let it in.""",
}


def _epilog(action: Action) -> str:
    return f"""\b
Examples:
  iot-provisioning {action} SN-0001 --reason "ticket 4711"
  iot-provisioning {action} --from-file serials.txt --reason "batch recall"

{_REPEATS[action]}

AWS actions: dynamodb:GetItem, dynamodb:UpdateItem on the table; iot:DescribeCertificate,
iot:UpdateCertificate on the certificates."""


def _confirmed(devices: list[str], *, certificates: bool) -> bool:
    many = f"{len(devices)} devices" if len(devices) > 1 else devices[0]
    also = " Their certificates are revoked too." if certificates else ""
    try:
        return click.confirm(
            f"Revoke {printable(many)}? This is final: no command brings them back.{also}", err=True
        )
    except click.Abort:
        # The answer's line has no end.
        click.echo(err=True)
        return False


suspend = _command(
    Action.SUSPEND,
    what="Set the device's ACTIVE certificates INACTIVE, which disconnects it.",
    text="""Hold devices back, reversibly.

    Provisioning refuses a suspended device, and its certificates, present and earlier, stop
    working.
    """,
)
resume = _command(
    Action.RESUME,
    what="Set the certificates ACTIVE that the suspension set INACTIVE.",
    text="""Let suspended devices go on where they were.

    What the suspension switched off is activated again, and nothing else: a certificate that was
    inactive before stays so.
    """,
)
release = _command(
    Action.RELEASE,
    what="Set the device's ACTIVE certificates INACTIVE: a lost key must not stay alive.",
    text="""Let devices be provisioned once more.

    For a device that lost its key or got a new board. The thing stays, the certificates up to now
    go out of use for good, and the next claim gets in with a new certificate.
    """,
)
revoke = _command(
    Action.REVOKE,
    what="Set all the device's certificates REVOKED.",
    text="""Shut devices out for good.

    A revoked serial number is never provisioned again, by any code path, and its certificates,
    present and earlier, are revoked.
    """,
)
