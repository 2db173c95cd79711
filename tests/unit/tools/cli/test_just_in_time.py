"""What ``decommission`` and ``show`` say of devices that a CA brought in."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from device_registry.decision_log import EVENT
from device_registry.record import Status, to_item
from tests.unit.builders import NOW, record
from tests.unit.tools.cli.test_stack import AUTHORITY, GATED, stack_file
from tests.unit.tools.fakes import ARN, FakeIot, FakeTable, client_error
from tools.cli.errors import PARTLY
from tools.cli.main import cli
from tools.cli.options import Deployment

CA, GATED_CA, OTHER_GATED_CA = "ca" * 32, "6a" * 32, "6b" * 32
IDS = [f"{number:064x}" for number in range(5)]
HOOK, GATE, OTHER_GATE = (f"/aws/lambda/acme-{name}" for name in ("hook", "gw-gate", "old-gate"))
AUTHORITIES = {
    "northwind": AUTHORITY,
    "northwind-gw": {
        **AUTHORITY,
        "certificate_id": GATED_CA,
        "device_certificate": GATED,
        "log_group_name": GATE,
    },
    "northwind-old": {
        **AUTHORITY,
        "certificate_id": OTHER_GATED_CA,
        "device_certificate": GATED,
        "log_group_name": OTHER_GATE,
    },
}


class Registry(FakeTable):
    deleted = False

    def exists(self):
        return not self.deleted

    def ever_claimed(self):
        return [item for item in self.items.values() if "certificateId" in item]

    def deletion_protection(self):
        return False


class Logs:
    """Decision logs by name; one that is an error cannot be read."""

    def __init__(self, **entries):
        self.entries = entries

    def get_paginator(self, _):
        return self

    def paginate(self, *, logGroupName, startTime, endTime, filterPattern):  # noqa: N803
        found = self.entries.get(logGroupName, [])
        if isinstance(found, Exception):
            raise found
        inside = [each for each in found if startTime <= each["timestamp"] <= endTime]
        yield {"events": inside}


def refusal(age, **entry):
    at = NOW - age
    entry = {
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "event": EVENT,
        "outcome": "denied",
        "serialNumber": "GW-1",
        **entry,
    }
    return {"timestamp": at * 1000, "message": json.dumps(entry)}


@pytest.fixture
def iot():
    fake = FakeIot()
    fake.groups = {"acme-devices": set()}
    fake.open = {CA: True, GATED_CA: True, OTHER_GATED_CA: False}
    fake.add_device("acme-GW-1", IDS[0], "acme-gateway")
    fake.add_device("acme-sensor-1", IDS[1], "acme-gateway")
    fake.add_signed(GATED_CA, IDS[0])
    fake.add_signed(CA, IDS[1])
    fake.add_signed(GATED_CA, IDS[2], status="PENDING_ACTIVATION")
    fake.add_signed(OTHER_GATED_CA, IDS[3], status="INACTIVE")
    return fake


@pytest.fixture
def registry():
    came_up = record(
        serial_number="GW-1",
        status=Status.PROVISIONING,
        certificate_id=IDS[0],
        certificate_ids=frozenset({IDS[0]}),
        claim_certificate_id=GATED_CA,
        required_claim_certificate_id=GATED_CA,
        template_name="acme-northwind-gw",
    )
    return Registry(to_item(came_up))


@pytest.fixture
def run(tmp_path, monkeypatch, iot, registry):
    """Returns a function that runs a command line against what the fixtures hold."""
    monkeypatch.setattr("time.time", lambda: NOW)
    fakes = {"iot": iot, "registry": registry, "caller_arn": "arn", "logs": Logs()}
    # Whoever makes a table of a client makes no call.
    fakes["dynamodb"] = None

    def invoke(*arguments, logs=None, authorities=AUTHORITIES):
        for name, fake in (fakes | ({"logs": logs} if logs else {})).items():
            monkeypatch.setattr(Deployment, name, fake)
        path = stack_file(tmp_path, certificate_authorities=authorities)
        # Wide enough that no table breaks a word.
        monkeypatch.setenv("COLUMNS", "300")
        return CliRunner().invoke(cli, [*arguments, "--stack", str(path)])

    return invoke


def test_a_stack_with_devices_that_came_just_in_time_is_emptied(run, iot):
    result = run("decommission", "--all", "--yes")
    assert result.exit_code == 0, result.output
    assert "Nothing that devices created is left under 'acme'" in result.output
    assert "2 things and 4 certificates" in result.output
    assert (iot.things, iot.certificates) == ({}, {})


@pytest.mark.parametrize("policy", ["keep", "revoke", "release", "delete"])
def test_a_stack_whose_table_is_gone_is_emptied_all_the_same(run, iot, registry, policy):
    registry.deleted = True
    by_gate = {key: entry for key, entry in AUTHORITIES.items() if key != "northwind"}
    result = run("decommission", "--all", "--yes", "--records", policy, authorities=by_gate)
    assert result.exit_code == 0, result.output
    assert "Table acme-registry does not exist" in result.output
    assert (iot.things, iot.certificates) == ({}, {})
    assert registry.writes == []


def test_the_cas_that_would_let_devices_come_back_are_named_first(run, iot):
    first = run("decommission", "--all", "--dry-run")
    (line,) = [each for each in first.output.splitlines() if "Automatic registration" in each]
    assert "on for northwind, northwind-gw:" in line
    assert "allow_auto_registration = false" in line
    iot.open = dict.fromkeys(iot.open, False) | {GATED_CA: True}
    del iot.open[CA]
    assert "is on for northwind-gw:" in run("decommission", "--all", "--dry-run").output
    iot.open.clear()
    assert "Automatic registration" not in run("decommission", "--all", "--dry-run").output
    iot.open = {CA: True}
    assert "Automatic registration" not in run("decommission", "GW-1", "--dry-run").output


def test_what_appears_meanwhile_is_laid_on_claims_and_on_cas(run, iot):
    delete = iot.delete_thing

    def appear(thingName):  # noqa: N803
        delete(thingName=thingName)
        iot.add_signed(CA, IDS[4], status="PENDING_ACTIVATION")

    iot.delete_thing = appear
    result = run("decommission", "--all", "--yes")
    assert result.exit_code == PARTLY
    assert "1 more appeared meanwhile" in result.output
    (line,) = [each for each in result.output.splitlines() if "appeared meanwhile" in each]
    for way in ("claim certificates inactive", "templates", "allow_auto_registration = false"):
        assert way in line


def test_a_thing_without_serial_number_that_cannot_be_removed_is_called_by_its_name(run, iot):
    del iot.certificates[IDS[1]]
    iot.attached = {pair for pair in iot.attached if pair[0] != "acme-sensor-1"}
    iot.failures["delete_thing"] = [client_error("InternalFailureException")] * 2
    result = run("decommission", "--all", "--yes")
    assert result.exit_code == PARTLY
    assert "acme-sensor-1: " in result.output
    assert "GW-1: " in result.output


def test_a_ca_in_a_record_is_never_removed(run, iot, registry):
    iot.certificates[GATED_CA] = "ACTIVE"
    iot.policies["acme-gateway"].add(ARN + GATED_CA)
    stored = registry.items["GW-1"]
    stored["certificateIds"] = {"SS": [IDS[0], GATED_CA]}
    del stored["claimCertificateId"]
    assert run("decommission", "GW-1", "--yes").exit_code == 0
    assert run("decommission", "--all", "--yes").exit_code == 0
    assert set(iot.certificates) == {GATED_CA}


def test_each_certificate_of_a_device_has_a_row_of_its_own(run, iot):
    iot.add_device("acme-sensor-1", IDS[4], "acme-gateway", status="REVOKED")
    found = lines(run("decommission", "--all", "--dry-run").stdout)
    short = f"{IDS[1][:12]}..."
    assert found >= {
        f"- - acme-sensor-1 acme-gateway {short} ACTIVE acme-gateway",
        f"{short} REVOKED acme-gateway",
    }


def test_only_what_is_attached_elsewhere_has_a_column_for_it(run, iot):
    assert "Also attached to" not in run("decommission", "GW-1", "--dry-run").stdout
    iot.attached.add(("other-1", ARN + IDS[0]))
    found = lines(run("decommission", "GW-1", "--dry-run").stdout)
    assert any("Also attached to" in line for line in found)
    assert any(line.endswith("ACTIVE acme-gateway other-1") for line in found)


def test_show_says_where_devices_are_that_no_registry_knows(run):
    told = run("show", "acme-sensor-1").stderr
    assert "A CA without a gate (northwind) asks no registry" in told
    assert "ca list-certificates" in told
    assert "without a gate" not in run("show", "GW-1").stderr
    by_gate = {key: entry for key, entry in AUTHORITIES.items() if key != "northwind"}
    assert "without a gate" not in run("show", "SN-9", authorities=by_gate).stderr


def lines(output):
    return {" ".join(line.split()) for line in output.splitlines()}


def test_the_ca_is_shown_that_a_device_came_through(run):
    result = run("show", "GW-1")
    assert result.exit_code == 0
    assert lines(result.output) >= {
        f"Through CA northwind-gw ({GATED_CA})",
        f"CA wanted northwind-gw ({GATED_CA})",
        "Gate acme-northwind-gw",
    }
    assert "Claim certificate" not in result.output
    assert json.loads(run("show", "GW-1", "--json").stdout)["throughCa"] == "northwind-gw"


def test_a_claim_certificate_is_still_called_one(run, registry):
    claim = {"claimCertificateId": {"S": "c1" * 32}, "requiredClaimCertificateId": {"S": "c1" * 32}}
    registry.items["GW-1"] |= claim
    result = run("show", "GW-1")
    assert lines(result.output) >= {
        f"Claim certificate used {'c1' * 32}",
        f"Claim certificate wanted {'c1' * 32}",
        "Template acme-northwind-gw",
    }
    assert json.loads(run("show", "GW-1", "--json").stdout)["throughCa"] is None


@pytest.mark.parametrize(
    ("ages", "newest"),
    [
        ({HOOK: 60, GATE: 50, OTHER_GATE: 70}, GATE),
        ({HOOK: 40, GATE: 50, OTHER_GATE: 70}, HOOK),
        ({HOOK: 90_000, GATE: 50_000, OTHER_GATE: 5_000}, OTHER_GATE),
        ({GATE: 90_000}, GATE),
    ],
)
def test_the_newest_refusal_of_hook_and_gates_is_shown(run, ages, newest):
    logs = Logs(**{group: [refusal(age, requestId=group)] for group, age in ages.items()})
    assert f"Request {newest}" in lines(run("show", "GW-1", logs=logs).output)


def test_a_gate_s_refusal_is_shown_with_ca_and_gate_and_what_to_do(run, registry):
    registry.items.clear()
    entry = refusal(
        9,
        reason="UNKNOWN_SERIAL",
        claimCertificateId=GATED_CA,
        certificateId=IDS[2],
        gate="acme-northwind-gw",
        deviceType="gateway",
    )
    logs = Logs(**{GATE: [entry]})
    result = run("show", "GW-1", logs=logs)
    assert result.exit_code == PARTLY
    assert lines(result.output) >= {
        "Reason UNKNOWN_SERIAL",
        f"Certificate {IDS[2]}",
        f"Through CA northwind-gw ({GATED_CA})",
        "Gate acme-northwind-gw",
        "Device type named gateway",
    }
    assert "aws iot delete-certificate" in " ".join(result.output.split())
    shown = json.loads(run("show", "GW-1", "--json", logs=logs).stdout)
    assert shown["throughCa"] == "northwind-gw"
    assert "delete-certificate" in shown["lastDenial"]["explanation"]["advice"]


def test_a_log_that_cannot_be_read_is_named_and_the_others_are_shown(run):
    denied = client_error("AccessDeniedException", "FilterLogEvents")
    logs = Logs(**{HOOK: denied, OTHER_GATE: [refusal(9, requestId="here")]})
    output = run("show", "GW-1", logs=logs).output
    assert "Request here" in lines(output)
    assert f"Not shown: the decision log {HOOK}." in output
