"""`make demo` as a user runs it, and as a user stops it."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.endpoint import ROOT

pytestmark = [
    pytest.mark.endpoint,
    pytest.mark.skipif(bool(os.environ.get("ENDPOINT")), reason="about the embedded endpoint"),
]

COMMAND = [sys.executable, "-m", "tools.demo", "run"]
ADMITTED = {
    "TS-0001": "temperature-sensor",
    "TS-0002": "temperature-sensor",
    "HS-0001": "humidity-sensor",
    "HS-0002": "humidity-sensor",
    "PS-0001": "pressure-sensor",
    "PS-0002": "pressure-sensor",
    "GW-0001": "gateway",
    "GW-0002": "gateway",
}
REFUSED = {
    "XX-9999": "UNKNOWN_SERIAL",
    "PS-0003": "WRONG_DEVICE_TYPE",
    "GW-0003": "WRONG_MANUFACTURER",
    "HS-0003": "REVOKED",
    "TS-0001": "ALREADY_ACTIVE",
}
FIRST_SHADOWS = {
    "temperature-sensor": 'alertThreshold 80, enabled true, samplingRate 30, temperatureUnit "',
    "humidity-sensor": "enabled true, reportingInterval 60",
    "pressure-sensor": "enabled true, reportingInterval 60",
    "gateway": 'bufferSize 100, compressionEnabled true, connectionTimeout 30, logLevel "INFO"',
}
JUST_IN_TIME = {
    "TS-1001": "north-sensor-1001 +north-temperature-sensor +DE, north-temperature-sensor",
    "TS-1002": "north-sensor-1002 +north-temperature-sensor +FR, north-temperature-sensor",
    "GW-1001": "north-GW-1001 +north-gateway +north-gateway",
}
TURNED_AWAY = {
    "GW-6666": "nobody enrolled it +hung up, 3 times +INACTIVE +UNKNOWN_SERIAL",
    "TS-1003": "of a CA nobody registered +hung up, 3 times +never registered +-",
}


@pytest.fixture
def environment(tmp_path):
    """With a temporary directory of its own, so that what is left behind is seen."""
    return {**os.environ, "TMPDIR": str(tmp_path), "AWS_PROFILE": "somebody-elses"}


def left_behind(temporary):
    """Directories of runs that have ended, in both places."""
    ours = [path.name for path in (ROOT / "build").glob("demo-*")]
    return ours + [path.name for path in Path(temporary).glob("endpoint-*")]


def test_the_demo_ends_well_and_leaves_nothing(environment):
    before = left_behind(environment["TMPDIR"])
    done = subprocess.run(
        COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=480, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything was as expected" in done.stdout
    for serial, device_type in ADMITTED.items():
        name = f"acme-{device_type}"
        row = rf"^{serial} +acme-{serial} +{name} +{name} +{name} +[0-9a-f]{{8}} +\d+\.\d s"
        assert re.search(row, done.stdout, re.MULTILINE), serial
        row = rf"^{serial} +ACTIVE +device-lifecycle +{FIRST_SHADOWS[device_type]}"
        assert re.search(row, done.stdout, re.MULTILINE), serial
    for serial, reason in REFUSED.items():
        row = rf"^{serial} .+ 403 AccessDenied +{reason} +\d+\.\d s"
        assert re.search(row, done.stdout, re.MULTILINE), serial
    assert re.search(
        r"^PolicyName +acme-gateway +acme-temperature-sensor", done.stdout, re.MULTILINE
    )
    alarm = r"^acme-denials-by-reason-REVOKED +ALARM +\w+ to ALARM +docs/runbooks.md#"
    assert re.search(alarm, done.stdout, re.MULTILINE)
    revoked = r"^GW-0002 +closed after \d+\.\d s +REVOKED +hung up +403"
    assert re.search(revoked, done.stdout, re.MULTILINE)
    for serial, cells in JUST_IN_TIME.items():
        row = rf"^{serial} +{cells} +[0-9a-f]{{8}} +([2-9]|\d\d) +\d+\.\d s"
        assert re.search(row, done.stdout, re.MULTILINE), serial
    for serial, cells in TURNED_AWAY.items():
        assert re.search(rf"^{serial} +{cells}", done.stdout, re.MULTILINE), serial
    assert max(map(len, done.stdout.splitlines())) <= 120
    assert left_behind(environment["TMPDIR"]) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_stops_what_it_started(environment, number):
    before = left_behind(environment["TMPDIR"])
    process = subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with process, process.stdout as output:
        seen = b""
        while b"Apply" not in seen:
            seen += output.read1()
        process.send_signal(number)
        seen += output.read()
        assert process.wait(30) == 130
    assert b"Interrupted" in seen
    address = re.search(rb"http://127\.0\.0\.1:(\d+)", seen)
    assert not listening(int(address[1]))
    assert left_behind(environment["TMPDIR"]) == before


def listening(port):
    """Whether anything listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
