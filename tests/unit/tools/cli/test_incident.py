import json
import os

import click
import pytest
from click.testing import CliRunner

from device_registry.record import Status, to_item
from tests.unit.builders import NOW, record
from tests.unit.tools.cli.test_stack import AUTHORITY, stack_file
from tests.unit.tools.fakes import client_error
from tests.unit.tools.incident.fakes import CLAIM, GROUP, OTHER_CLAIM, TEMPLATE, World
from tools.cli import errors
from tools.cli.console import iso
from tools.cli.main import cli
from tools.cli.options import Deployment
from tools.incident import run as runs

COMMANDS = sorted(cli.commands["incident"].commands)
SINCE = iso(NOW - 100)
TEMPLATES = {
    "fleet": {
        "name": TEMPLATE,
        "claim_certificates": {"line": {"id": CLAIM}, "other": {"id": OTHER_CLAIM}},
    },
    "second": {"name": "acme-second", "claim_certificates": {"other": {"id": "c3" * 32}}},
}


class Logs:
    """The hook's decision log: what the world says was granted, or an error."""

    def __init__(self, world):
        self.world, self.failure = world, None

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        if self.failure:
            raise self.failure
        for serial, certificates in self.world.granted.items():
            for certificate in certificates:
                entry = {
                    "event": "provisioning-decision",
                    "outcome": "allowed",
                    "serialNumber": serial,
                    "certificateId": certificate,
                    "claimCertificateId": CLAIM,
                }
                yield {"events": [{"timestamp": 0, "message": json.dumps(entry)}]}


@pytest.fixture
def world():
    world = World()
    world.admit("SN-1")
    world.admit("SN-2", OTHER_CLAIM)
    return world


@pytest.fixture
def logs(world):
    return Logs(world)


@pytest.fixture
def run(world, logs, tmp_path, monkeypatch):
    """Returns a function that runs `iot-provisioning incident ...` against the world."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "IOT_PROVISIONING")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setattr(runs, "_PAUSE_SECONDS", 0)
    fakes = {"iot": world.iot, "registry": world.table, "caller_arn": "arn", "logs": logs}
    for name, fake in fakes.items():
        monkeypatch.setattr(Deployment, name, fake)

    def invoke(*arguments, code=0, stdin="", **outputs):
        outputs.setdefault("templates", TEMPLATES)
        path = stack_file(tmp_path, **outputs)
        line = ["incident", *arguments, "--stack", str(path)]
        result = CliRunner().invoke(cli, line, input=stdin)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return invoke


@pytest.fixture
def claim(run):
    """Returns a function that runs the drill on the leaked claim, unasked."""

    def invoke(*arguments, name="fleet/line", **more):
        return run("claim", name, "--since", SINCE, "--yes", *arguments, **more)

    return invoke


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does_and_gives_an_example(name):
    command = cli.commands["incident"].commands[name]
    assert command.get_short_help_str(60) == command.short_help
    assert f"iot-provisioning incident {name}" in command.epilog
    assert all(each.help for each in command.params if isinstance(each, click.Option))


def test_the_claim_is_closed_and_who_came_through_it_is_cut_off(claim, world):
    former = world.moved_on("SN-3")
    result = claim("--template-off", "--json")
    answer = json.loads(result.stdout)
    assert answer["claim"] == "fleet/line"
    assert (answer["claimCertificateId"], answer["status"]) == (CLAIM, "INACTIVE")
    assert (answer["since"], answer["dryRun"]) == (SINCE, False)
    assert (answer["template"], answer["quarantineGroup"]) == (TEMPLATE, GROUP)
    assert answer["reason"] == f"claim certificate {CLAIM[:12]}... leaked"
    (device,) = answer["devices"]
    assert (device["serialNumber"], device["result"]) == ("SN-1", "changed")
    assert device["claimedAt"] == NOW
    (moved,) = answer["movedOn"]
    assert (moved["serialNumber"], moved["certificateId"]) == ("SN-3", former)
    assert "is now INACTIVE" in moved["sentence"]
    assert len(answer["remains"]) == 5
    assert world.table.items["SN-1"]["statusReason"]["S"] == answer["reason"]
    assert [world.status(f"SN-{n}") for n in (1, 2, 3)] == ["SUSPENDED", "ACTIVE", "ACTIVE"]
    assert world.iot.templates == {TEMPLATE: False}


def test_people_are_told_what_was_done_and_what_remains(claim, world):
    former = world.moved_on("SN-3")
    result = claim("--template-off", "--reason", "line 1 was robbed")
    for part in (
        f"SN-1 is now SUSPENDED (was ACTIVE); certificate {'0' * 12}... is now INACTIVE",
        "Certificates that came in through it and are not the present ones",
        f"certificate {former[:12]}... of SN-3 is now INACTIVE.",
        "What remains",
        f"incident claim fleet/line --since {SINCE} --template-off --reason 'line 1 was robbed'`",
        "in templates.fleet.claim_certificates.line: active = false and in templates.fleet: ",
        "iot-provisioning claim-csr --name line-2",
        "requiredClaimCertificateId",
        "incident lift",
    ):
        assert part in result.stdout.replace("\n", " "), part
    for part in (
        f"Since {SINCE}.",
        "Claim certificate fleet/line is INACTIVE.",
        f"Template {TEMPLATE} is disabled.",
        "1 of 1 device in quarantine.",
        "keeps the claim of each device's present certificate only",
    ):
        assert part in result.stderr


def test_a_rehearsal_lists_them_and_changes_nothing(claim, world):
    world.moved_on("SN-3")
    before = world.state()
    result = claim("--dry-run")
    assert "SN-1" in result.stdout
    assert "SN-2" not in result.stdout
    assert "1 device to cut off, and 1 certificate that another has followed." in result.stderr
    answer = json.loads(claim("--dry-run", "--json").stdout)
    assert (answer["dryRun"], answer["status"], answer["remains"]) == (True, "ACTIVE", [])
    assert [each["serialNumber"] for each in answer["devices"]] == ["SN-1"]
    assert [each["sentence"] for each in answer["movedOn"]] == [None]
    assert world.state() == before


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_nothing_happens_without_a_yes(run, world, answer):
    before = world.state()
    line = ("claim", "line", "--since", SINCE, "--template-off", "--revoke-claim")
    result = run(*line, stdin=answer, code=errors.PARTLY)
    assert "Nothing was changed." in result.stderr
    assert (
        f"Set claim certificate fleet/line REVOKED, disable template {TEMPLATE}, and cut off 1 "
        f"device that came in since {SINCE}? The claim certificate is revoked for good."
    ) in result.stderr
    assert "SN-1" in result.stdout
    assert world.state() == before


def test_a_yes_is_enough(run, world):
    result = run("claim", "line", "--since", SINCE, "--json", stdin="y\n")
    assert json.loads(result.stdout)["status"] == "INACTIVE"
    assert "for good" not in result.stderr


@pytest.mark.parametrize("already", ["ACTIVE", "REVOKED"])
def test_the_claim_is_revoked_where_that_is_asked_for(claim, world, already):
    world.iot.certificates[CLAIM] = already
    result = claim("--revoke-claim")
    assert world.iot.certificates[CLAIM] == "REVOKED"
    assert f"--since {SINCE} --revoke-claim`" in result.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (
            "nothing",
            "no claim certificate 'nothing'; it has: fleet/line, fleet/other, second/other",
        ),
        ("other", "several claim certificates 'other'"),
        ("ca" * 32, "iot-provisioning ca deactivate --ca northwind"),
    ],
)
def test_what_names_no_claim_is_refused(run, world, name, part):
    before = world.state()
    authorities = {"northwind": AUTHORITY}
    arguments = ("claim", name, "--since", SINCE, "--yes")
    result = run(*arguments, code=errors.USAGE, certificate_authorities=authorities)
    assert part in " ".join(result.output.split())
    assert world.state() == before


@pytest.mark.parametrize("name", ["ab" * 32, f"arn:aws:iot:eu-west-1:123456789012:cert/{CLAIM}"])
def test_an_id_needs_no_entry(claim, world, name):
    identifier = name.rpartition("/")[2]
    world.iot.certificates[identifier] = "ACTIVE"
    result = claim(name=name, templates={})
    assert world.iot.certificates[identifier] == "INACTIVE"
    assert "<new name>" in result.stdout
    assert "templates.<template>.claim_certificates.<name>" in result.stdout
    refused = claim("--template-off", name=name, templates={}, code=errors.USAGE)
    assert "--template-off" in refused.output


def test_a_claim_that_is_deleted_still_says_who_came_in(claim, world):
    del world.iot.certificates[CLAIM]
    result = claim(templates={}, name=CLAIM)
    assert "there is none to close" in result.stderr
    assert world.status("SN-1") == "SUSPENDED"


def test_an_id_that_nobody_knows_is_refused(claim):
    result = claim(name="ab" * 32, code=errors.PARTLY)
    assert "check AWS_REGION" in result.stderr


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_device_s_certificate_is_no_claim(claim, world, more):
    certificate = world.table.items["SN-2"]["certificateId"]["S"]
    before = world.state()
    result = claim(*more, name=certificate, code=errors.PARTLY)
    assert "incident device SN-2" in result.stderr
    assert world.state() == before


@pytest.mark.parametrize(
    ("since", "part"),
    [
        ("yesterday", "is no time"),
        ("2026-01-01T00:00:00", "with its zone"),
        (iso(NOW + 60), "is in the future"),
    ],
)
def test_a_time_has_to_be_one(run, since, part):
    result = run("claim", "line", "--since", since, "--yes", code=errors.USAGE)
    assert part in " ".join(result.output.split())


def test_how_long_ago_is_said_as_a_time(run, world):
    world.admit("SN-4", claimed_at=NOW - 3_601)
    result = run("claim", "line", "--since", "60m", "--yes")
    assert f"--since {iso(NOW - 3_600)}`" in result.stdout.replace("\n", " ")
    assert (world.status("SN-1"), world.status("SN-4")) == ("SUSPENDED", "ACTIVE")


@pytest.mark.parametrize(
    ("more", "outputs", "failure", "part"),
    [
        (("--no-log",), {}, None, "was not searched."),
        ((), {"hook_log_group_name": None}, None, "give --stack or --log-group."),
        ((), {}, client_error("AccessDeniedException", "FilterLogEvents"), "AWS denied"),
    ],
)
def test_without_the_log_it_says_what_is_not_known(
    claim, world, logs, more, outputs, failure, part
):
    former = world.moved_on("SN-3")
    logs.failure = failure
    result = claim(*more, **outputs)
    assert part in result.stderr
    assert "another certificate now is not known" in result.stderr
    assert world.status("SN-1") == "SUSPENDED"
    assert world.iot.certificates[former] == "ACTIVE"


@pytest.mark.parametrize("reason", ["missing", "denied"])
def test_without_a_group_it_says_so_and_goes_on(claim, world, reason):
    if reason == "missing":
        del world.iot.groups[GROUP]
        part = f"There is no group {GROUP}"
    else:
        world.iot.failures["describe_thing_group"] = [client_error("AccessDeniedException")]
        part = "Not shown: the quarantine group."
    assert part in claim().stderr
    assert world.status("SN-1") == "SUSPENDED"


def test_a_device_that_cannot_be_cut_off_is_named_and_no_success(claim, world):
    world.iot.failures["add_thing_to_thing_group"] = [client_error("InvalidRequestException")]
    result = claim(code=errors.PARTLY)
    assert "could not join" in result.stderr
    assert "0 of 1 device in quarantine." in result.stderr


def test_devices_that_go_on_coming_are_no_success(claim, world, monkeypatch):
    monkeypatch.setattr(runs.Run, "rounds", lambda run: setattr(run, "left", 2) or iter(()))
    assert "2 more devices came in meanwhile." in claim(code=errors.PARTLY).stderr


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (KeyboardInterrupt(), errors.INTERRUPTED, "Interrupted after 0 devices."),
        (client_error("AccessDeniedException"), errors.UNAVAILABLE, "This was after 0 devices."),
    ],
)
def test_an_interruption_says_how_to_go_on(claim, monkeypatch, error, code, part):
    def stop(_run, _todo):
        raise error

    monkeypatch.setattr(runs.Run, "deal_with", stop)
    result = claim(code=code)
    assert part in result.stderr
    assert (
        f"`iot-provisioning incident claim fleet/line --since {SINCE}` finishes." in result.stderr
    )


# Devices and batches


@pytest.mark.parametrize("what", [("device", "SN-1"), ("batch", "summer")])
def test_devices_and_batches_are_cut_off(run, world, what):
    world.table.items["SN-1"]["batch"] = {"S": "summer"}
    before = world.state()
    dry = run(*what, "--reason", "lost", "--dry-run")
    assert "SN-1" in dry.stdout
    assert world.state() == before
    assert "Nothing was changed" in run(*what, "--reason", "lost", code=errors.PARTLY).stderr
    assert world.state() == before
    result = run(*what, "--reason", "lost", stdin="y\n")
    assert "Cut off 1 device and put it into quarantine?" in result.stderr
    assert "1 of 1 device in quarantine." in result.stderr
    assert (world.status("SN-1"), world.status("SN-2")) == ("SUSPENDED", "ACTIVE")
    answer = json.loads(run(*what, "--reason", "lost", "--yes", "--json").stdout)
    assert (answer["reason"], answer["quarantineGroup"]) == ("lost", GROUP)
    assert [each["result"] for each in answer["devices"]] == ["already"]


def test_a_batch_that_was_never_provisioned_is_cut_off_too(run, world):
    world.table.items["SN-9"] = to_item(record(serial_number="SN-9", batch="spring"))
    del world.iot.groups[GROUP]
    result = run("batch", "spring", "--reason", "lost", stdin="y\n")
    assert "Cut off 3 devices and put them into quarantine?" in result.stderr
    assert f"There is no group {GROUP}" in result.stderr
    assert {world.status(f"SN-{n}") for n in (1, 2, 9)} == {"SUSPENDED"}


def test_many_serial_numbers_are_read_a_hundred_at_a_time(run, world, tmp_path):
    file = tmp_path / "serials.txt"
    file.write_text("".join(f"SN-{n}\n" for n in range(1, 102)))
    arguments = ("device", "--from-file", str(file), "--reason", "x", "--dry-run", "--json")
    answer = json.loads(run(*arguments, code=errors.PARTLY).stdout)
    assert [each["status"] for each in answer["devices"]][:3] == ["ACTIVE", "ACTIVE", None]
    assert len(answer["devices"]) == 101


def test_who_does_not_exist_is_no_success(run, world):
    assert "no such device" in run("batch", "none", "--reason", "x", code=errors.PARTLY).stderr
    result = run("device", "SN-9", "--reason", "x", "--yes", code=errors.PARTLY)
    assert "SN-9 is not enrolled" in result.stderr
    run("device", "SN-1", "--reason", " ", "--yes", code=errors.USAGE)


@pytest.mark.parametrize(("more", "status"), [((), "ACTIVE"), (("--release",), "ENROLLED")])
def test_devices_are_lifted(run, world, more, status):
    run("device", "SN-1", "--reason", "lost", "--yes")
    result = run("lift", "SN-1", "--reason", "checked", *more)
    assert f"thing acme-SN-1 is out of {GROUP}." in result.stdout
    assert world.status("SN-1") == status
    assert world.iot.groups[GROUP] == set()


def test_who_cannot_be_lifted_is_named(run, world):
    world.admit("SN-4", status=Status.REVOKED)
    del world.iot.groups[GROUP]
    result = run("lift", "SN-1", "SN-4", "--reason", "checked", "--json", code=errors.PARTLY)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["result"] for each in lines] == ["already", "refused"]
    assert f"There is no group {GROUP}" in result.stderr
    assert "REVOKED" in run("lift", "SN-4", "--reason", "x", code=errors.PARTLY).stderr


def test_without_a_name_prefix_no_thing_can_be_named(run):
    line = ["incident", "device", "SN-1", "--table", "t", "--reason", "x", "--yes"]
    result = CliRunner().invoke(cli, line)
    assert result.exit_code == errors.USAGE
    assert "--name-prefix" in result.output
