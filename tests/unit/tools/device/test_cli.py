import json

import pytest
from click.testing import CliRunner

from tests.unit.tools.device.fakes import FakeSession
from tools.device import cli
from tools.device.failures import ConnectionRefused, NotReachable, Rejected
from tools.device.model import Message, RegisteredThing

FORBIDDEN = Rejected("RegisterThing", 403, "AccessDenied", "Access Denied")


@pytest.fixture
def run(tmp_path, transport):
    (tmp_path / "ca.pem").write_text("ca")

    def invoke(command, *arguments):
        options = ["--endpoint", "iot.example", "--store", str(tmp_path / "devices")]
        if command != "connect":
            options += ["--template", "acme-sensors"]
        return CliRunner().invoke(cli.device, [command, *options, *arguments])

    return invoke


@pytest.fixture
def claim(tmp_path):
    for name in ("claim.pem", "claim.key"):
        (tmp_path / name).write_text(name)
    return ["--claim-cert", str(tmp_path / "claim.pem"), "--claim-key", str(tmp_path / "claim.key")]


ONE = ["--serial", "SN-1", "--type", "temperature"]


def test_provision_says_what_the_device_got(run, claim, transport):
    transport.arriving = (Message("t", b"hi"),)
    answer = run("provision", *ONE, *claim, "--manufacturer", "Acme", "--parameter", "A=b=c")
    assert answer.exit_code == 0
    assert "SN-1 is provisioned and connected as acme-SN-1" in answer.stdout
    assert '{"interval": "60"}' in answer.stdout
    assert "t: hi" in answer.stdout
    assert "csr" in transport.names()
    assert transport.of("register")[0][3] == {
        "SerialNumber": "SN-1",
        "DeviceType": "temperature",
        "Manufacturer": "Acme",
        "A": "b=c",
    }
    assert transport.of("publish")[0][1] == "$aws/things/acme-SN-1/shadow/update"
    again = run("provision", *ONE, *claim)
    assert "SN-1 had its identity already" in again.stdout


def test_provision_answers_in_json(run, claim, transport):
    answer = run("provision", *ONE, *claim, "--keys", "--silent", "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["thingName"] == "acme-SN-1"
    assert "key made by AWS IoT" not in answer.output
    assert transport.names() == ["connect", "create", "register", "close", "connect", "close"]


def test_the_endpoint_is_passed_on(run, claim, transport, tmp_path):
    ca_file = tmp_path / "ca.pem"
    where = ["--address", "127.0.0.1", "--port", "443", "--ca-file", str(ca_file)]
    assert run("provision", *ONE, *claim, *where).exit_code == 0
    assert transport.endpoint == cli.Endpoint("iot.example", 443, "127.0.0.1", ca_file)


def test_a_refusal_is_exit_code_3_and_one_sentence_each_for_what_why_and_what_to_do(
    run, claim, transport
):
    transport.script["register"] = [FORBIDDEN]
    answer = run("provision", *ONE, *claim)
    assert answer.exit_code == 3
    assert answer.stderr.startswith("Error: AWS IoT refused RegisterThing (403 AccessDenied: ")
    assert "iot-provisioning show" in answer.stderr


def test_a_refusal_in_json(run, claim, transport):
    transport.script["register"] = [FORBIDDEN]
    answer = run("provision", *ONE, *claim, "--json")
    assert answer.exit_code == 3
    assert answer.stderr == ""
    assert json.loads(answer.stdout) == {
        "serialNumber": "SN-1",
        "error": "Rejected",
        "operation": "RegisterThing",
        "statusCode": 403,
        "errorCode": "AccessDenied",
        "errorMessage": "Access Denied",
        "message": str(FORBIDDEN),
    }


def test_not_reachable_is_exit_code_4_and_tries_are_told(run, claim, transport, monkeypatch):
    monkeypatch.setattr(cli.RetryPolicy, "__init__", quick(cli.RetryPolicy.__init__))
    transport.script["connect"] = [NotReachable("iot.example:8883", "refused")] * 2
    answer = run("provision", *ONE, *claim, "--attempts", "2")
    assert answer.exit_code == 4
    assert answer.stderr.count("No connection to iot.example:8883") == 2
    assert "Try 1 failed" in answer.stderr


def quick(init):
    def with_short_waits(self, **fields):
        init(self, **fields, max_delay=0.01)

    return with_short_waits


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give both --claim-cert and --claim-key, or --trusted-user"),
        (["--claim-cert", "CLAIM"], "Give both"),
        (["--claim-key", "CLAIM"], "Give both"),
        (["--trusted-user", "--claim-key", "CLAIM"], "--trusted-user needs no"),
        (["BOTH", "--parameter", "x"], "'x' must be NAME=VALUE"),
        (["BOTH", "--parameter", "=x"], "'=x' must be NAME=VALUE"),
        (["BOTH", "--silent", "--publish", "t"], "--silent leaves nothing"),
        (["BOTH", "--client-id-prefix", "p" * 128], "shorter client id prefix"),
    ],
)
def test_wrong_usage_is_exit_code_2(run, claim, transport, arguments, message):
    arguments = [claim[1] if argument == "CLAIM" else argument for argument in arguments]
    if arguments[:1] == ["BOTH"]:
        arguments[:1] = claim
    answer = run("provision", *ONE, *arguments)
    assert answer.exit_code == 2
    assert message in answer.stderr
    assert transport.calls == []


def test_connect_needs_a_provisioned_device(run, transport):
    answer = run("connect", "--serial", "SN-1")
    assert answer.exit_code == 2
    assert "has no identity in" in answer.stderr


def test_connect_reconnects_under_the_thing_name(run, claim, transport):
    run("provision", *ONE, *claim)
    transport.calls.clear()
    transport.arriving = (Message("t", b"hi"),)
    answer = run("connect", "--serial", "SN-1", "--publish", "x/{thing}", "--subscribe", "y")
    assert answer.exit_code == 0
    assert answer.stdout == "SN-1 connected as acme-SN-1.\nt: hi\n"
    assert transport.names() == ["connect", "subscribe", "publish", "close"]
    assert transport.of("publish")[0][1] == "x/acme-SN-1"
    answer = run("connect", "--serial", "SN-1", "--json")
    assert json.loads(answer.stdout) == {
        "serialNumber": "SN-1",
        "thingName": "acme-SN-1",
        "messages": [{"topic": "t", "payload": "hi"}],
    }


def test_a_revoked_device_is_refused(run, claim, transport):
    run("provision", *ONE, *claim)
    transport.script["connect"] = [ConnectionRefused("acme-SN-1", "135", explicit=True)]
    answer = run("connect", "--serial", "SN-1")
    assert answer.exit_code == 3
    assert "revoked" in answer.stderr


def test_in_json_nothing_else_is_said(run, claim, transport, monkeypatch):
    monkeypatch.setattr(cli.RetryPolicy, "__init__", quick(cli.RetryPolicy.__init__))
    transport.script["connect"] = [NotReachable("iot.example:8883", "refused")] * 2
    answer = run("provision", *ONE, *claim, "--attempts", "2", "--json")
    assert (answer.exit_code, answer.stderr) == (4, "")
    assert json.loads(answer.stdout).keys() == {"serialNumber", "error", "message"}


@pytest.fixture
def fleet_file(tmp_path):
    file = tmp_path / "fleet.csv"
    file.write_text("serialNumber,deviceType\nSN-1,temperature\nSN-2,gateway\n")
    return str(file)


ONE_AT_A_TIME = ["--concurrency", "1"]


def test_a_fleet_ends_with_a_table(run, claim, transport, fleet_file):
    answer = run("fleet", fleet_file, *claim, *ONE_AT_A_TIME)
    assert answer.exit_code == 0
    for cell in ("SN-1", "SN-2", "acme-SN-2", "provisioned", "0" * 8):
        assert cell in answer.stdout
    assert "2/2" in answer.stderr


def test_a_fleet_reports_who_was_refused_and_goes_on(run, claim, transport, fleet_file):
    transport.script["register"] = [FORBIDDEN]
    answer = run("fleet", fleet_file, *claim, *ONE_AT_A_TIME)
    assert answer.exit_code == 3
    assert "refused (403)" in answer.stdout
    assert "acme-SN-2" in answer.stdout
    assert "SN-1: AWS IoT refused RegisterThing" in answer.stderr


@pytest.mark.parametrize(
    ("error", "word", "exit_code"),
    [
        (NotReachable("iot.example", "refused"), "not reachable", 4),
        (ConnectionRefused("c", "135", explicit=True), "refused", 3),
    ],
)
def test_a_fleet_that_does_not_get_through(
    run, claim, transport, fleet_file, error, word, exit_code
):
    transport.script["connect"] = [error] * 2
    answer = run("fleet", fleet_file, *claim, *ONE_AT_A_TIME, "--attempts", "1")
    assert answer.exit_code == exit_code
    assert answer.stdout.count(word) == 2


def test_a_fleet_in_json_is_one_line_a_device(run, claim, transport, fleet_file):
    transport.script["register"] = [FORBIDDEN]
    answer = run("fleet", fleet_file, *claim, *ONE_AT_A_TIME, "--json")
    assert answer.exit_code == 3
    refused, provisioned = map(json.loads, answer.stdout.splitlines())
    assert (refused["serialNumber"], refused["statusCode"]) == ("SN-1", 403)
    assert provisioned["thingName"] == "acme-SN-2"
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [("serialNumber\n", "lacks the column"), ("serialNumber,deviceType\na,t\na,t\n", "More than")],
)
def test_a_fleet_file_that_will_not_do(run, claim, transport, tmp_path, text, message):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    answer = run("fleet", str(file), *claim)
    assert answer.exit_code == 2
    assert message in answer.stderr


@pytest.fixture
def no_aws(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("command", ["provision", "fleet"])
def test_the_endpoint_is_asked_for_when_it_is_not_given(
    claim, transport, fleet_file, no_aws, command, variable
):
    no_aws.setenv(variable, "eu-west-1")
    what = ONE if command == "provision" else [fleet_file]
    arguments = [command, *what, "--template", "t", *claim]
    answer = CliRunner().invoke(cli.device, arguments)
    assert answer.exit_code == 4
    assert "No connection to AWS IoT, to ask it for its endpoint" in answer.stderr


def test_a_region_is_needed_to_ask(claim, transport, no_aws):
    answer = CliRunner().invoke(cli.device, ["provision", *ONE, "--template", "t", *claim])
    assert answer.exit_code == 2
    assert "Set AWS_REGION" in answer.stderr


def test_a_profile_that_is_not_there_is_named(claim, transport, no_aws):
    no_aws.setenv("AWS_PROFILE", "nobody")
    answer = CliRunner().invoke(cli.device, ["provision", *ONE, "--template", "t", *claim])
    assert answer.exit_code == 2
    assert "No AWS client can be made: The config profile (nobody)" in answer.stderr


def test_a_trusted_user_needs_no_claim_files(run, transport, no_aws):
    no_aws.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    answer = run("provision", *ONE, "--trusted-user")
    assert answer.exit_code == 3
    assert "No temporary claim for the template acme-sensors" in answer.stderr


TWO = ["--endpoint", "a-ats.iot.eu-west-1.x", "--endpoint", "b-ats.iot.eu-central-1.x"]
FIRST, SECOND = TWO[1::2]


@pytest.fixture
def at_two(tmp_path, transports):
    """`at_two(command)`: like `run`, with two endpoints unless told otherwise."""

    def invoke(command, *arguments, endpoints=TWO):
        options = [*endpoints, "--store", str(tmp_path / "devices")]
        if command == "provision":
            options += ["--type", "temperature", "--template", "acme-sensors"]
        return CliRunner().invoke(cli.device, [command, "--serial", "SN-1", *options, *arguments])

    return invoke


@pytest.fixture
def second_claim(tmp_path):
    for name in ("second.pem", "second.key"):
        (tmp_path / name).write_text(name)
    files = [str(tmp_path / name) for name in ("second.pem", "second.key")]
    return ["--claim-cert", files[0], "--claim-key", files[1]]


def test_each_endpoint_is_shown_its_own_claim(at_two, claim, second_claim, transports):
    transports[FIRST].script["register"] = [FORBIDDEN]
    answer = at_two("provision", *claim, *second_claim, "--json")
    assert json.loads(answer.stdout)["thingName"] == "acme-SN-1"
    shown = [transports[name].of("connect")[0][2].certificate_pem for name in (FIRST, SECOND)]
    assert shown == ["claim.pem", "second.pem"]


def test_one_claim_may_be_known_at_every_endpoint(at_two, claim, transports):
    transports[FIRST].script["register"] = [FORBIDDEN]
    assert at_two("provision", *claim).exit_code == 0
    assert transports[SECOND].of("connect")[0][2].certificate_pem == "claim.pem"


def test_claims_must_match_endpoints(at_two, claim, second_claim, transports):
    three = at_two("provision", *claim, *second_claim, *claim)
    assert three.exit_code == 2
    assert "one for each --endpoint" in three.stderr
    keys = at_two("provision", *claim, *second_claim, *claim[2:])
    assert keys.exit_code == 2


def test_a_trusted_user_asks_in_each_endpoints_region(at_two, transports, monkeypatch):
    asked = []

    def client(region=None):
        asked.append(region)

    monkeypatch.setattr(cli, "_iot_client", client)
    monkeypatch.setattr(cli.TrustedUserClaim, "credentials", lambda self: "claim")
    assert at_two("provision", "--trusted-user").exit_code == 0
    assert asked == ["eu-west-1", "eu-central-1"]


def test_a_device_connects_where_it_was_told_to(at_two, claim, transports, monkeypatch):
    told = RegisteredThing("acme-SN-1", {"mqttEndpoints": "one.example, two.example"})
    monkeypatch.setattr(FakeSession, "register_thing", lambda *_: told)
    assert at_two("provision", *claim).exit_code == 0
    transports["one.example"].script["connect"] = [NotReachable("one.example", "lost")]
    answer = at_two("connect", endpoints=[])
    assert answer.exit_code == 0
    assert answer.stderr.startswith("one.example does not serve")
    assert transports["two.example"].names() == ["connect", "subscribe", "publish", "close"]
    # What the command says counts more.
    assert at_two("connect", endpoints=TWO[:2]).exit_code == 0
    assert transports["one.example"].names() == ["connect"]


def test_a_device_stays_and_tells_how_it_went(at_two, claim, transports):
    at_two("provision", *claim, "--silent")
    for fake in transports.values():
        fake.calls.clear()
    transports[FIRST].script["connect"] = [NotReachable(FIRST, "lost")]
    answer = at_two("stay", "--seconds", "0.3", "--heartbeat", "0.1", "--publish", "up/{serial}")
    assert answer.exit_code == 0
    assert f"acme-SN-1 is connected to {SECOND}." in answer.stdout
    assert answer.stdout.endswith("Lost its connection 0 times, 0.0 s at the longest.\n")
    assert transports[SECOND].of("publish")[0][1] == "up/SN-1"


def test_a_stay_ends_with_ctrl_c(at_two, claim, transports, monkeypatch):
    at_two("provision", *claim)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeSession, "lost_within", interrupt)
    answer = at_two("stay")
    assert answer.exit_code == 0
    assert "Interrupted." in answer.stdout
    assert transports[FIRST].open_sessions == 0


def test_a_device_that_is_refused_everywhere_does_not_stay(at_two, claim, transports):
    at_two("provision", *claim)
    for fake in transports.values():
        fake.script["connect"] = [ConnectionRefused("acme-SN-1", "MQTT 135", explicit=True)]
    answer = at_two("stay")
    assert answer.exit_code == 3
    assert "was revoked" in answer.stderr


def test_a_device_needs_an_identity_to_stay(at_two, transports):
    answer = at_two("stay")
    assert answer.exit_code == 2
    assert "device provision" in answer.stderr
