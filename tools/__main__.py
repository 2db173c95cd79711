"""The entry point of ``python -m tools`` and of ``iot-provisioning``."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from tools.cli.main import cli


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run the command line; a terminated run saves its place like an interrupted one."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(cli(prog_name="iot-provisioning"))


if __name__ == "__main__":
    main()
