"""The endpoint is reachable from this machine only, and never outlives its owner."""

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tools import endpoint as module
from tools.endpoint import Endpoint, EndpointError, embedded_endpoint, external_endpoint

SOMEWHERE = Endpoint("http://127.0.0.1:1", "localhost", 2, None)


def answers(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((parts.hostname, parts.port)) == 0


def wait_until_silent(url: str) -> bool:
    deadline = time.monotonic() + 10
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not answers(url)


def other_addresses() -> list[str]:
    found = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return sorted(a for a in found if not ipaddress.ip_address(a).is_loopback)


@pytest.fixture
def no_external(monkeypatch):
    monkeypatch.delenv("ENDPOINT", raising=False)


@pytest.fixture
def kept_elsewhere(monkeypatch, tmp_path):
    """Keep away from an endpoint that somebody left running with `make up`."""
    monkeypatch.setattr(module, "KEPT", tmp_path / "endpoint")
    monkeypatch.setattr(module, "KEPT_RECORD", tmp_path / "endpoint.json")


def test_it_listens_on_loopback_only_and_stops_with_the_block(no_external):
    with embedded_endpoint() as running:
        assert answers(running.url)
        mqtt = f"http://127.0.0.1:{running.mqtt_port}"
        assert answers(mqtt)
        for address in other_addresses():
            for port in (urlsplit(running.url).port, running.mqtt_port):
                assert not answers(f"http://{address}:{port}")
        assert "BEGIN CERTIFICATE" in Path(running.ca_file).read_text()
        assert running.embedded
    assert not answers(running.url)
    assert not answers(mqtt)
    assert not Path(running.ca_file).exists()


def test_it_stops_when_the_block_fails(no_external):
    with pytest.raises(KeyError), embedded_endpoint() as running:
        raise KeyError
    assert not answers(running.url)


# A shell starts background jobs with SIGINT ignored, and that is inherited.
OWNER = """
import signal, time
from tools.endpoint import embedded_endpoint
signal.signal(signal.SIGINT, signal.default_int_handler)
with embedded_endpoint() as running:
    print(running.url, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("deadly", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_when_its_owner_is_interrupted_or_killed(no_external, deadly):
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=module.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        url = owner.stdout.readline().strip()
        assert answers(url)
        owner.send_signal(deadly)
        owner.wait(timeout=20)
    assert wait_until_silent(url)


def test_a_port_taken_meanwhile_is_tried_again(no_external, monkeypatch):
    free = module._free_ports
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        answers_ = iter([[busy, free(1)[0]], [free(1)[0], busy], free(2)])
        monkeypatch.setattr(module, "_free_ports", lambda _: next(answers_))
        with embedded_endpoint() as running:
            assert running.mqtt_port != busy
            assert urlsplit(running.url).port != busy


def test_a_failed_start_shows_the_end_of_the_log(no_external, monkeypatch, tmp_path):
    broken = tmp_path / "server.py"
    broken.write_text("raise SystemExit('no such thing as an endpoint')")
    monkeypatch.setattr(module, "SERVER", broken)
    monkeypatch.setenv(module.JOURNAL, str(tmp_path))
    with pytest.raises(EndpointError, match=r"(?s)ended while starting.*no such thing"):
        embedded_endpoint().__enter__()
    # An endpoint that never worked need not have kept a journal.
    assert list(tmp_path.glob("endpoint-*.log")) == []
    assert len(list(tmp_path.glob("failed-endpoint-*.log"))) == module.START_ATTEMPTS


def test_a_start_that_takes_too_long_is_ended(no_external, monkeypatch, tmp_path):
    slow = tmp_path / "server.py"
    slow.write_text("import time; print('thinking', flush=True); time.sleep(60)")
    monkeypatch.setattr(module, "SERVER", slow)
    monkeypatch.setattr(module, "START_SECONDS", 0.5)
    with pytest.raises(EndpointError, match=r"(?s)not ready after .*thinking"):
        embedded_endpoint().__enter__()


def test_a_server_that_ignores_the_signal_is_killed(no_external, monkeypatch, tmp_path):
    stubborn = tmp_path / "server.py"
    stubborn.write_text(
        "import json, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "state = pathlib.Path(sys.argv[sys.argv.index('--state') + 1])\n"
        "(state / 'new').write_text(json.dumps({'url': 'http://127.0.0.1:1', 'ca_file': ''}))\n"
        "(state / 'new').rename(state / 'ready.json')\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setattr(module, "SERVER", stubborn)
    # It keeps no journal, as an endpoint would.
    monkeypatch.delenv(module.JOURNAL, raising=False)
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)
    before = time.monotonic()
    with embedded_endpoint():
        pass
    assert time.monotonic() - before < 10


def test_without_its_environment_one_sentence_says_what_to_run(no_external, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "INTERPRETER", tmp_path / "python")
    with pytest.raises(EndpointError, match=r"not installed: run `make setup`\.$"):
        embedded_endpoint().__enter__()


# --- kept running ---------------------------------------------------------------------------------


def test_a_kept_endpoint_is_found_again_and_stopped_once(no_external, kept_elsewhere):
    assert module.kept() is None
    running = module.start_kept()
    try:
        assert module.kept() == running
        assert answers(running.endpoint.url)
        with pytest.raises(EndpointError, match="kept running already"):
            module.start_kept()
    finally:
        assert module.stop_kept() is True
    assert wait_until_silent(running.endpoint.url)
    assert module.stop_kept() is False
    assert not module.KEPT.exists()


def test_a_reused_process_id_is_never_stopped(no_external, kept_elsewhere):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        record = module.Running(SOMEWHERE, stranger.pid, "0123456789abcdef", "")
        module.KEPT_RECORD.write_text(module.json.dumps(module.asdict(record)))
        assert module.kept() is None
        assert module.stop_kept() is False
        assert stranger.poll() is None
        stranger.kill()


def test_the_command_starts_shows_and_stops(no_external, kept_elsewhere, capsys):
    assert module.main(["env"]) == 1
    assert module.main(["start"]) == 0
    started = capsys.readouterr().out
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in started
    assert module.main(["start"]) == 1
    assert module.main(["env"]) == 0
    assert capsys.readouterr().out == started
    assert module.main(["stop"]) == 0
    assert module.main(["stop"]) == 0
    assert capsys.readouterr().out == "stopped\nnothing was running\n"


# --- an external one ------------------------------------------------------------------------------


def test_an_external_endpoint_is_used_as_it_is_and_nothing_is_started(monkeypatch):
    monkeypatch.setenv("ENDPOINT", "http://localhost:4566/")
    monkeypatch.setattr(module, "_start", None)
    with embedded_endpoint(auth=True) as running:
        assert running.url == "http://localhost:4566"
        assert (running.mqtt_host, running.mqtt_port, running.ca_file) == ("localhost", 8883, None)
        assert not running.embedded


def test_the_mqtt_side_of_an_external_endpoint_can_be_told():
    found = external_endpoint(
        {
            "ENDPOINT": "https://stack:4566",
            "ENDPOINT_MQTT_HOST": "mqtt",
            "ENDPOINT_MQTT_PORT": "443",
            "ENDPOINT_CA_FILE": "ca.pem",
        }
    )
    assert (found.mqtt_host, found.mqtt_port, found.ca_file) == ("mqtt", 443, "ca.pem")


@pytest.mark.parametrize("environ", [{}, {"ENDPOINT": ""}])
def test_without_endpoint_there_is_no_external_one(environ):
    assert external_endpoint(environ) is None


@pytest.mark.parametrize("url", ["localhost:4566", "ftp://localhost", "http://"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(EndpointError, match="must be like http://localhost:4566"):
        external_endpoint({"ENDPOINT": url})


@pytest.mark.parametrize("host", ["iot.eu-west-1.amazonaws.com", "iot.eu-west-1.api.aws"])
def test_aws_itself_is_refused(host):
    with pytest.raises(EndpointError, match="never run against AWS"):
        external_endpoint({"ENDPOINT": f"https://{host}"})


# --- what children see ----------------------------------------------------------------------------


def test_nothing_of_the_users_aws_settings_reaches_a_child():
    secret = {
        "AWS_PROFILE": "prod",
        "AWS_SESSION_TOKEN": "t",
        "AWS_CA_BUNDLE": "/gone.pem",
        "AWS_ENDPOINT_URL_IOT": "https://iot.eu-west-1.amazonaws.com",
        "PATH": "/bin",
        "NO_PROXY": "intranet",
    }
    child = SOMEWHERE.in_account("210987654321").in_region("us-west-2").environment(secret)
    assert set(child) & set(secret) == {"PATH", "NO_PROXY"}
    assert child["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert child["AWS_ACCESS_KEY_ID"] == "210987654321"
    assert child["AWS_REGION"] == child["AWS_DEFAULT_REGION"] == "us-west-2"
    assert child["NO_PROXY"] == child["no_proxy"] == "intranet,localhost,127.0.0.1"


def test_the_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "prod")
    child = SOMEWHERE.environment()
    assert "AWS_PROFILE" not in child
    assert child["PATH"] == os.environ["PATH"]


def test_accounts_do_not_see_each_other(no_external):
    with embedded_endpoint() as running:
        for account in ("111111111111", "222222222222"):
            request = urllib.request.Request(
                f"{running.url}/things/one",
                data=b"{}",
                headers={
                    "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/eu-west-1/iot"
                    "/aws4_request, SignedHeaders=host, Signature=0"
                },
            )
            with urllib.request.urlopen(request) as answer:
                assert account in answer.read().decode()
