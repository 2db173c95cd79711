"""Commands that play a device: ``iot-provisioning device ...``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.device.claims import Claim, ClaimCertificate, TrustedUserClaim
from tools.device.failover import (
    CONFIGURATION_KEY,
    RETURN_AFTER_SECONDS,
    Failover,
    Way,
    configured_names,
)
from tools.device.failures import DeviceError, ExitCode, NotReachable, Rejected
from tools.device.fleet import DEFAULT_CONCURRENCY, Outcome, provision_many, read_devices
from tools.device.just_in_time import PATIENCE, come_up
from tools.device.model import (
    ClientCredentials,
    DeviceSpec,
    Greeting,
    KeyFlow,
    ProvisioningResult,
)
from tools.device.provisioner import Place, Provisioner, RetryPolicy, connect
from tools.device.session import (
    ALPN_PORT,
    PROMPT,
    SECURE_MQTT_PORT,
    Endpoint,
    SdkTransport,
    discover_host_name,
    region_of,
)
from tools.device.standing import Heartbeat, StandingDevice
from tools.device.state import Identity, Step, next_step
from tools.device.store import CredentialStore, EndpointStore

_Command = TypeVar("_Command", bound=Callable[..., Any])
_MAX_CONCURRENCY = 500
_SHORT_ID = 8

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


def _options(*decorators: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    def apply(command: _Command) -> _Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


_ENDPOINT_HELP = (
    "Endpoint name: looked up, sent as TLS server name, expected in the server's certificate. "
)
_one_endpoint_option = click.option(
    "--endpoint",
    "host_names",
    metavar="NAME",
    # A list of one, as the other commands have.
    callback=lambda _context, _parameter, name: (name,) if name else (),
    help=f"{_ENDPOINT_HELP}Default: the account's, by iot:DescribeEndpoint.",
)
_claim_endpoints_option = click.option(
    "--endpoint",
    "host_names",
    metavar="NAME",
    multiple=True,
    help=f"{_ENDPOINT_HELP}Repeatable: the next one is tried when one does not serve, or refuses. "
    "Default: the account's, by iot:DescribeEndpoint.",
)
_own_endpoints_option = click.option(
    "--endpoint",
    "host_names",
    metavar="NAME",
    multiple=True,
    help=f"{_ENDPOINT_HELP}Repeatable, in the order to try. Default: those that the device was "
    f"told when it was provisioned (its {CONFIGURATION_KEY}), else the account's, by "
    "iot:DescribeEndpoint.",
)

_address_options = _options(
    click.option(
        "--address",
        metavar="HOST",
        help="Connect to this host or IP address instead of looking the endpoint name up.",
    ),
    click.option(
        "--port",
        type=click.IntRange(1, 65535),
        default=SECURE_MQTT_PORT,
        show_default=True,
        help=f"TCP port; {ALPN_PORT} speaks MQTT by ALPN, where networks block {SECURE_MQTT_PORT}.",
    ),
    click.option(
        "--ca-file",
        type=_FILE,
        help="PEM file of the roots that the server's certificate may be signed by. "
        "Default: the system's, Amazon's included.",
    ),
)

_store_option = click.option(
    "--store",
    "store_directory",
    type=_DIRECTORY,
    default=Path("devices"),
    show_default=True,
    help="Directory that devices keep their certificates and keys in.",
)

_claim_options = _options(
    click.option("--template", required=True, help="Name of the provisioning template."),
    click.option(
        "--claim-cert",
        "claim_certs",
        type=_FILE,
        multiple=True,
        help="PEM file of the claim certificate. One for all endpoints or, where each Region has "
        "its own, one for each --endpoint, in their order.",
    ),
    click.option(
        "--claim-key",
        "claim_keys",
        type=_FILE,
        multiple=True,
        help="PEM file of its private key. One for all, or one for each --claim-cert.",
    ),
    click.option(
        "--trusted-user",
        is_flag=True,
        help="Use no claim certificate: ask for a temporary claim (5 minutes) with your own AWS "
        "credentials.",
    ),
    click.option(
        "--csr/--keys",
        "csr",
        default=True,
        show_default=True,
        help="Make the key on the device and have it signed, or have AWS IoT make it.",
    ),
    click.option(
        "--client-id-prefix",
        metavar="TEXT",
        help="The claim session's client id is this and the serial number. It must be the one "
        "that the claim policy admits. Default: claim-TEMPLATE-.",
    ),
)

_attempts_option = click.option(
    "--attempts",
    type=click.IntRange(1, 100),
    default=RetryPolicy.attempts,
    show_default=True,
    help="Tries of each phase when AWS IoT is busy, silent or not reachable.",
)

_greeting_options = _options(
    click.option(
        "--publish",
        "publish",
        multiple=True,
        metavar="TOPIC",
        help="Publish on this topic once connected; {thing}, {serial} and {type} are filled in. "
        "Repeatable. Default: the device's own shadow.",
    ),
    click.option(
        "--subscribe",
        "subscribe",
        multiple=True,
        metavar="FILTER",
        help="Subscribe to this topic filter first; the same names are filled in. Repeatable. "
        "Default: the device's own shadow delta.",
    ),
    click.option("--silent", is_flag=True, help="Only connect."),
    click.option(
        "--listen",
        type=click.FloatRange(0),
        default=0.0,
        metavar="SECONDS",
        help="Stay connected and show the messages that arrive.",
    ),
)

_json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.group(short_help="Play a device, by claim or just in time.")
def device() -> None:
    """Play a device: provision by claim, for a whole fleet too, come up just in time, connect.

    Exit codes: 0 done, 2 wrong usage, 3 refused, 4 not reachable or too busy.
    """


@device.command()
@click.option("--serial", required=True, help="The device's serial number.")
@click.option("--type", "device_type", required=True, help="The device's type.")
@click.option("--manufacturer", help="The device's manufacturer.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A further template parameter. Repeatable.",
)
@_claim_options
@_claim_endpoints_option
@_address_options
@_store_option
@_greeting_options
@_attempts_option
@_json_option
def provision(
    *,
    serial: str,
    device_type: str,
    manufacturer: str | None,
    parameters: tuple[str, ...],
    as_json: bool,
    store_directory: Path,
    attempts: int,
    **options: Any,
) -> None:
    """Give one device its identity, then connect with it.

    A device that has an identity in the store connects with that and claims nothing. One that was
    interrupted continues where it was.
    """
    spec = DeviceSpec(serial, device_type, manufacturer, _name_values(parameters))
    report = _progress_lines(as_json)
    try:
        with _provisioner(store_directory, attempts, report, options) as provisioner:
            result = provisioner.provision(spec)
    except DeviceError as error:
        raise _failed(error, serial, as_json) from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    _show(result, as_json)


@device.command("connect", short_help="Connect a provisioned device once more.")
@click.option("--serial", required=True, help="The device's serial number.")
@click.option("--type", "device_type", default="", help="The device's type, for its topics.")
@_own_endpoints_option
@_address_options
@_store_option
@_greeting_options
@_attempts_option
@_json_option
def connect_(
    *,
    serial: str,
    device_type: str,
    as_json: bool,
    store_directory: Path,
    attempts: int,
    **options: Any,
) -> None:
    """Connect a provisioned device under its thing name, publish, and disconnect."""
    store = CredentialStore(store_directory)
    greeting = _greeting(options)
    try:
        identity = _stored_identity(store, serial, store_directory)
        report = _progress_lines(as_json)
        with _ways(_own_endpoints(options, identity)) as ways:
            messages = connect(
                DeviceSpec(serial, device_type),
                identity,
                transport=Failover(ways, report=report),
                store=store,
                greeting=greeting,
                retry=RetryPolicy(attempts=attempts),
                report=report,
            )
    except DeviceError as error:
        raise _failed(error, serial, as_json) from error
    if as_json:
        received = [
            {"topic": m.topic, "payload": m.payload.decode("utf-8", "replace")} for m in messages
        ]
        click.echo(
            json.dumps(
                {"serialNumber": serial, "thingName": identity.thing_name, "messages": received}
            )
        )
        return
    click.echo(f"{serial} connected as {identity.thing_name}.")
    for message in messages:
        click.echo(f"{message.topic}: {message.payload.decode('utf-8', 'replace')}")


@device.command(short_help="Keep a device connected, through whichever endpoint serves.")
@click.option("--serial", required=True, help="The device's serial number.")
@click.option("--type", "device_type", default="", help="The device's type, for its topics.")
@_own_endpoints_option
@_address_options
@_store_option
@click.option(
    "--publish",
    "publish",
    multiple=True,
    metavar="TOPIC",
    help="Publish the heartbeat on this topic; {thing}, {serial} and {type} are filled in. "
    "Repeatable. Default: the device's own shadow.",
)
@click.option(
    "--heartbeat",
    type=click.FloatRange(0, min_open=True),
    default=Heartbeat.seconds,
    show_default=True,
    metavar="SECONDS",
    help="From one heartbeat to the next. One that is not confirmed tells that the line is cut.",
)
@click.option(
    "--return-after",
    type=click.FloatRange(0),
    default=RETURN_AFTER_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Try the first endpoint again after this time with another one.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End after this time. Default: stay until Ctrl-C.",
)
def stay(
    *,
    serial: str,
    device_type: str,
    store_directory: Path,
    publish: tuple[str, ...],
    heartbeat: float,
    return_after: float,
    seconds: float | None,
    **options: Any,
) -> None:
    """Hold a connection under the thing name, and find another when it is lost.

    Endpoints are tried in their order, and in rounds with growing, random waits until one serves.
    """
    try:
        identity = _stored_identity(CredentialStore(store_directory), serial, store_directory)
        with _ways(_own_endpoints(options, identity)) as ways:
            standing = StandingDevice(
                DeviceSpec(serial, device_type),
                identity,
                Failover(ways, return_after=return_after, report=click.echo),
                Heartbeat(publish or Heartbeat.topics, heartbeat),
                report=click.echo,
            )
            try:
                standing.stay(float("inf") if seconds is None else seconds)
            except KeyboardInterrupt:
                click.echo("Interrupted.")
    except DeviceError as error:
        raise _failed(error, serial, as_json=False) from error
    times = "once" if len(standing.losses) == 1 else f"{len(standing.losses)} times"
    longest = max((loss.seconds for loss in standing.losses), default=0.0)
    click.echo(f"Lost its connection {times}, {longest:.1f} s at the longest.")


@device.command("just-in-time", short_help="Come up with the maker's certificate.")
@click.option(
    "--certificate",
    "certificate_file",
    type=_FILE,
    required=True,
    help="PEM file of the device's certificate, which its maker's CA has signed.",
)
@click.option("--key", "key_file", type=_FILE, required=True, help="PEM file of its private key.")
@click.option(
    "--client-id",
    required=True,
    help="The name that the device's thing has or will have: the certificate's subject field that "
    "the template takes it from, or for a gated CA the name prefix and the serial number.",
)
@click.option("--serial", help="The device's serial number, for its topics. Default: client id.")
@click.option("--type", "device_type", default="", help="The device's type, for its topics.")
@_one_endpoint_option
@_address_options
@_greeting_options
@click.option(
    "--attempts",
    type=click.IntRange(1, 1000),
    default=PATIENCE.attempts,
    show_default=True,
    help="Connections to try: AWS IoT ends the first while it provisions the device.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(0, min_open=True),
    default=PATIENCE.deadline,
    show_default=True,
    metavar="SECONDS",
    help="Begin no connection after this time.",
)
@_json_option
def just_in_time(
    *,
    certificate_file: Path,
    key_file: Path,
    client_id: str,
    serial: str | None,
    device_type: str,
    attempts: int,
    deadline: float,
    as_json: bool,
    **options: Any,
) -> None:
    """Connect a device with the certificate from its factory until it is let in, and publish.

    AWS IoT ends the first connection, registers the certificate and provisions the device. It
    tells accounts apart by the endpoint name, so give the account's own, or leave it out.
    """
    spec = DeviceSpec(serial or client_id, device_type)
    greeting = _greeting(options)
    try:
        credentials = ClientCredentials(
            certificate_file.read_text("utf-8"), key_file.read_text("utf-8")
        )
    except (OSError, ValueError) as error:
        raise click.UsageError(f"The certificate or its key cannot be read: {error}") from error
    try:
        with SdkTransport(_endpoints(options)[0]) as transport:
            result = come_up(
                spec,
                credentials,
                client_id,
                transport=transport,
                greeting=greeting,
                retry=RetryPolicy(attempts=attempts, deadline=deadline),
                report=_progress_lines(as_json),
            )
    except DeviceError as error:
        raise _failed(error, spec.serial_number, as_json) from error
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=2))
        return
    tries = "at the first try" if result.attempts == 1 else f"after {result.attempts} tries"
    click.echo(
        f"{spec.serial_number} connected as {result.thing_name} {tries} "
        f"({result.timings.admission:.2f} s).\n"
        f"Certificate: {result.certificate_id}"
    )
    for message in result.messages:
        click.echo(f"{message.topic}: {message.payload.decode('utf-8', 'replace')}")


@device.command()
@click.argument("csv_file", type=_FILE)
@click.option(
    "--concurrency",
    type=click.IntRange(1, _MAX_CONCURRENCY),
    default=DEFAULT_CONCURRENCY,
    show_default=True,
    help="Devices at once.",
)
@_claim_options
@_claim_endpoints_option
@_address_options
@_store_option
@_greeting_options
@_attempts_option
@_json_option
def fleet(
    *,
    csv_file: Path,
    concurrency: int,
    as_json: bool,
    store_directory: Path,
    attempts: int,
    **options: Any,
) -> None:
    """Provision every device of CSV_FILE.

    Columns: serialNumber, deviceType, and if wanted manufacturer and parameter.NAME for each
    further template parameter. Others are ignored.
    """
    try:
        devices = list(read_devices(csv_file))
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=as_json,
    )
    try:
        with (
            _provisioner(store_directory, attempts, _ignore, options) as provisioner,
            progress,
        ):
            task = progress.add_task("Provisioning", total=len(devices))
            outcomes = provision_many(
                provisioner,
                devices,
                concurrency=concurrency,
                on_outcome=lambda _: progress.advance(task),
            )
    except DeviceError as error:
        raise _failed(error, None, as_json) from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        for outcome in outcomes:
            click.echo(json.dumps(_outcome_json(outcome)))
    else:
        Console().print(outcome_table(outcomes))
        for outcome in outcomes:
            if outcome.error is not None:
                click.echo(f"{outcome.device.serial_number}: {outcome.error}", err=True)
    worst = max((int(o.error.exit_code) for o in outcomes if o.error), default=int(ExitCode.OK))
    if worst:
        click.get_current_context().exit(worst)


def outcome_table(outcomes: list[Outcome]) -> Table:
    """A table of what became of each device."""
    table = Table(box=box.SIMPLE)
    for heading in ("Serial", "Type", "Outcome", "Thing", "Certificate"):
        # Where the terminal is narrow, a name is broken rather than cut.
        table.add_column(heading, overflow="fold")
    table.add_column("Seconds", justify="right", no_wrap=True)
    for outcome in outcomes:
        spec, seconds = outcome.device, f"{outcome.seconds:.2f}"
        table.add_row(spec.serial_number, spec.device_type, *_outcome_cells(outcome), seconds)
    return table


def _outcome_cells(outcome: Outcome) -> tuple[str, str, str]:
    ending = outcome.ending
    if isinstance(ending, ProvisioningResult):
        word = "resumed" if ending.resumed else "provisioned"
        return word, ending.thing_name, ending.certificate_id[:_SHORT_ID]
    if isinstance(ending, Rejected):
        return f"refused ({ending.status_code})", "", ""
    if ending.exit_code is ExitCode.NOT_REACHABLE:
        return "not reachable", "", ""
    return "refused", "", ""


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome.ending, DeviceError):
        return _error_json(outcome.ending, outcome.device.serial_number)
    return outcome.ending.as_json()


def _error_json(error: DeviceError, serial_number: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"serialNumber": serial_number, "error": type(error).__name__}
    if isinstance(error, Rejected):
        answer |= {
            "operation": error.operation,
            "statusCode": error.status_code,
            "errorCode": error.error_code,
            "errorMessage": error.error_message,
        }
    return answer | {"message": str(error)}


def _failed(error: DeviceError, serial_number: str | None, as_json: bool) -> click.exceptions.Exit:
    if as_json:
        click.echo(json.dumps(_error_json(error, serial_number)))
    else:
        click.echo(f"Error: {error}", err=True)
    return click.exceptions.Exit(int(error.exit_code))


def _show(result: ProvisioningResult, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=2))
        return
    how = "had its identity already" if result.resumed else "is provisioned"
    click.echo(
        f"{result.serial_number} {how} and connected as {result.thing_name} "
        f"({result.timings.total:.2f} s).\n"
        f"Certificate:   {result.certificate_id}\n"
        f"Kept in:       {result.certificate_file}\n"
        f"Configuration: {json.dumps(dict(result.device_configuration))}"
    )
    for message in result.messages:
        click.echo(f"{message.topic}: {message.payload.decode('utf-8', 'replace')}")


def _ignore(_: str) -> None:
    """Many devices' lines of progress would only run into one another."""


def _progress_lines(as_json: bool) -> Callable[[str], None]:
    def report(line: str) -> None:
        if not as_json:
            click.echo(line, err=True)

    return report


@contextmanager
def _provisioner(
    store_directory: Path, attempts: int, report: Callable[[str], None], options: dict[str, Any]
) -> Iterator[Provisioner]:
    claims = _claims(options)
    greeting = _greeting(options)
    endpoints = _endpoints(options)
    if len(claims) == 1:
        claims *= len(endpoints)
    with _ways(endpoints) as ways:
        several = len(ways) > 1
        first, *others = (
            Place(
                way.transport,
                claim,
                EndpointStore(store_directory, way.name)
                if several
                else CredentialStore(store_directory),
            )
            for way, claim in zip(ways, claims, strict=True)
        )
        yield Provisioner(
            transport=first.transport,
            template_name=options["template"],
            claim=first.claim,
            store=first.store,
            key_flow=KeyFlow.CSR if options["csr"] else KeyFlow.KEYS,
            client_id_prefix=options["client_id_prefix"],
            elsewhere=tuple(others),
            retry=RetryPolicy(attempts=attempts),
            greeting=greeting,
            report=report,
        )


@contextmanager
def _ways(endpoints: Sequence[Endpoint]) -> Iterator[list[Way]]:
    timeouts = PROMPT if len(endpoints) > 1 else None
    with ExitStack() as stack:
        yield [
            Way(each.host_name, stack.enter_context(SdkTransport(each, timeouts)))
            for each in endpoints
        ]


def _stored_identity(store: CredentialStore, serial: str, directory: Path) -> Identity:
    identity = store.load(serial)
    if identity is None or next_step(identity, 0) is not Step.CONNECT:
        raise click.UsageError(
            f"The device {serial} has no identity in {directory}. "
            "Run `iot-provisioning device provision` first."
        )
    return identity


def _claims(options: dict[str, Any]) -> list[Claim]:
    """One for all endpoints, or one for each."""
    certificates, keys, names = options["claim_certs"], options["claim_keys"], options["host_names"]
    if options["trusted_user"]:
        if certificates or keys:
            raise click.UsageError("--trusted-user needs no --claim-cert and no --claim-key.")
        regions = [region_of(name) for name in names] if len(names) > 1 else [None]
        return [TrustedUserClaim(_iot_client(each), options["template"]) for each in regions]
    if not certificates or not keys:
        raise click.UsageError("Give both --claim-cert and --claim-key, or --trusted-user.")
    if len(certificates) not in (1, len(names)) or len(keys) not in (1, len(certificates)):
        raise click.UsageError(
            "Give one --claim-cert, or one for each --endpoint, and one --claim-key, or one for "
            "each --claim-cert."
        )
    if len(keys) == 1:
        keys *= len(certificates)
    return [ClaimCertificate(*pair) for pair in zip(certificates, keys, strict=True)]


def _own_endpoints(options: dict[str, Any], identity: Identity) -> list[Endpoint]:
    told = configured_names(identity.device_configuration)
    return _endpoints({**options, "host_names": options["host_names"] or told})


def _endpoints(options: dict[str, Any]) -> list[Endpoint]:
    names = options["host_names"]
    if not names:
        try:
            names = (discover_host_name(_iot_client()),)
        except (BotoCoreError, ClientError) as error:
            raise NotReachable("AWS IoT, to ask it for its endpoint", str(error)) from error
    return [
        Endpoint(name, options["port"], options["address"], options["ca_file"]) for name in names
    ]


def _iot_client(region: str | None = None) -> Any:
    try:
        # boto3 alone reads AWS_DEFAULT_REGION only.
        region = region or os.environ.get("AWS_REGION") or None
        return boto3.Session(region_name=region).client("iot")
    except NoRegionError as error:
        raise click.UsageError(
            "No AWS Region is set, so AWS IoT cannot be asked. Set AWS_REGION to the Region of the "
            "stack."
        ) from error
    except BotoCoreError as error:
        raise click.UsageError(f"No AWS client can be made: {error}") from error


def _greeting(options: dict[str, Any]) -> Greeting:
    publish, subscribe = options["publish"], options["subscribe"]
    if options["silent"]:
        if publish or subscribe:
            raise click.UsageError("--silent leaves nothing to --publish or --subscribe.")
        return Greeting((), (), options["listen"])
    if publish or subscribe:
        return Greeting(publish, subscribe, options["listen"])
    return Greeting(listen_seconds=options["listen"])


def _name_values(parameters: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for parameter in parameters:
        name, separator, value = parameter.partition("=")
        if not name or not separator:
            raise click.UsageError(f"--parameter {parameter!r} must be NAME=VALUE.")
        pairs[name] = value
    return pairs
