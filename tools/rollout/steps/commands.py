"""Terraform's commands: their environment, their progress and what they say when they fail."""

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools import terraform_env
from tools.rollout.steps.interface import StepError

# More would hide the first one, which is mostly the cause of the others.
SHOWN = 3
LONGEST = 600
ERROR = re.compile(r"^Error: (.*?)(?=^Error: |\Z)", re.MULTILINE | re.DOTALL)
# What a caller's shell says about other work in Terraform.
NOT_OURS = re.compile(r"TF_(VAR_.*|CLI_ARGS.*|DATA_DIR|WORKSPACE)")


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for Terraform: the caller's, with its credentials, and no more.

    Raises:
        StepError: Terraform or the provider cannot be used.
    """
    inherited = os.environ if base is None else base
    kept = {name: value for name, value in inherited.items() if not NOT_OURS.fullmatch(name)}
    try:
        return terraform_env.environment(kept)
    except terraform_env.ToolError as error:
        raise StepError(str(error)) from error


class Commands:
    """Runs Terraform, in a session of its own, so that Ctrl-C reaches this program alone."""

    def __init__(self) -> None:
        self._environment = environment()
        self._running: dict[int, subprocess.Popen[str]] = {}

    def run(
        self,
        directory: Path,
        *arguments: str,
        accept: tuple[int, ...] = (0,),
        hear: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> tuple[int, str]:
        """Run one command.

        Args:
            directory: where.
            arguments: for example ``"output", "-json"``.
            accept: exit codes that are no failure.
            hear: is told each message of a command that prints them as JSON.

        Returns:
            The exit code and what the command printed.

        Raises:
            StepError: another exit code; with what Terraform said.
        """
        # Errors go into a file: a pipe that nobody reads meanwhile would stop the command.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [self._environment["TERRAFORM"], *arguments, "-no-color"],
                cwd=directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
            self._running[process.pid] = process
            try:
                printed = list(_lines(process, hear))
                code = process.wait()
            finally:
                self._running.pop(process.pid, None)
            errors.seek(0)
            complaint = errors.read()
        if code not in accept:
            raise StepError(explain(printed, complaint))
        return code, "".join(printed)

    def interrupt(self) -> None:
        """Ask what runs to end after what it is doing at the moment; the state is written.

        Each is asked once: asked again, Terraform ends at once and may lose its state.
        """
        for number in list(self._running):
            if process := self._running.pop(number, None):
                process.send_signal(signal.SIGINT)


def _lines(
    process: subprocess.Popen[str], hear: Callable[[Mapping[str, Any]], None] | None
) -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101 - as it was asked for
    with process.stdout as lines:
        for line in lines:
            yield line
            if hear is not None and (message := _message(line)):
                hear(message)


def _message(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def explain(printed: Iterable[str], complaint: str) -> str:
    """Return what went wrong, in one paragraph.

    Args:
        printed: lines of standard output; JSON messages among them are looked at, others not.
        complaint: standard error.
    """
    found = [
        _diagnostic(message["diagnostic"])
        for message in map(_message, printed)
        if message.get("@level") == "error" and "diagnostic" in message
    ]
    found = found or [" ".join(each.split()) for each in ERROR.findall(complaint)]
    found = list(dict.fromkeys(found)) or [" ".join(complaint.split()) or "Terraform said nothing."]
    more = f" And {len(found) - SHOWN} more." if len(found) > SHOWN else ""
    return " ".join(each[:LONGEST] for each in found[:SHOWN]) + more


def _diagnostic(diagnostic: Mapping[str, Any]) -> str:
    address = diagnostic.get("address")
    summary = " ".join(str(diagnostic.get("summary", "")).split()).rstrip(".")
    detail = " ".join(str(diagnostic.get("detail", "")).split())
    where = f"{address}: " if address else ""
    return f"{where}{summary}. {detail}".strip()
