import socket
import struct
import threading

import pytest

from tools.device.tunnel import Tunnel


@pytest.fixture
def echo_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def serve(server):
    try:
        connection, _ = server.accept()
    except OSError:
        return
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data.upper())


def ask(tunnel, request):
    connection = socket.create_connection(("127.0.0.1", tunnel.port), 5)
    connection.sendall(request)
    return connection


CONNECT = b"CONNECT some.other.name:8883 HTTP/1.1\r\nHost: some.other.name\r\n\r\n"


def test_any_name_leads_to_the_one_address(echo_port):
    with Tunnel("127.0.0.1", echo_port) as tunnel, ask(tunnel, CONNECT) as connection:
        assert connection.recv(1024) == b"HTTP/1.1 200 OK\r\n\r\n"
        connection.sendall(b"hello")
        assert connection.recv(1024) == b"HELLO"


def test_a_device_that_vanishes_is_hung_up_on():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Tunnel("127.0.0.1", server.getsockname()[1]) as tunnel,
    ):
        connection = ask(tunnel, CONNECT)
        assert connection.recv(1024) == b"HTTP/1.1 200 OK\r\n\r\n"
        upstream, _ = server.accept()
        # Closing with a zero linger time resets the connection in place of ending it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        with upstream:
            upstream.settimeout(5)
            assert upstream.recv(1024) == b""


def test_an_address_that_does_not_answer_is_a_bad_gateway(closed_port):
    with Tunnel("127.0.0.1", closed_port) as tunnel, ask(tunnel, CONNECT) as connection:
        assert connection.recv(1024).startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 8192])
def test_anything_but_a_connect_request_is_hung_up_on(echo_port, request_):
    with Tunnel("127.0.0.1", echo_port) as tunnel, ask(tunnel, request_) as connection:
        assert connection.recv(1024) == b""


def test_a_request_that_ends_early_is_hung_up_on(echo_port):
    with Tunnel("127.0.0.1", echo_port) as tunnel, ask(tunnel, b"CONN") as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1024) == b""


def test_a_closed_tunnel_does_not_listen(echo_port):
    with Tunnel("127.0.0.1", echo_port) as tunnel:
        port = tunnel.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
