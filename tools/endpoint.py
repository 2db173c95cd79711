"""The LocalStack-compatible endpoint that tests and the demo talk to.

By default one is started on loopback and stopped again. `ENDPOINT=http://localhost:4566` names one
that is already running: then nothing is started and nothing is stopped. Its MQTT side is told by
`ENDPOINT_MQTT_HOST` (default: the host of `ENDPOINT`), `ENDPOINT_MQTT_PORT` (default 8883) and
`ENDPOINT_CA_FILE` (a PEM file; default: the system's own certificate authorities).

    with embedded_endpoint() as endpoint:
        environment = terraform_env.environment(endpoint.environment())
        subprocess.run([environment["TERRAFORM"], "apply"], env=environment)
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
SERVER = ROOT / "tests/support/endpoint_server.py"
INTERPRETER = ROOT / ".venv-endpoint/bin/python"
KEPT = ROOT / "build/endpoint"
KEPT_RECORD = ROOT / "build/endpoint.json"
START_SECONDS = 60.0
STOP_SECONDS = 5.0
START_ATTEMPTS = 3
LOG_TAIL_LINES = 25
# Names a directory: endpoints started meanwhile leave their logs, and what they made, in there.
JOURNAL = "ENDPOINT_JOURNAL"
ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"


class EndpointError(Exception):
    """The endpoint cannot be used; the message says why, with the end of its log."""


@dataclass(frozen=True)
class Endpoint:
    """Where the endpoint is and who the caller is there.

    Attributes:
        url: Of every AWS API, for `AWS_ENDPOINT_URL`.
        mqtt_host: Host name devices connect to, as the server's certificate has it.
        mqtt_port: Port of MQTT over mutual TLS.
        ca_file: Certificate authority of the server's certificate as PEM; None: the system's own.
        account_id: Twelve digits. Also the access key: the caller is that account's root user.
        region: AWS region.
        auth: Whether an embedded endpoint enforces IAM. What an external one does is not known.
        embedded: Whether it was started by this project.
    """

    url: str
    mqtt_host: str
    mqtt_port: int
    ca_file: str | None
    account_id: str = ACCOUNT_ID
    region: str = REGION
    auth: bool = False
    embedded: bool = True

    def in_account(self, account_id: str) -> Endpoint:
        """The same endpoint as another account: resources of two accounts never meet."""
        return replace(self, account_id=account_id)

    def in_region(self, region: str) -> Endpoint:
        """The same endpoint in another region."""
        return replace(self, region=region)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that point AWS SDKs and Terraform at this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.account_id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # The user's own profiles must neither be used nor break a run.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """A whole environment for a child process.

        Args:
            base: What to start from; the process's own environment when not given. Every `AWS_*`
                variable in it (profile, session token, CA bundle, endpoints per service) is
                dropped: each of them could send a call, or a credential, somewhere else.
        """
        kept = os.environ if base is None else base
        host = urlsplit(self.url).hostname or ""
        no_proxy = [kept.get("NO_PROXY") or kept.get("no_proxy") or "", "localhost", "127.0.0.1"]
        no_proxy = [name for name in dict.fromkeys((*no_proxy, host)) if name]
        return {
            **{name: value for name, value in kept.items() if not name.startswith("AWS_")},
            "NO_PROXY": ",".join(no_proxy),
            "no_proxy": ",".join(no_proxy),
            **self.variables,
        }


@dataclass(frozen=True)
class Running:
    """An endpoint that this process started, or that `start_kept` left running.

    Attributes:
        endpoint: Where it is.
        pid: Its process id, which is also its process group's.
        token: Random text on its command line, so that a reused process id is never stopped.
        state: Its directory: log, certificate authority, temporary files.
    """

    endpoint: Endpoint
    pid: int
    token: str
    state: str


@contextlib.contextmanager
def embedded_endpoint(*, auth: bool = False) -> Iterator[Endpoint]:
    """An endpoint for the time of a `with` block.

    The external one that `ENDPOINT` names, or else one that is started here and stopped at the end
    of the block, also by an exception or an interrupt; it ends by itself when this process is
    killed.

    Args:
        auth: Whether the embedded endpoint enforces IAM and IoT policies.

    Raises:
        EndpointError: It is not installed, does not start within a minute, or `ENDPOINT` is wrong.
    """
    external = external_endpoint(os.environ)
    if external is not None:
        yield replace(external, auth=auth)
        return
    with tempfile.TemporaryDirectory(prefix="endpoint-", ignore_cleanup_errors=True) as state:
        process, running = _start(Path(state), auth=auth, kept=False)
        try:
            yield running.endpoint
        finally:
            _stop(process)


def external_endpoint(environ: Mapping[str, str]) -> Endpoint | None:
    """The endpoint that `ENDPOINT` names, or None.

    Raises:
        EndpointError: It is not an http(s) address, or it is AWS itself.
    """
    url = environ.get("ENDPOINT")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise EndpointError(f"ENDPOINT is '{url}': it must be like http://localhost:4566.")
    if parts.hostname.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise EndpointError(f"ENDPOINT is '{url}': tests and the demo never run against AWS.")
    return Endpoint(
        url=url.rstrip("/"),
        mqtt_host=environ.get("ENDPOINT_MQTT_HOST") or parts.hostname,
        mqtt_port=int(environ.get("ENDPOINT_MQTT_PORT") or 8883),
        ca_file=environ.get("ENDPOINT_CA_FILE") or None,
        embedded=False,
    )


def start_kept(*, auth: bool = False) -> Running:
    """Start an endpoint that outlives this process; `stop_kept` ends it.

    Args:
        auth: Whether it enforces IAM and IoT policies.

    Raises:
        EndpointError: One is kept already, or it does not start.
    """
    if kept() is not None:
        raise EndpointError("An endpoint is kept running already: stop it with `make down`.")
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    process, running = _start(KEPT, auth=auth, kept=True)
    # It is meant to outlive this process, which Python would otherwise warn about.
    process.returncode = 0
    KEPT_RECORD.write_text(json.dumps(asdict(running), indent=2) + "\n", encoding="utf-8")
    return running


def kept() -> Running | None:
    """The endpoint that `start_kept` left running, if it still runs."""
    try:
        record = json.loads(KEPT_RECORD.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    running = Running(**{**record, "endpoint": Endpoint(**record["endpoint"])})
    return running if _command_of(running.pid).endswith(running.token) else None


def stop_kept() -> bool:
    """Stop what `start_kept` left running and remove its files.

    Returns:
        Whether something was running.
    """
    running = kept()
    if running is not None:
        _stop_group(running.pid, lambda: not _command_of(running.pid))
    KEPT_RECORD.unlink(missing_ok=True)
    shutil.rmtree(KEPT, ignore_errors=True)
    return running is not None


def _command_of(pid: int) -> str:
    answer = subprocess.run(
        ["ps", "-o", "stat=,command=", "-ww", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, command = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else command.strip()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _start(state: Path, *, auth: bool, kept: bool) -> tuple[subprocess.Popen[bytes], Running]:
    if not INTERPRETER.exists():
        raise EndpointError("The embedded endpoint is not installed: run `make setup`.")
    for attempt in range(1, START_ATTEMPTS + 1):
        # Between looking for a free port and listening on it, somebody else may take it.
        try:
            return _start_once(state, auth=auth, kept=kept)
        except EndpointError:
            if attempt == START_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _start_once(state: Path, *, auth: bool, kept: bool) -> tuple[subprocess.Popen[bytes], Running]:
    port, mqtt_port = _free_ports(2)
    token = secrets.token_hex(8)
    temporary = state / "tmp"
    temporary.mkdir(exist_ok=True)
    journal = os.environ.get(JOURNAL)
    ready = state / "ready.json"
    log = Path(journal) / f"endpoint-{token}.log" if journal else state / "endpoint.log"
    command = [
        str(INTERPRETER),
        "-I",
        str(SERVER),
        *("--port", str(port), "--mqtt-port", str(mqtt_port)),
        *("--state", str(state), "--region", REGION),
        *(["--auth"] if auth else []),
        *([] if kept else ["--stop-at-eof"]),
        *("--token", token),
    ]
    # Functions inherit the server's environment, as they inherit nothing of the user's on AWS.
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **({JOURNAL: journal} if journal else {}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if kept else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=temporary,
            env=environ,
            start_new_session=True,
        )
    try:
        answer = _await_ready(process, ready, log)
    except BaseException:
        _stop(process)
        # Who looks at the logs need not look for what else a working endpoint leaves.
        log.rename(log.with_name(f"failed-{log.name}"))
        raise
    endpoint = Endpoint(
        url=answer["url"],
        mqtt_host="localhost",
        mqtt_port=mqtt_port,
        ca_file=answer["ca_file"],
        auth=auth,
    )
    return process, Running(endpoint=endpoint, pid=process.pid, token=token, state=str(state))


def _await_ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None:
            raise EndpointError(f"The endpoint ended while starting.\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise EndpointError(
                f"The endpoint was not ready after {START_SECONDS:.0f} s.\n{_tail(log)}"
            )
        time.sleep(0.05)
    answer: dict[str, str] = json.loads(ready.read_text(encoding="utf-8"))
    return answer


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(["The end of its log:", *lines[-LOG_TAIL_LINES:]])


def _stop(process: subprocess.Popen[bytes]) -> None:
    _stop_group(process.pid, lambda: process.poll() is not None)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _stop_group(pid: int, ended: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
        while not ended() and time.monotonic() < deadline:
            time.sleep(0.02)
        # Also after a clean end: a function that hangs may have outlived the server.
        os.killpg(pid, signal.SIGKILL)


def main(arguments: list[str] | None = None) -> int:
    """Start an endpoint and keep it running, show it, or stop it."""
    parser = argparse.ArgumentParser(prog="python -m tools.endpoint", description=main.__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    start = actions.add_parser("start", help="start one that keeps running")
    start.add_argument("--auth", action="store_true", help="enforce IAM and IoT policies")
    actions.add_parser("env", help="print the variables of the one that is kept running")
    actions.add_parser("stop", help="stop the one that is kept running")
    options = parser.parse_args(arguments)
    try:
        if options.action == "stop":
            print("stopped" if stop_kept() else "nothing was running")
            return 0
        running = start_kept(auth=options.auth) if options.action == "start" else kept()
    except EndpointError as error:
        print(error, file=sys.stderr)
        return 1
    if running is None:
        print("No endpoint is kept running.", file=sys.stderr)
        return 1
    for name, value in running.endpoint.variables.items():
        print(f"export {name}={shlex.quote(value)}")
    endpoint = running.endpoint
    print(f"# MQTT: {endpoint.mqtt_host}:{endpoint.mqtt_port}, trust {endpoint.ca_file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
