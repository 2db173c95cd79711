"""``verify``: whom it refuses to try, what it prints, and its exit codes."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from canary.checks import NOT_REACHED, Check
from tests.unit.tools.verification.test_run import OUTPUTS
from tools.cli import verify as command
from tools.cli.main import cli
from tools.verification.points import Point
from tools.verification.run import Verification

ACCOUNT = "111122223333"
FAILED = (
    Check("stack", True, "all there"),
    Check("registration", False, "no. Likely: yes"),
    Check("thing", False, NOT_REACHED),
)


class Sts:
    def __init__(self, world):
        self.world = world

    def get_caller_identity(self):
        return {"Account": self.world.account}

    def assume_role(self, **asked):
        if self.world.role_is_refused:
            answer = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(answer, "AssumeRole")
        self.world.taken = asked
        keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(keys, "role")}


class World:
    """What AWS says, and what was asked of it."""

    account, checks = ACCOUNT, FAILED[:1]
    role_is_refused = False
    taken = verified = None

    def session(self, **asked):
        self.credentials = asked
        return self

    def client(self, service):
        assert service == "sts"
        return Sts(self)

    def verify(self, outputs, session, **asked):
        assert session is self
        self.verified = (outputs, asked)
        return Verification(self.checks)


@pytest.fixture
def world(monkeypatch):
    made = World()
    monkeypatch.setattr(boto3, "Session", made.session)
    monkeypatch.setattr(command.run, "verify", made.verify)
    return made


@pytest.fixture
def run(tmp_path):
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps({name: {"value": value} for name, value in OUTPUTS.items()}))

    def invoke(*arguments, account=ACCOUNT, file=stack):
        place = ("--account", account, "--region", "eu-west-1", "--stack", str(file))
        return CliRunner().invoke(cli, ["verify", *place, *arguments])

    return invoke


def test_all_is_well(world, run):
    result = run("--address", "127.0.0.1", "--port", "1884", "--template", "field")
    assert result.exit_code == 0, result.output
    assert "passed   stack   all there" in result.output
    outputs, asked = world.verified
    assert outputs == OUTPUTS
    assert asked == {
        "address": "127.0.0.1",
        "port": 1884,
        "ca_file": None,
        "template": "field",
        "device_type": None,
    }
    assert world.credentials == {"region_name": "eu-west-1"}


def test_a_finding_is_exit_code_1_and_stands_in_an_aligned_table(world, run):
    world.checks = FAILED
    result = run()
    assert result.exit_code == 1
    lines = [line.rstrip() for line in result.output.splitlines()]
    assert lines[-3:] == [
        "passed   stack          all there",
        "failed   registration   no. Likely: yes",
        "-        thing          not reached",
    ]


def test_json_is_one_object(world, run):
    world.checks = FAILED
    result = run("--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["account"], told["region"], told["passed"]) == (ACCOUNT, "eu-west-1", False)
    assert told["checks"][1] == {
        "name": "registration",
        "passed": False,
        "detail": "no. Likely: yes",
    }
    assert "points" not in told


def test_points_are_told_when_they_are_wanted(world, run, monkeypatch):
    asked = []

    def look(*arguments):
        asked.append(arguments)
        return [Point("Why?", True, "because"), Point("How?", False, "not asked")]

    monkeypatch.setattr(command.points, "look", look)
    assert "Why?    because" in run("--points").output
    assert json.loads(run("--points", "--json").stdout)["points"][1]["question"] == "How?"
    assert asked[0] == (world, "acme-factory", Verification(FAILED[:1]))


def test_credentials_of_another_account_do_nothing(world, run):
    result = run(account="999988887777")
    assert result.exit_code == 2
    assert "account 111122223333, and --account is 999988887777" in result.output
    assert world.verified is None


def test_a_role_is_taken(world, run):
    role = f"arn:aws:iam::{ACCOUNT}:role/verifier"
    assert run("--role-arn", role, "--external-id", "acme").exit_code == 0
    assert world.taken == {
        "RoleArn": role,
        "RoleSessionName": "iot-provisioning-verify",
        "ExternalId": "acme",
    }
    assert world.credentials["aws_session_token"] == "role"


def test_a_role_that_is_refused_is_exit_code_3(world, run):
    world.role_is_refused = True
    result = run("--role-arn", "arn:aws:iam::1:role/x")
    assert result.exit_code == 3
    assert "AWS denied AssumeRole" in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--template", "x"), "no template 'x'"),
        (("--device-type", "x"), "no device type 'x'"),
    ],
)
def test_what_the_stack_does_not_have_is_exit_code_2(world, run, arguments, sentence):
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output


def test_a_file_that_is_no_stack_is_exit_code_2(world, run, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"a": 1}')
    result = run(file=wrong)
    assert result.exit_code == 2
    assert "is not the output of this module" in result.output
    assert world.verified is None


def test_without_a_stack_file_it_says_which_option_is_missing(world):
    place = ("--account", ACCOUNT, "--region", "eu-west-1")
    result = CliRunner(env={"IOT_PROVISIONING_STACK": ""}).invoke(cli, ["verify", *place])
    assert result.exit_code == 2
    assert "Which stack? Give --stack FILE" in result.output
