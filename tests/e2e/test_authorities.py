"""A maker's CA as an operator sees it: checked before the factory run, listed, and closed.

Each test registers a CA of its own beside those of the applied example, by the same template.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.e2e.just_in_time import SENSORS, JustInTime
from tests.support.capabilities import Capability, requires
from tests.support.endpoint import using
from tests.support.terraform import ROOT
from tools.cli.errors import DONE, INTERRUPTED, PARTLY
from tools.cli.main import cli
from tools.device.maker import Maker

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

MANY, FEW = 150, 20


class OwnCa:
    """A CA that only one test uses, and the stack file that knows it.

    Attributes:
        maker: Who holds its key.
        key: Its name in the stack file.
        stack_file: `terraform output -json`, as if the CA were of the stack.
    """

    def __init__(self, stack: JustInTime, directory: Path, key: str) -> None:
        self.stack, self.key = stack, key
        self.maker = Maker({"CommonName": f"Northwind {key}"})
        answer = stack.client("iot").register_ca_certificate(
            caCertificate=self.maker.certificate_pem,
            certificateMode="SNI_ONLY",
            setAsActive=True,
            allowAutoRegistration=True,
            registrationConfig={"templateName": stack.outputs["jitp_templates"]["sensors"]["name"]},
        )
        self.certificate_id: str = answer["certificateId"]
        entry = stack.ca(SENSORS) | {
            "certificate_id": self.certificate_id,
            "certificate_pem": self.maker.certificate_pem,
        }
        outputs = stack.outputs | {"certificate_authorities": {key: entry}}
        self.stack_file = directory / "stack.json"
        self.stack_file.write_text(
            json.dumps({name: {"value": value} for name, value in outputs.items()})
        )

    def run(self, command: str, *arguments: str, code: int = DONE, stdin: str = "") -> Any:
        """Run `iot-provisioning ca COMMAND` on this CA."""
        line = ["ca", command, *arguments, "--ca", self.key, "--stack", str(self.stack_file)]
        with using(self.stack.endpoint):
            result = CliRunner().invoke(cli, line, input=stdin)
        assert result.exit_code == code, result.output
        return result

    def listed(self) -> dict[str, dict[str, Any]]:
        """What `list-certificates` says, by certificate id."""
        lines = self.run("list-certificates", "--json").stdout.splitlines()
        return {entry["certificateId"]: entry for entry in map(json.loads, lines)}

    def statuses(self) -> set[str]:
        """The statuses of what this CA has signed."""
        return set(self.by_status())

    def by_status(self) -> Counter[str]:
        """How many certificates are in each status."""
        pages = self.stack.client("iot").get_paginator("list_certificates_by_ca")
        found = pages.paginate(caCertificateId=self.certificate_id)
        return Counter(each["status"] for page in found for each in page["certificates"])


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """The endpoint's lists are never behind."""
    monkeypatch.setattr("tools.authorities.closing._PAUSE_SECONDS", 0)


@pytest.fixture
def neighbour(just_in_time):
    """A sensor of another CA of the stack, which is to notice nothing."""
    device = just_in_time.sensor()
    just_in_time.admit(device)
    return device


@pytest.mark.failure_mode("P10")
def test_the_check_tells_which_certificates_come_up(just_in_time, tmp_path):
    ca = OwnCa(just_in_time, tmp_path, "checked")
    sound = just_in_time.sensor(maker=ca.maker)
    others = {
        "Its subject lacks Country": just_in_time.sensor(maker=ca.maker, Country=None),
        "Country, the thing group, is 'IT'": just_in_time.sensor(maker=ca.maker, Country="IT"),
        "does not begin with 'acme-sensor-'": just_in_time.sensor("acme-x1", maker=ca.maker),
    }
    file = tmp_path / "device.pem"
    for problem, device in {"": sound, **others}.items():
        file.write_text(device.credentials.certificate_pem)
        code = PARTLY if problem else DONE
        checked = ca.run("check-certificate", str(file), "--min-days", "10", code=code)
        assert checked.stdout.count(f"{file}: ") == bool(problem)
        assert problem in checked.stdout
        if problem:
            just_in_time.turned_away(device)
        else:
            just_in_time.admit(device)
    found = ca.listed()
    assert found.pop(sound.certificate_id)["things"] == [sound.thing_name]
    assert found.keys() == {device.certificate_id for device in others.values()}
    assert {entry["status"] for entry in found.values()} == {"PENDING_ACTIVATION"}


@pytest.mark.failure_mode("S13")
def test_a_closed_ca_lets_nobody_in_and_its_devices_are_cut_off(just_in_time, neighbour, tmp_path):
    ca = OwnCa(just_in_time, tmp_path, "closed")
    working, pending, late = (
        just_in_time.sensor(maker=ca.maker, Country=country) for country in ("DE", None, "DE")
    )
    just_in_time.admit(working)
    just_in_time.knock(pending)
    assert ca.run("deactivate", stdin="n\n", code=PARTLY)
    assert just_in_time.admit(working).attempts == 1

    done = ca.run("deactivate", stdin="y\n")
    assert "2 certificates (1 ACTIVE, 1 PENDING_ACTIVATION); 2 to be set INACTIVE" in done.stderr
    assert "2 certificates set INACTIVE." in done.stderr
    assert ca.statuses() == {"INACTIVE"}
    just_in_time.turned_away(working)
    just_in_time.turned_away(late)
    assert just_in_time.status(late) is None
    assert "0 certificates set INACTIVE." in ca.run("deactivate", "--yes").stderr
    assert just_in_time.admit(neighbour).attempts == 1


def test_an_interrupted_run_is_finished_by_the_next_and_is_final(just_in_time, tmp_path):
    ca = OwnCa(just_in_time, tmp_path, "revoked")
    working = just_in_time.sensor(maker=ca.maker)
    just_in_time.admit(working)
    iot = just_in_time.client("iot")

    def register(number: int) -> None:
        iot.register_certificate(
            certificatePem=ca.maker.device({"CommonName": f"{number}"}).certificate_pem,
            caCertificatePem=ca.maker.certificate_pem,
            status="ACTIVE",
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(register, range(MANY)))

    line = ["ca", "revoke", "--yes", "--ca", ca.certificate_id]
    process = subprocess.run(
        [sys.executable, "-m", "tests.e2e.interrupted", str(FEW), *line],
        cwd=ROOT,
        env=just_in_time.endpoint.environment() | {"PYTHONPATH": "lambda_src:."},
        capture_output=True,
        text=True,
        check=False,
    )
    told = process.stderr
    assert process.returncode == INTERRUPTED, told
    assert "run the same command again to finish" in told
    interrupted = re.search(r"Interrupted after (\d+) certificates?\.", told)
    assert interrupted, told
    assert int(interrupted[1]) < MANY
    assert ca.statuses() == {"ACTIVE", "REVOKED"}

    finished = ca.run("revoke", "--yes")
    assert re.search(r"[1-9]\d* certificates? set REVOKED\.", finished.stderr)
    assert ca.by_status() == {"REVOKED": MANY + 1}
    assert "0 to be set INACTIVE" in ca.run("deactivate", "--dry-run").stderr
    just_in_time.turned_away(working)
