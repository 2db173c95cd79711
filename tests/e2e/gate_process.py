"""The gate's own handler in a process that is killed after a given number of its requests to AWS.

    python -m tests.e2e.gate_process 3 < event.json

Run with the deployed function's environment. Every request counts, whatever it is for: to the
registry, to AWS IoT, for the revocation list. The kill is SIGKILL, so that nothing is tidied up.
Prints the requests of a run that comes to its end.
"""

import json
import os
import signal
import sys
from typing import Any
from urllib.parse import urlsplit

from botocore.httpsession import URLLib3Session

from device_registry import dynamodb
from jitr_gate import handler

PATIENT_SECONDS = 20


class Context:
    """What Lambda passes beside the event."""

    aws_request_id = "killed"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return PATIENT_SECONDS * 1000


def main(limit: int) -> None:
    made: list[str] = []
    send = URLLib3Session.send

    def counted(session: Any, request: Any) -> Any:
        if len(made) == limit:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(session, request)
        target = request.headers.get("X-Amz-Target", b"")
        path = urlsplit(request.url).path
        made.append(f"{request.method} {path} {target}")
        return answer

    URLLib3Session.send = counted
    dynamodb.READ_TIMEOUT_SECONDS = dynamodb.CONNECT_TIMEOUT_SECONDS = PATIENT_SECONDS
    handler.lambda_handler(json.load(sys.stdin), Context)
    print(json.dumps({"requests": made}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
