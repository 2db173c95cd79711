"""The command line in a process that is interrupted after so many of its changes at AWS IoT.

    python -m tests.e2e.interrupted 20 ca revoke --yes --ca ID

As if somebody had pressed Ctrl-C: SIGINT, once.
"""

import itertools
import os
import signal
import sys
from typing import Any

from botocore.httpsession import URLLib3Session

from tools.cli.main import cli


def main(changes: int, arguments: list[str]) -> None:
    # Whoever started the tests in the background has switched it off for all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    send, numbers = URLLib3Session.send, itertools.count(1)

    def counted(session: Any, request: Any) -> Any:
        answer = send(session, request)
        if request.method == "PUT" and next(numbers) == changes:
            os.kill(os.getpid(), signal.SIGINT)
        return answer

    URLLib3Session.send = counted
    cli(arguments)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
