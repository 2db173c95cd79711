"""`make up` and `make down`: the same stack, left running to explore."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from rich.console import Console

from tools import endpoint as endpoints
from tools.cli.console import facts
from tools.demo.claim import EXAMPLE, ClaimFiles, apply
from tools.demo.scenario import FACTORY
from tools.demo.stack import ROOT, Stack, Workspace
from tools.demo.steps import Steps
from tools.endpoint import Endpoint

DIRECTORY = ROOT / "build/up"
_SERIAL, _TYPE = "TS-4711", "temperature-sensor"


def up(console: Console, external: Endpoint | None) -> None:
    """Start the endpoint, apply the example, and say how to go on.

    Args:
        console: where to say so.
        external: an endpoint that runs already; None starts the embedded one.

    Raises:
        EndpointError, DemoError: it did not work; nothing was left running.
    """
    steps = Steps(console)
    endpoint = external
    if endpoint is None:
        with steps.step("Start the endpoint") as step:
            endpoint = endpoints.start_kept(auth=True).endpoint
            step.result = endpoint.url
    try:
        stack, claim_files = apply(steps, Workspace(DIRECTORY, endpoint, EXAMPLE))
        environment = _write_environment(endpoint, stack)
    except BaseException:
        if external is None:
            endpoints.stop_kept()
            shutil.rmtree(DIRECTORY, ignore_errors=True)
        raise
    _explain(console, endpoint, stack, claim_files, environment)


def down() -> bool:
    """Stop what `up` started and remove its files; tell whether anything was running."""
    running = endpoints.stop_kept()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    return running


def _write_environment(endpoint: Endpoint, stack: Stack) -> Path:
    own = endpoint.environment({})
    variables = {
        **own,
        "IOT_PROVISIONING_STACK": str(stack.stack_file),
        "PATH": f"{ROOT / '.venv/bin'}:",
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines[-1] += '"$PATH"'
    path = stack.stack_file.with_name("environment.sh")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _explain(
    console: Console,
    endpoint: Endpoint,
    stack: Stack,
    claim_files: ClaimFiles,
    environment: Path,
) -> None:
    console.print("\nIt keeps running until `make down`.\n", style="bold")
    iam = "enforced" if endpoint.auth else "as the endpoint does it"
    console.print(
        facts(
            [
                ("Endpoint", endpoint.url),
                ("Account, region", f"{endpoint.account_id}, {endpoint.region}; IAM {iam}"),
                ("MQTT over mutual TLS", f"{endpoint.mqtt_host}:{endpoint.mqtt_port}"),
                ("CA file", _short(endpoint.ca_file) if endpoint.ca_file else "the system's"),
                ("Stack file", _short(stack.stack_file)),
                ("Claim certificate", _short(claim_files.certificate)),
                ("Claim key", _short(claim_files.key)),
                ("Environment", f"{_short(environment)}  (you are the account's root user)"),
            ]
        )
    )
    console.print("\nEnrol a device, provision it, look at it. Paste this:\n", style="bold")
    console.print(_commands(endpoint, stack, claim_files, environment), soft_wrap=True)


def _commands(endpoint: Endpoint, stack: Stack, claim_files: ClaimFiles, environment: Path) -> str:
    directory = stack.stack_file.parent
    csv = shlex.quote(_short(directory / "device.csv"))
    provision = [
        "iot-provisioning device provision",
        f"--serial {_SERIAL} --type {_TYPE} --keys",
        f"--template {stack.template_name(FACTORY)}",
        f"--claim-cert {shlex.quote(_short(claim_files.certificate))}",
        f"--claim-key {shlex.quote(_short(claim_files.key))}",
        f"--endpoint {endpoint.mqtt_host} --port {endpoint.mqtt_port}",
    ]
    if endpoint.ca_file:
        provision.append(f"--ca-file {shlex.quote(_short(Path(endpoint.ca_file)))}")
    provision.append(f"--store {shlex.quote(_short(directory / 'devices'))}")
    return "\n".join(
        [
            f"  . {shlex.quote(_short(environment))}",
            f"  printf 'serialNumber,deviceType\\n{_SERIAL},{_TYPE}\\n' > {csv}",
            f"  iot-provisioning enrol {csv}",
            "  " + " \\\n    ".join(provision),
            f"  iot-provisioning show {_SERIAL}",
        ]
    )


def _short(path: Path | str) -> str:
    """A path as one types it in the repository's root."""
    full = Path(path)
    return str(full.relative_to(ROOT)) if full.is_relative_to(ROOT) else str(full)
