"""`python -m tools.demo run|up|down`, as the targets demo, up and down call it."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from tools.cli.console import console as new_console
from tools.cli.errors import explain
from tools.demo import claim, interruption, just_in_time, kept
from tools.demo.errors import DemoError
from tools.demo.just_in_time import JustInTime
from tools.demo.run import Demo
from tools.demo.stack import ROOT, Workspace
from tools.demo.steps import Steps
from tools.device.failures import DeviceError
from tools.endpoint import EndpointError, embedded_endpoint, external_endpoint
from tools.terraform_env import ToolError

_FAILED, _INTERRUPTED = 1, 130
_FORESEEN = (BotoCoreError, ClientError, DemoError, DeviceError, EndpointError, ToolError)


def _sentence(error: Exception) -> str:
    return explain(error) if isinstance(error, BotoCoreError | ClientError) else str(error)


def _run(console: Console) -> int:
    began = time.monotonic()
    with ExitStack() as exits:
        with Steps(console).step("Start the endpoint") as step:
            endpoint = exits.enter_context(embedded_endpoint(auth=True))
            if not endpoint.embedded:
                # An account of its own: nothing that is there already can be in the way.
                endpoint = endpoint.in_account(f"5{secrets.randbelow(10**11):011d}")
            step.result = endpoint.url if endpoint.embedded else f"{endpoint.url} runs already"
        # Whatever the user's own AWS settings are, they are for other accounts than this one.
        environment = endpoint.environment()
        os.environ.clear()
        os.environ.update(environment)
        (ROOT / "build").mkdir(exist_ok=True)
        directory = exits.enter_context(
            tempfile.TemporaryDirectory(prefix="demo-", dir=ROOT / "build")
        )
        differences: list[str] = []
        for part, example in ((Demo, claim.EXAMPLE), (JustInTime, just_in_time.EXAMPLE)):
            workspace = Workspace(Path(directory) / example, endpoint, example)
            try:
                part(console, endpoint, workspace, differences).run()
            except _FORESEEN as error:
                # What was found before is worth as much.
                differences.append(_sentence(error))
    console.print(
        "\nThe endpoint is stopped, and nothing is left of it."
        if endpoint.embedded
        else f"\nThe stack is left at {endpoint.url}, in account {endpoint.account_id}."
    )
    seconds = time.monotonic() - began
    for sentence in differences:
        new_console(stderr=True).print(sentence, soft_wrap=True)
    if differences:
        console.print(f"Not as expected, for the reasons above ({seconds:.0f} s).", style="red")
        return _FAILED
    console.print(f"Everything was as expected ({seconds:.0f} s).", style="green")
    return 0


def _up(console: Console) -> int:
    kept.up(console, external_endpoint(os.environ))
    return 0


def _down(console: Console) -> int:
    console.print("Stopped." if kept.down() else "Nothing was running.")
    return 0


_ACTIONS = {"run": _run, "up": _up, "down": _down}


def main() -> int:
    """Run the demonstration, or keep its stack running, or stop that."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=main.__doc__)
    parser.add_argument("action", choices=_ACTIONS)
    action = parser.parse_args().action
    interruption.install()
    try:
        return _ACTIONS[action](new_console())
    except KeyboardInterrupt:
        problem, code = "Interrupted: what was started is stopped.", _INTERRUPTED
    except _FORESEEN as error:
        problem, code = _sentence(error), _FAILED
    new_console(stderr=True).print(problem, soft_wrap=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
