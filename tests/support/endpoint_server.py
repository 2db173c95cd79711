"""Run the embedded endpoint on loopback only, and say when it is ready.

This is the one file that knows which engine is embedded (its version is pinned in the
requirements). It runs in the engine's own environment, so it imports nothing of the project:

    .venv-endpoint/bin/python endpoint_server.py --port 4566 --mqtt-port 8883 --state DIRECTORY

Once HTTP and MQTT both listen, `DIRECTORY/ready.json` appears. The process ends on SIGTERM, and
with `--stop-at-eof` also when its standard input closes: an owner that dies, however it dies,
takes its endpoint with it.

Credentials: an access key of twelve digits is the root user of the account with that number,
whatever the secret, also with `--auth`, which makes the endpoint enforce IAM for everyone else
(users, roles, functions, and devices through their IoT policies). So the first administrator
needs no bootstrap: make users and roles with the account's number as the access key.
"""

import argparse
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol

LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
STOP_SECONDS = 5
LARGE_RESPONSE = 2**16


class LoopbackSocket(socket.socket):
    """Binds to loopback where the caller asked for every interface.

    The engine's HTTP listener can be told where to bind, its MQTT listener cannot.
    """

    def bind(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            address = (LOOPBACK.get(address[0], address[0]), *address[1:])
        super().bind(address)


def send_responses_whole() -> None:
    """Make the engine's HTTP server write each response in one piece.

    It writes head and body apart. Terraform's AWS provider then loses the answer to one call in a
    few hundred, repeats the call, and fails because what the first one made exists already.
    """

    async def send(self, event):
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        held = getattr(self, "_held", b"") + (data or b"")
        ends = isinstance(event, h11.EndOfMessage | h11.InformationalResponse)
        self._held = b"" if ends or len(held) > LARGE_RESPONSE else held
        if not self._held:
            await self.send(RawData(data=held))

    H11Protocol._send_h11_event = send


def announce(options: argparse.Namespace) -> None:
    """Write `ready.json` once both listeners answer."""
    url = f"http://127.0.0.1:{options.port}"
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/ready", timeout=5) as answer:
                listening = json.load(answer)["iot_mtls"]
            with urllib.request.urlopen(f"{url}/_ministack/iot/ca.pem", timeout=30) as answer:
                authority = answer.read()
            break
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.05)
    if listening != "listening":
        # The engine carries on without MQTT when it cannot bind; the tests cannot.
        print(f"the MQTT listener is {listening} on port {options.mqtt_port}", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    ca_file = options.state / "root-ca.pem"
    ca_file.write_bytes(authority)
    temporary = options.state / "ready.json.new"
    temporary.write_text(json.dumps({"url": url, "ca_file": str(ca_file)}))
    temporary.replace(options.state / "ready.json")


def stop_at_eof() -> None:
    """End this process group when standard input closes."""
    sys.stdin.buffer.read()
    os.killpg(os.getpgid(0), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mqtt-port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--stop-at-eof", action="store_true")
    parser.add_argument("--token", help="not used: it tells this process from any other")
    options = parser.parse_args()

    os.environ.update(
        GATEWAY_PORT=str(options.port),
        IOT_MTLS_PORT=str(options.mqtt_port),
        BIND_HOST="127.0.0.1",
        AUTH="true" if options.auth else "false",
        MINISTACK_REGION=options.region,
        # Nothing is persisted; what is written all the same stays in the state directory.
        PERSIST_STATE="0",
        STATE_DIR=str(options.state / "state"),
        S3_DATA_DIR=str(options.state / "s3"),
    )
    socket.socket = LoopbackSocket
    send_responses_whole()
    if options.stop_at_eof:
        threading.Thread(target=stop_at_eof, daemon=True).start()
    threading.Thread(target=announce, args=(options,), daemon=True).start()
    sys.argv = sys.argv[:1]
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
