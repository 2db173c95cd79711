"""``ca check-certificate``: device certificates, before the factory makes thousands."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from cryptography import x509

from tools.authorities import pem, verification
from tools.authorities.check import Batch, Plan, Result, check
from tools.authorities.pem import UnusableFileError
from tools.authorities.settings import Authority, SubjectRules
from tools.cli.ca_options import entry_of, shown, use_file
from tools.cli.console import console, iso, json_line, note, plural, printable, table
from tools.cli.errors import PARTLY, OperatorError
from tools.cli.options import Deployment, stack_options
from tools.cli.stack import Stack
from tools.device.maker import SUBJECT_FIELDS

_TABLE_LIMIT = 100
_SUFFIXES = (".pem", ".crt", ".cer")

_CHECK_EPILOG = """\b
Examples:
  iot-provisioning ca check-certificate samples/*.pem --ca northwind-2026
  iot-provisioning ca check-certificate factory-run/ --ca northwind-2026 \\
    --min-days 3650 --json
  iot-provisioning ca check-certificate SN-0001.pem --ca-certificate ca.pem \\
    --thing-name-field CommonName --thing-name-prefix acme- \\
    --attribute batch=OrganizationalUnit

Works without a network. A file holds the device's certificate and, where wanted, those of its
issuers behind it; of a folder, every .pem, .crt and .cer is read. All files of one run together
show what may be only once: names, keys and serial numbers.

Subject fields: CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit,
SerialNumber (the subject's, not the certificate's own), StateName.

Exit code 0 only if every certificate is good, 1 if one is not."""


# The first is checked only in what the second names.
_BELONG_TOGETHER = (
    ("thing_name_prefix", "thing_name_field"),
    ("thing_groups", "thing_group_field"),
    ("thing_group_field", "thing_groups"),
    ("device_type_field", "serial_number_field"),
    ("manufacturer_field", "serial_number_field"),
)


def _option(setting: str) -> str:
    return "--" + setting.removesuffix("s").replace("_", "-")


def _field(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(name, type=click.Choice(sorted(SUBJECT_FIELDS)), metavar="FIELD", help=text)


def _attributes(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> Any:
    pairs = dict(value.partition("=")[::2] for value in values)
    for name, source in pairs.items():
        if not name or source not in SUBJECT_FIELDS:
            raise click.BadParameter(
                f"{name!r} is not taken from a subject field: write NAME=FIELD, with one of "
                f"{', '.join(sorted(SUBJECT_FIELDS))}."
            )
    return pairs


_SETTINGS = (
    click.option(
        "--needs",
        multiple=True,
        type=click.Choice(sorted(SUBJECT_FIELDS)),
        metavar="FIELD",
        help="A subject field that has to be there; may be repeated.",
    ),
    _field("--thing-name-field", "The field that names the thing."),
    click.option("--thing-name-prefix", metavar="TEXT", help="How the thing's name has to begin."),
    click.option(
        "--attribute",
        "attributes",
        multiple=True,
        metavar="NAME=FIELD",
        callback=_attributes,
        help="A thing attribute and the field it is taken from; may be repeated.",
    ),
    _field("--thing-group-field", "The field that names a thing group."),
    click.option(
        "--thing-group",
        "thing_groups",
        multiple=True,
        metavar="NAME",
        help="A group that it may name; may be repeated.",
    ),
    _field("--serial-number-field", "Behind a registry gate: the field with the serial number."),
    _field("--device-type-field", "Behind a registry gate: the field with the device type."),
    _field("--manufacturer-field", "Behind a registry gate: the field with the manufacturer."),
)


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@click.command(
    name="check-certificate",
    epilog=_CHECK_EPILOG,
    short_help="Check device certificates before the factory run.",
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="CERT_FILE...",
    type=click.Path(path_type=Path),
)
@click.option("--ca", "name", metavar="NAME", help="The stack's CA: its key in the configuration.")
@click.option(
    "--ca-certificate",
    "certificate_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The CA's certificate, where there is no stack file; settings by the options below.",
)
@click.option(
    "--chain",
    "chain_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="More CA certificates, to name the one that signed instead.",
)
@click.option(
    "--min-days",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="How many days a certificate has to be valid yet.",
)
@_settings
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
@stack_options()
@click.pass_context
def check_certificate(
    context: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    name: str | None,
    certificate_file: Path | None,
    chain_file: Path | None,
    min_days: int,
    deployment: Deployment,
    as_json: bool,
    **settings: Any,
) -> None:
    """Check device certificates against a CA's settings, before the factory makes thousands.

    AWS IoT tells a device nothing of what is wrong with its certificate.
    """
    given = any(settings.values())
    if (name is None) == (certificate_file is None):
        raise click.UsageError(
            "Against which CA? Give --ca NAME with a stack file, or --ca-certificate FILE."
        )
    if name is not None and given:
        raise click.UsageError(f"The stack file has the settings of {name}: leave them out.")
    now = dt.datetime.now(dt.UTC)
    if certificate_file is not None:
        authority = use_file(certificate_file, verification.read_authority)
        rules = _given_rules(settings) if given else None
    else:
        entry = entry_of(deployment.stack, str(name))
        authority, rules = _certificate_of(entry), entry.rules
        _tell_state(entry)
    if rules is None:
        note("The CA's settings are not known: the subjects were not checked.")
    plan = Plan(
        authority=authority,
        rules=rules,
        device_types=_device_types(deployment.stack),
        chain=_chain(chain_file),
        min_days=min_days,
        now=now,
    )
    faults = verification.faults_of_authority(authority, now)
    for fault in faults:
        note(fault)
    results = list(_check_all(_certificate_files(files), plan))
    _print_results(results, as_json=as_json)
    if faults or any(result.problems for result in results):
        context.exit(PARTLY)


def _given_rules(settings: dict[str, Any]) -> SubjectRules:
    if settings["thing_name_field"] and settings["serial_number_field"]:
        raise click.UsageError(
            "--thing-name-field is for a CA without a gate, --serial-number-field for one with: "
            "give one of them."
        )
    for given, wanted in _BELONG_TOGETHER:
        if settings[given] and not settings[wanted]:
            raise click.UsageError(
                f"{_option(given)} says nothing without {_option(wanted)}: give both."
            )
    return SubjectRules(
        needed=frozenset(settings["needs"]),
        thing_name=settings["thing_name_field"],
        thing_name_prefix=settings["thing_name_prefix"] or "",
        attributes=settings["attributes"],
        thing_group=settings["thing_group_field"],
        thing_groups=frozenset(settings["thing_groups"]),
        serial_number=settings["serial_number_field"],
        device_type=settings["device_type_field"],
        manufacturer=settings["manufacturer_field"],
    )


def _certificate_of(entry: Authority) -> x509.Certificate:
    try:
        return verification.read_authority(entry.certificate_pem.encode())
    except UnusableFileError as error:
        raise OperatorError(f"The certificate of CA {entry.key} cannot be used. {error}") from error


def _tell_state(entry: Authority) -> None:
    if not (entry.active and entry.allow_auto_registration):
        note(f"CA {entry.key} takes no new devices at present: it is inactive, or closed to them.")


def _device_types(stack: Stack) -> frozenset[str] | None:
    return None if stack.device_types is None else frozenset(stack.device_types)


def _chain(path: Path | None) -> tuple[x509.Certificate, ...]:
    return () if path is None else use_file(path, _read_chain)


def _read_chain(content: bytes) -> tuple[x509.Certificate, ...]:
    return tuple(pem.parse(block) for block in pem.certificate_blocks(content))


def _certificate_files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in _SUFFIXES)
            if not inside:
                raise click.UsageError(f"{path} holds no {', '.join(_SUFFIXES)} file.")
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _check_all(files: list[Path], plan: Plan) -> Iterator[Result]:
    batch = Batch()
    for path in shown("Checking", files, total=len(files)):
        try:
            result = check(str(path), pem.read(path), plan)
        except UnusableFileError as error:
            result = Result(file=str(path), problems=[str(error)])
        batch.add(result, plan.rules)
        yield result


def _print_results(results: list[Result], *, as_json: bool) -> None:
    if as_json:
        for result in results:
            json_line(_as_json(result))
        return
    faulty = [result for result in results if result.problems]
    listed = results if len(results) <= _TABLE_LIMIT else faulty[:_TABLE_LIMIT]
    if listed:
        headings = ("File", "Device", "Key", "Ends", "Result")
        console().print(table(headings, (_result_row(result) for result in listed)))
    for result in results:
        for problem in result.problems:
            click.echo(printable(f"{result.file}: {problem}"))
        for remark in result.notes:
            note(f"{result.file}: {remark}")
    note(f"Good: {len(results) - len(faulty):,} of {plural(len(results), 'certificate')}.")


def _result_row(result: Result) -> tuple[object, ...]:
    certificate = result.certificate
    return (
        result.file,
        result.identity or (pem.subject(certificate.subject) if certificate else "-"),
        result.key,
        f"{certificate.not_valid_after_utc:%Y-%m-%d}" if certificate else "-",
        plural(len(result.problems), "problem") if result.problems else "good",
    )


def _as_json(result: Result) -> dict[str, Any]:
    certificate = result.certificate
    return {
        "file": result.file,
        "good": not result.problems,
        "device": result.identity,
        "key": result.key,
        "notAfter": certificate and iso(certificate.not_valid_after_utc.timestamp()),
        "problems": result.problems,
        "notes": result.notes,
    }
