"""The connection is encrypted both ways trusted, and the key is nowhere afterwards."""

import datetime as dt
import socket
import ssl
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from canary import tls
from canary.failures import Closed, ConnectionRefused
from canary.tls import Credentials, Endpoint, open_connection

NAME = "abc-ats.iot.eu-west-1.amazonaws.com"


def made(name):
    """A self-signed certificate and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), pem.decode()


@pytest.fixture(scope="module")
def server_files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = made(NAME)
    (directory / "server.pem").write_text(certificate)
    (directory / "key.pem").write_text(key)
    return directory


class Server:
    """Takes one connection, and answers its CONNECT."""

    def __init__(self, files, answer):
        self.seen = None
        self._answer = answer
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files / "server.pem", files / "key.pem")
        self._context.verify_mode = ssl.CERT_OPTIONAL
        self._context.load_verify_locations(files / "device.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with self._listener:
            raw, _ = self._listener.accept()
        try:
            with self._context.wrap_socket(raw, server_side=True) as connection:
                connection.recv(4096)
                self.seen = connection.getpeercert()
                connection.sendall(self._answer)
                while connection.recv(4096):
                    pass
        except OSError:
            raw.close()

    def join(self):
        """Wait until the client has closed the connection."""
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def device(server_files):
    certificate, key = made("device")
    (server_files / "device.pem").write_text(certificate)
    return Credentials(certificate, key)


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def endpoint(server, files, name=NAME):
    return Endpoint(
        server_name=name,
        address="127.0.0.1",
        port=server.port,
        ca_file=str(files / "server.pem"),
    )


def test_it_connects_with_the_devices_certificate(server_files, device, temporary, monkeypatch):
    modes = []
    unlink = Path.unlink

    def look(path, *rest):
        modes.append(stat.S_IMODE(path.stat().st_mode))
        unlink(path, *rest)

    monkeypatch.setattr(Path, "unlink", look)
    server = Server(server_files, b"\x20\x02\x00\x00")
    connection = open_connection(endpoint(server, server_files), device, "me")
    assert list(temporary.iterdir()) == []
    connection.close()
    server.join()
    assert modes == [0o600]
    assert server.seen["subject"] == ((("commonName", "device"),),)


def test_a_server_for_another_name_is_not_trusted(server_files, device):
    server = Server(server_files, b"")
    with pytest.raises(Closed, match="SSLCertVerificationError at 127"):
        open_connection(endpoint(server, server_files, "other.example.com"), device, "me")
    server.join()


def test_a_refusal_closes_the_connection(server_files, device):
    server = Server(server_files, b"\x20\x02\x00\x05")
    with pytest.raises(ConnectionRefused) as refused:
        open_connection(endpoint(server, server_files), device, "me")
    server.join()
    # Asked for last: a connection that was left open would end together with its exception.
    assert "code 5" in str(refused.value)


def test_nobody_there_is_told(server_files, device, closed_port):
    nowhere = Endpoint(server_name="127.0.0.1", port=closed_port)
    with pytest.raises(Closed, match=f":{closed_port}"):
        open_connection(nowhere, device, "me")


def test_a_certificate_without_its_key_is_told_without_quoting_it(device):
    other = Credentials(device.certificate_pem, made("other")[1])
    with pytest.raises(Closed, match="the certificate or its key cannot be used"):
        open_connection(Endpoint(server_name=NAME), other, "me")


def test_credentials_never_show_the_key(device):
    assert device.private_key_pem not in repr(device)
    assert tls.SECURE_MQTT_PORT == 8883
