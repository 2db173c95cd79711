"""A run that tells a secret fails, wherever it does so, and says where without telling it again."""

import json
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.support import journal, secrets_check
from tests.support.journal import PRIVATE_KEY, TOKEN, Journal
from tests.support.secrets_check import CONTROLLER, EXEMPTIONS, Check, Exemption
from tools.device.keys import new_private_key
from tools.endpoint import ROOT

# checkov:skip=CKV_SECRET_6:Made up, and it says so: what the check has to find needs a value.
SECRET = "a-token-that-nobody-may-see-0123"
CONFTEST = """
from tests.support import secrets_check
from tests.support.journal import PRIVATE_KEY
from tests.support.secrets_check import Exemption

EXEMPTIONS = [
    Exemption("test_run.py::test_exempt", PRIVATE_KEY, "prints a key on purpose"),
]

def pytest_configure(config):
    secrets_check.register(config, EXEMPTIONS)
"""
# The middle of a key looks like nothing: it is found because the run is known to have made it.
PLANTED = """
import logging, os, subprocess, sys, time
from pathlib import Path
import pytest
from click import command, echo
from click.testing import CliRunner
from tests.support.endpoint import client, new_account
from tools.device.keys import new_private_key
from tools.endpoint import embedded_endpoint

@pytest.fixture
def key():
    return "".join(new_private_key().splitlines()[1:-1])[40:100]

def test_prints(key):
    print("made", key)

def test_logs(key):
    logging.getLogger("device").error("made %s", key)

def test_reads_what_was_captured(key, capsys):
    print("made", key)
    assert capsys.readouterr().out

def test_runs_a_command(key):
    CliRunner().invoke(command(lambda: echo(f"made {key}")))

def test_starts_a_process(key):
    subprocess.run([sys.executable, "-c", f"print('made {key}')"], capture_output=True, check=True)

def test_a_function_logs_what_the_endpoint_made():
    with embedded_endpoint() as endpoint:
        account = new_account(endpoint).in_region("us-east-2")
        iam, logs = client(account, "iam"), client(account, "logs")
        iam.create_user(UserName="maker")
        secret = iam.create_access_key(UserName="maker")["AccessKey"]["SecretAccessKey"]
        logs.create_log_group(logGroupName="/aws/lambda/hook")
        logs.create_log_stream(logGroupName="/aws/lambda/hook", logStreamName="one")
        logs.put_log_events(
            logGroupName="/aws/lambda/hook",
            logStreamName="one",
            logEvents=[{"timestamp": int(time.time() * 1000), "message": f"made {secret}"}],
        )
        logs.delete_log_group(logGroupName="/aws/lambda/hook")
    assert list(Path(os.environ["ENDPOINT_JOURNAL"]).glob("endpoint-*.log"))
"""
EXEMPT = """
from tools.device.keys import new_private_key

def test_exempt():
    print(new_private_key())

def test_clean():
    print("nothing to see")
"""
CAVEAT = "With -s, what tests printed was not looked at."
# In one process of the two, nothing looks.
CONFTEST_OF_THE_CONTROLLER = """
from tests.support import secrets_check

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        secrets_check.register(config)
"""
CLEAN = """
def test_exempt():
    print("nothing to see")
"""


@pytest.fixture
def run(tmp_path):
    """`run({"test_run.py": text}, "-n2")`: exit code and output of a run of its own."""

    def run(files, *options):
        for name, text in {"conftest.py": CONFTEST, "pytest.ini": "[pytest]", **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        without = ("ENDPOINT", journal.VARIABLE, "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")
        environment = {name: value for name, value in os.environ.items() if name not in without}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={
                **environment,
                "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}",
                "TMPDIR": str(temporary),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        # The secrets of a run go with it.
        assert list(temporary.glob("journal-*")) == []
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def written(tmp_path):
    """The journal of a run that never was."""
    kept = Journal(tmp_path)
    yield kept
    kept.close()


def test_every_way_to_tell_a_secret_fails_a_run_of_passed_tests(run):
    code, output = run({"test_run.py": PLANTED}, "-n2")
    assert "6 passed" in output
    assert code == pytest.ExitCode.TESTS_FAILED
    faults = r"^There is (.+?) in the (?:output of|log) (.+), after '(?:.*\\n)?(?:.* )?made '\.$"
    places = {place: kind for kind, place in re.findall(faults, output, re.MULTILINE)}
    (log,) = [place for place in places if place.startswith("/aws")]
    assert re.fullmatch(r"/aws/lambda/hook of 2\d{11} in us-east-2, stream one", log)
    assert places.pop(log) == "a secret of AWS credentials"
    assert places == dict.fromkeys(
        [
            "test_run.py::test_prints (Captured stdout call)",
            "test_run.py::test_logs (Captured log call)",
            "test_run.py::test_reads_what_was_captured (call)",
            "test_run.py::test_runs_a_command (call)",
            "test_run.py::test_starts_a_process (call)",
        ],
        PRIVATE_KEY,
    )
    total = r"^6 faults in [\d,]+ characters of output and 1 log events of 1 log groups"
    assert re.search(total, output, re.MULTILINE)


def test_a_run_that_tells_none_passes_and_says_how_much_was_looked_at(run):
    code, output = run({"test_run.py": EXEMPT})
    assert code == pytest.ExitCode.OK, output
    assert re.search(
        r"^No secret in [1-9]\d\d characters of output and 0 log events of 0 log groups "
        r"\(checked for 1 known secrets\), in \d+\.\d s\.$",
        output,
        re.MULTILINE,
    )
    assert CAVEAT not in output


def test_what_is_not_captured_is_said_not_to_be_looked_at(run):
    code, output = run({"test_run.py": EXEMPT}, "-s", "-k", "clean")
    assert code == pytest.ExitCode.OK
    assert f"\n{CAVEAT}\n" in output


def test_a_worker_without_a_journal_fails_the_run(run):
    files = {"conftest.py": CONFTEST_OF_THE_CONTROLLER, "test_run.py": CLEAN}
    code, output = run(files, "-n1")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "\ngw0 ran tests and kept no journal, so what it made was not looked for: " in output
    assert "\n1 faults in " in output


def test_an_exemption_that_exempts_nothing_fails_the_run(run):
    code, output = run({"test_run.py": CLEAN})
    assert code == pytest.ExitCode.TESTS_FAILED
    assert (
        "test_run.py::test_exempt is exempt from the check for a private key, and there" in output
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], pytest.ExitCode.TESTS_FAILED),
        (["tests/e2e", "-n2"], pytest.ExitCode.TESTS_FAILED),
        (["tests/e2e/test_run.py"], pytest.ExitCode.OK),
        (["tests/e2e", "-k", "exempt"], pytest.ExitCode.OK),
    ],
    ids=["everything", "the layer", "a file of it", "a part of it"],
)
def test_an_end_to_end_layer_in_which_no_function_logs_fails_the_run(run, options, code):
    answer, output = run({"tests/e2e/test_run.py": CLEAN}, *options)
    assert answer == code
    said = "All of tests/e2e ran, and no event of a function's log was looked at." in output
    assert said is (code == pytest.ExitCode.TESTS_FAILED)


def test_a_token_in_a_log_group_is_found_whoever_made_it(tmp_path, written):
    other = Journal(tmp_path)
    written.log_events("1 here group", "group of 1 in here, stream one", ["fine", f"got {SECRET}"])
    other.log_events("1 there group", "group of 1 in there, stream one", ["-----BEGIN CERTIFI"])
    other.secret(TOKEN, SECRET.encode())
    other.close()
    result = Check(tmp_path).run([])
    assert sorted(result.faults) == [
        f"There is {TOKEN} in the log group of 1 in here, stream one, after 'got '.",
        "There is something in PEM in the log group of 1 in there, stream one, after ''.",
    ]
    assert (result.events, len(result.groups), result.known) == (3, 2, 1)
    assert not result.functions


def test_every_process_has_to_have_kept_a_journal(tmp_path, written):
    for name in ("endpoint-1", "endpoint-2", "failed-endpoint-3"):
        (tmp_path / f"{name}.log").touch()
    for name in ("endpoint-1", CONTROLLER, "gw0"):
        written.hello(name)
    faults = Check(tmp_path).run([], [CONTROLLER, "gw0", "gw1"]).faults
    assert [fault.partition(",")[0] for fault in faults] == [
        "endpoint-2 kept no journal",
        "gw1 ran tests and kept no journal",
    ]


def test_log_events_that_cannot_be_kept_are_delivered_and_a_fault(tmp_path, written, capsys):
    delivered = []
    logs = SimpleNamespace(_fanout_to_subscription_filters=lambda *what: delivered.append(what))
    responses = SimpleNamespace(get_account_id=lambda: "1", get_region=lambda: "here")
    journal._note_log_events(written, logs, responses)
    good, bad = [{"message": "fine"}], [SECRET]
    for events in (good, bad, bad):
        logs._fanout_to_subscription_filters("group", "one", events)
    assert delivered == [("group", "one", events) for events in (good, bad, bad)]
    said = capsys.readouterr().out
    assert SECRET not in said
    written.hello("endpoint-1")
    (tmp_path / "endpoint-1.log").write_text(said)
    result = Check(tmp_path).run([])
    (fault,) = result.faults
    assert re.match(
        rf"endpoint-1 says '{journal.NOT_KEPT}: AttributeError at journal\.py:\d+',", fault
    )
    assert result.events == 1


def test_the_log_of_an_endpoint_is_looked_at(tmp_path, written):
    written.hello("endpoint-1")
    (tmp_path / "endpoint-1.log").write_text(f"starting\n{new_private_key()}")
    (fault,) = Check(tmp_path).run([]).faults
    place = "the output of the log of endpoint-1"
    assert fault == f"There is {PRIVATE_KEY} in {place}, after 'starting\\n'."


def test_an_exemption_is_for_one_test_and_one_kind(tmp_path, written):
    exemption = Exemption("tests/test_a.py::test_it", PRIVATE_KEY, "on purpose")
    for test in ("test_it[1]", "test_it", "test_it_too"):
        written.output(f"tests/test_a.py::{test} (stdout)", new_private_key())
    written.output("tests/test_a.py::test_it (call)", '"ownershipToken": "0123456789abcdef"')
    faults = Check(tmp_path, [exemption]).run(["tests/test_a.py::test_it[1]"]).faults
    assert [fault.partition(", after")[0] for fault in faults] == [
        "There is a private key in the output of tests/test_a.py::test_it_too (stdout)",
        "There is an ownership token in the output of tests/test_a.py::test_it (call)",
    ]


def test_half_a_line_of_a_process_that_was_killed_is_passed_over(tmp_path, written):
    written.output("here", "text")
    (tmp_path / "killed.jsonl").write_text(json.dumps({"where": "there", "text": "..."})[:-5])
    result = Check(tmp_path).run([])
    assert (result.characters, result.faults) == (len("text"), [])


def test_any_other_line_that_cannot_be_read_is_a_fault(tmp_path):
    line = json.dumps({"where": "there", "text": "text"}).encode()
    (tmp_path / "damaged.jsonl").write_bytes(
        b"\n".join([line, line[:-5], line.replace(b"x", b"\xff"), line, b""])
    )
    result = Check(tmp_path).run([])
    assert [fault.partition(",")[0] for fault in result.faults] == [
        "The journal is damaged in line 2 of damaged.jsonl",
        "The journal is damaged in line 3 of damaged.jsonl",
    ]
    assert result.characters == 2 * len("text")


@pytest.mark.parametrize(("writes", "is_left"), [(2, False), (9, True)])
def test_a_journal_that_is_still_written_is_removed(tmp_path, monkeypatch, capsys, writes, is_left):
    directory, remove = tmp_path / "journal-1", shutil.rmtree
    more = iter(range(writes))

    def remove_and_write(*arguments, **options):
        remove(*arguments, **options)
        if next(more, None) is not None:
            directory.mkdir()

    directory.mkdir()
    monkeypatch.setattr(shutil, "rmtree", remove_and_write)
    monkeypatch.setattr(secrets_check, "REMOVAL_ATTEMPTS", 5)
    monkeypatch.setattr(secrets_check, "REMOVAL_PAUSE", 0)
    monkeypatch.setenv(journal.VARIABLE, str(directory))
    secrets_check._forget(directory, "before")
    assert os.environ[journal.VARIABLE] == "before"
    assert directory.exists() is is_left
    assert (f"{directory} holds secrets" in capsys.readouterr().out) is is_left


def test_every_exemption_names_a_test_and_a_reason():
    for exemption in EXEMPTIONS:
        file, _, name = exemption.test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(), exemption
        assert exemption.reason, exemption
