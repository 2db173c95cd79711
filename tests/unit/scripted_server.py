"""An HTTP server on loopback that answers each request with the next line of a script."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG = "hang"
CLOSE = "close"
ERROR_TYPE = "com.amazonaws.dynamodb.v20120810#"


def error(code, status=400, **extra):
    return status, {"__type": ERROR_TYPE + code, "Message": "scripted", **extra}


class Script:
    """What to answer, in order (the last answer repeats), and what was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.released = threading.Event()

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextlib.contextmanager
def serving(script: Script) -> Iterator[str]:
    """Serve the script; yields the URL."""

    connections = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self):
            super().setup()
            connections.append(self.connection)

        def do_GET(self):
            self.answer(None)

        def do_POST(self):
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body):
            script.requests.append((dict(self.headers), body))
            answer = script.next()
            if answer == HANG:
                script.released.wait(30)
                self.close_connection = True
                return
            if answer == CLOSE:
                self.close_connection = True
                return
            status, content = answer
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_):
            pass  # a client that gave up on a hanging answer is what these tests are about

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        script.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
        for connection in connections:  # kept alive by the client, also once it is shut down here
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """Yield a URL where nothing listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@contextlib.contextmanager
def elapsed() -> Iterator[list[float]]:
    """Yield a list that holds the block's duration in seconds once it is over."""
    result: list[float] = []
    start = time.monotonic()
    try:
        yield result
    finally:
        result.append(time.monotonic() - start)
