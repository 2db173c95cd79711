import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from botocore import exceptions
from click.testing import CliRunner

from tests.unit.tools.cli.test_stack import stack_file
from tests.unit.tools.fakes import client_error
from tools.cli import console, errors
from tools.cli.main import cli

ROOT = Path(__file__).resolve().parents[4]
OURS = (
    "enrol",
    "show",
    "why",
    "list",
    "suspend",
    "resume",
    "release",
    "revoke",
    "take-over",
    "decommission",
    "prune-template-versions",
    "audit-suppress",
    "claim-csr",
)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, closed_port):
    """No test here reaches AWS: where a command gets that far, nobody answers."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "IOT_PROVISIONING")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def run(*arguments, stdin=""):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)


def commands(group=cli, path=()):
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", [(), *commands()], ids=" ".join)
def test_every_command_has_help(path):
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")


@pytest.mark.parametrize("name", OURS)
def test_help_says_what_it_does_and_gives_an_example(name):
    command = cli.commands[name]
    assert command.get_short_help_str(100).endswith(".")
    assert command.help
    assert f"iot-provisioning {name}" in command.epilog
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    assert max(map(len, run(name, "--help").output.splitlines())) <= 100


def test_the_root_lists_every_command_and_every_exit_code():
    output = run("--help").output
    for name in cli.commands:
        assert f"\n  {name}" in output
    for code in (errors.DONE, errors.PARTLY, errors.USAGE, errors.UNAVAILABLE, errors.INTERRUPTED):
        assert f"\n    {code} " in output


def test_the_version_is_the_project_s():
    assert run("--version").output.startswith("iot-provisioning, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("show",),
        ("show", "SN-1"),
        ("enrol", "devices.csv"),
        ("list", "--status", "BROKEN"),
        ("list", "--table", "t", "--certificate", "xyz"),
        ("list", "--table", "t", "--certificate", "a" * 64, "--claim-certificate", "b" * 64),
        ("suspend", "SN-1", "--table", "t"),
        ("suspend", "SN-1", "--table", "t", "--reason", " "),
        ("suspend", "--table", "t", "--reason", "x"),
        ("release", "SN-1", "--table", "t", "--reason", "x", "--certificate", "xyz"),
        ("release", "A", "B", "--table", "t", "--reason", "x", "--certificate", "a" * 64),
        ("show", "SN-1", "--table", "t", "--since", "soon"),
        ("show", "SN-1", "--table", "t", "--name-prefix", "A"),
        ("decommission", "--all", "SN-1", "--table", "t", "--name-prefix", "acme"),
        ("decommission", "--table", "t", "--name-prefix", "acme"),
        ("decommission", "a b", "--table", "t", "--name-prefix", "acme"),
        ("enrol", "devices.txt", "--table", "t"),
        ("enrol", "devices.csv", "--table", "t", "--home-region", "Frankfurt"),
        ("take-over", "--table", "t"),
        ("take-over", "--table", "t", "--from", "Ireland"),
        ("take-over", "--table", "t", "--from", "eu-west-1"),
        ("take-over", "--table", "t", "--from", "us-east-1", "--batch", "b", "--serials", "-"),
        ("enrol", "a.csv", "b.csv", "--report", "r", "--table", "t"),
        ("claim-csr", "--name", "../x", "--out-dir", "d"),
        ("claim-csr", "--name", "x", "--out-dir", "d", "--common-name", "x" * 65),
        ("prune-template-versions", "no such name"),
        ("show", "SN-1", "--stack", "none.json"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_with_2(arguments):
    result = run(*arguments)
    assert result.exit_code == errors.USAGE
    assert "Error: " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "SN-1"),
        ("why", "SN-1"),
        ("list",),
        ("suspend", "SN-1", "--reason", "x"),
        ("revoke", "SN-1", "--reason", "x", "--yes"),
        ("take-over", "--from", "us-east-1", "--yes"),
        ("decommission", "--all", "--yes"),
        ("prune-template-versions", "fleet"),
    ],
    ids=" ".join,
)
def test_an_endpoint_that_does_not_answer_is_a_sentence_and_ends_with_3(
    tmp_path, monkeypatch, arguments
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("tools.cli.options.CLIENT_CONFIG", None)
    monkeypatch.setenv("IOT_PROVISIONING_STACK", str(stack_file(tmp_path)))
    result = run(*arguments)
    assert result.exit_code == errors.UNAVAILABLE
    assert "Could not connect to the endpoint URL" in result.output
    assert "run the command again" in result.output


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (exceptions.NoCredentialsError(), "No usable AWS credentials"),
        (exceptions.NoRegionError(), "Set AWS_REGION"),
        (exceptions.ProfileNotFound(profile="x"), "aws configure list-profiles"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), "Check the network"),
        (exceptions.InvalidConfigError(error_msg="odd"), "aws configure list"),
        (client_error("AccessDeniedException", "Query"), "AWS denied Query"),
        (client_error("ExpiredTokenException"), "does not accept the credentials"),
        (client_error("ThrottlingException"), "kept throttling"),
        (client_error("ResourceNotFoundException"), "found nothing"),
        (
            client_error("ValidationException", "Query", "odd."),
            "ValidationException to Query: odd.",
        ),
    ],
)
def test_errors_of_aws_are_sentences(error, part):
    sentence = errors.explain(error)
    assert part in sentence
    assert sentence.endswith(".")
    assert ".." not in sentence


@pytest.mark.parametrize("answer", ["", "n\n"])
def test_nothing_is_revoked_without_a_yes(tmp_path, answer):
    result = run("revoke", "SN-1", "--reason", "x", "--table", "t", stdin=answer)
    assert result.exit_code == errors.PARTLY
    assert "Nothing was changed." in result.output


@pytest.mark.parametrize("key_type", ["ec-p256", "rsa-2048"])
def test_a_claim_key_is_private_and_never_shown(tmp_path, key_type):
    folder = tmp_path / "claims"
    arguments = ("claim-csr", "--name", "line-1", "--out-dir", folder, "--key-type", key_type)
    result = run(*arguments)
    assert result.exit_code == 0
    key = folder / "line-1.key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" in key.read_text()
    assert "PRIVATE KEY" not in result.output
    request = (folder / "line-1.csr.pem").read_text()
    assert request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert len(request) <= 4096

    before = key.read_bytes()
    again = run(*arguments)
    assert again.exit_code == errors.PARTLY
    assert "exists already" in again.output
    (folder / "line-1.csr.pem").unlink()
    assert run(*arguments).exit_code == errors.PARTLY
    assert key.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("claim-csr", "--name", "x", "--out-dir", tmp_path / "file" / "below")
    assert result.exit_code == errors.UNAVAILABLE
    assert "cannot be written" in result.output


def test_what_strangers_sent_cannot_command_the_terminal():
    shown = console.printable("a\x1b[31mb\n\u202ec\x07é")
    assert shown == "a\\x1b[31mb\\n\\u202ec\\x07é"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(100, "now"), (99, "1 second ago"), (101, "in 1 second"), (100 - 7_200, "2 hours ago")],
)
def test_ages_are_words(seconds, words):
    assert console.age(seconds, 100) == words


def test_a_time_out_of_range_is_shown_as_it_is():
    assert console.moment(10**20) == f"{10**20} (not a time)"


def test_it_runs_from_a_checkout_and_ends_quietly_when_terminated(tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tools", "enrol", "--format", "csv", "--table", "t", "-"],
        cwd=ROOT,
        env={**environment, **{k: v for k, v in os.environ.items() if k.startswith("AWS_")}},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert b"No stack file" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == errors.INTERRUPTED
    assert b"Traceback" not in stderr
    assert b"Interrupted" in stderr


STRANGE = "\x1b]0;x\x07\x9b31m\u202eé"


def test_json_is_ascii_and_says_the_same():
    result = CliRunner().invoke(click.command()(lambda: console.json_line({"a": STRANGE})))
    assert result.output.rstrip("\n").isascii()
    assert result.output.rstrip("\n").isprintable()
    assert json.loads(result.output) == {"a": STRANGE}


def _fail(error):
    def command():
        with errors.in_sentences():
            raise error

    return command


@pytest.mark.parametrize(
    "command",
    [
        lambda: console.note(STRANGE),
        _fail(client_error("ValidationException", "Query", STRANGE)),
        _fail(errors.OperatorError(STRANGE)),
        _fail(errors.InterruptedRunError(STRANGE)),
    ],
)
def test_no_sentence_commands_the_terminal(command):
    output = CliRunner().invoke(click.command()(command)).output
    assert "é" in output
    assert output.rstrip("\n").isprintable()
