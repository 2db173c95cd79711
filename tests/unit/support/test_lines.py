"""A line carries bytes, ends or stalls when it is cut, and carries them again when it is healed."""

import socket
import socketserver
import threading

import pytest

from tests.support.lines import Line

SECONDS, STALL = 5, 0.3


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1024):
            self.request.sendall(data)


@pytest.fixture
def line():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Line(*server.server_address) as line:
            yield line
        server.shutdown()


@pytest.fixture
def dial(line):
    opened = []

    def connect():
        opened.append(socket.create_connection(("127.0.0.1", line.port), SECONDS))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def echoes(connection, text=b"hello"):
    connection.sendall(text)
    return connection.recv(1024) == text


def is_over(connection):
    try:
        return connection.recv(1024) == b""
    except ConnectionResetError:
        return True


def test_it_carries_both_ways_until_it_is_cut_and_again_when_it_is_healed(line, dial):
    port = line.port
    one, two = dial(), dial()
    assert echoes(one)
    assert echoes(two)
    assert line.connections == 2
    line.cut()
    for connection in (one, two):
        assert is_over(connection)
    with pytest.raises(ConnectionRefusedError):
        dial()
    assert line.connections == 0
    line.heal()
    assert line.port == port
    assert echoes(dial())


def test_a_silent_cut_tells_nobody(line, dial):
    one = dial()
    assert echoes(one)
    line.cut(silently=True)
    for connection in (one, dial()):
        connection.settimeout(STALL)
        connection.sendall(b"late")
        with pytest.raises(TimeoutError):
            connection.recv(1024)
        connection.settimeout(SECONDS)
    line.heal()
    assert one.recv(1024) == b"late"


def test_a_silent_cut_may_become_a_loud_one(line, dial):
    one = dial()
    assert echoes(one)
    line.cut(silently=True)
    line.cut()
    with pytest.raises(ConnectionRefusedError):
        dial()
    line.heal()
    assert echoes(dial())


def test_it_hangs_up_when_the_other_end_is_not_there(closed_port):
    with (
        Line("127.0.0.1", closed_port) as line,
        socket.create_connection(("127.0.0.1", line.port), SECONDS) as connection,
    ):
        assert is_over(connection)
