"""Connect to an endpoint by a name that does not resolve to it.

The AWS IoT Device SDK has one host name for three purposes: the address it looks up, the server
name it sends in the TLS handshake (which AWS IoT and its emulators may tell accounts apart by) and
the name it expects in the server's certificate. It offers no way to give the address separately;
but through an HTTP CONNECT proxy it leaves the look-up to the proxy. This is such a proxy, for one
address, on loopback, in this process. TLS runs through it end to end.
"""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Self

_CONNECT_SECONDS = 10.0
_POLL_SECONDS = 0.05
"""How long closing may take."""
_CHUNK = 65536
_MAX_REQUEST_BYTES = 8192
_END_OF_REQUEST = b"\r\n\r\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    target: tuple[str, int]


class _Handler(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        # Either side may go away at any moment, which ends the other's connection as well.
        with suppress(OSError):
            if self._read_request():
                self._serve()

    def _serve(self) -> None:
        try:
            upstream = socket.create_connection(self.server.target, _CONNECT_SECONDS)
        except OSError:
            self.request.sendall(_status_line(HTTPStatus.BAD_GATEWAY))
            # Hanging up at once could overtake the answer: let the device read it and hang up.
            self.request.settimeout(_CONNECT_SECONDS)
            self.request.recv(_CHUNK)
            return
        with upstream:
            upstream.settimeout(None)
            self.request.sendall(_status_line(HTTPStatus.OK))
            _relay(self.request, upstream)

    def _read_request(self) -> bool:
        request = b""
        while not request.endswith(_END_OF_REQUEST) and len(request) < _MAX_REQUEST_BYTES:
            chunk = self.request.recv(_CHUNK)
            if not chunk:
                return False
            request += chunk
        return request.startswith(b"CONNECT ")


def _status_line(status: HTTPStatus) -> bytes:
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n\r\n".encode()


def _relay(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)  # noqa: S101  (for the type checker)
                data = source.recv(_CHUNK)
                if not data:
                    return
                sink.sendall(data)


class Tunnel:
    """A CONNECT proxy on loopback that leads to one address, whatever name it is asked for.

    Args:
        address: Host name or IP address to connect to.
        port: TCP port to connect to.

    Attributes:
        port: The loopback port the proxy listens on.
    """

    def __init__(self, address: str, port: int) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.target = (address, port)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="device-tunnel",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening. Connections end when either side ends them."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
