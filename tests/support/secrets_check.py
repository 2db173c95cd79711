"""No secret in anything that a test run said: looked for at its end, over all of it.

- What was captured of every test, passed ones too: standard output and error, log records, the
  text of failures and warnings; what tests took out of it themselves (`capsys`, click's runner);
  and the output of processes that they started and waited for: Terraform, the tools, the demo.
- Every event of every log group of the embedded endpoints, whoever started them, in every account
  and region, and each endpoint's own log.

A secret is what the run is known to have made (`journal.py`), or what looks like one
(`secrets_scan.py`). One that is found fails the run. So does what shows that the looking is blind:

- a worker that ran a test, or an endpoint that left a log, and no hello in the journal, which each
  process writes once all that keeps its journal is in place;
- an endpoint that says in its log that it could not keep log events;
- an entry that cannot be read, unless it is the last of a process that was killed;
- a run of the end-to-end layer in which no function logged anything.

Not seen is what a process writes to a file, what a test reads from a pipe piece by piece, with `-s`
what is not captured (the summary says so), and what the endpoint of a worker that died writes while
the journal is read. Keys that a process other than a test's or an endpoint's makes for itself are
found by their looks only. The log groups of an endpoint that `ENDPOINT` names are not read; the
summary says that, too.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support import journal
from tests.support.journal import Journal
from tests.support.secrets_scan import Scanner

LAYER_THAT_LOGS = "tests/e2e"
FUNCTIONS = "/aws/lambda/"
SHOWN = 20
CONTROLLER = "the controller"
REMOVAL_ATTEMPTS = 20
REMOVAL_PAUSE = 0.5


@dataclass(frozen=True)
class Exemption:
    """One test whose output may hold something that looks like a secret.

    Attributes:
        test: Its node id, without parameters.
        kind: What may be found.
        reason: Why it is none, or has to be there.
    """

    test: str
    kind: str
    reason: str


EXEMPTIONS: tuple[Exemption, ...] = ()


@dataclass
class Result:
    """What was found, and in how much.

    Attributes:
        faults: Sentences; none where all is well.
        characters: Of output.
        events: Of logs.
        groups: That the events were in.
        functions: Whether one of the groups is a function's.
        known: How many secrets were looked for by their values.
    """

    faults: list[str] = field(default_factory=list)
    characters: int = 0
    events: int = 0
    groups: set[str] = field(default_factory=set)
    known: int = 0

    @property
    def functions(self) -> bool:
        return any(FUNCTIONS in group for group in self.groups)

    def __str__(self) -> str:
        return (
            f"in {self.characters:,} characters of output and {self.events:,} log events of "
            f"{len(self.groups):,} log groups (checked for {self.known:,} known secrets)"
        )


class Check:
    """Looks through a run's journal.

    Args:
        directory: Of the journal.
        exemptions: What may be found.
    """

    def __init__(self, directory: Path, exemptions: Iterable[Exemption] = ()) -> None:
        self._directory = directory
        self._exemptions = tuple(exemptions)
        self._used: set[Exemption] = set()
        self._scanner = Scanner()
        self._result = Result()

    def run(self, ran: Iterable[str], workers: Iterable[str] = ()) -> Result:
        """Look through everything.

        Args:
            ran: Node ids of the tests that ran and passed.
            workers: Names of the processes that ran tests.
        """
        result, ran = self._result, {node_id.partition("[")[0] for node_id in ran}
        # First what to look for, from all processes: what one makes another may print.
        heard = set()
        for entry in journal.entries(self._directory):
            if "secret" in entry:
                self._scanner.learn(entry["secret"], map(bytes.fromhex, entry["values"]))
            elif "hello" in entry:
                heard.add(entry["hello"])
            elif "unreadable" in entry:
                result.faults.append(
                    f"The journal is damaged in {entry['unreadable']}, so not all was looked at: "
                    "find out what else writes to that file, and run again."
                )
        result.known = self._scanner.known
        for entry in journal.entries(self._directory):
            if "text" in entry:
                self._output(entry["where"], entry["text"])
            elif "messages" in entry:
                self._log_events(entry)
        for name, text in journal.endpoint_logs(self._directory):
            self._output(f"the log of {name}", text)
            self._blind_spots(name, text, heard)
        result.faults += [
            f"{worker} ran tests and kept no journal, so what it made was not looked for: see that "
            "its pytest_configure calls secrets_check.register."
            for worker in sorted(set(workers) - heard)
        ]
        result.faults += [
            f"{one.test} is exempt from the check for {one.kind}, and there is none: take the "
            "exemption out."
            for one in self._exemptions
            if one.test in ran and one not in self._used
        ]
        return result

    def _blind_spots(self, name: str, log: str, heard: set[str]) -> None:
        if name.startswith("endpoint-") and name not in heard:
            self._result.faults.append(
                f"{name} kept no journal, so what it made and logged was not looked at: see that "
                "tests/support/endpoint_server.py calls keep_a_journal."
            )
        said = re.findall(rf"{journal.NOT_KEPT}(?:: \w+ at [\w.<>]+:\d+)?", log)
        self._result.faults += [
            f"{name} says '{line}', so they were not looked at: mend what keeps them in "
            "tests/support/journal.py."
            for line in sorted(set(said))
        ]

    def _output(self, where: str, text: str) -> None:
        self._result.characters += len(text)
        for finding in self._scanner.scan(text):
            exempt = [
                one
                for one in self._exemptions
                if finding.kind == one.kind and one.test == re.split(r"[\[ ]", where)[0]
            ]
            self._used.update(exempt)
            if not exempt:
                self._fault(finding.kind, f"the output of {where}", finding.before)

    def _log_events(self, entry: dict[str, Any]) -> None:
        self._result.events += len(entry["messages"])
        self._result.groups.add(entry["group"])
        for message in entry["messages"]:
            for finding in self._scanner.scan(message, is_log=True):
                self._fault(finding.kind, f"the log {entry['where']}", finding.before)

    def _fault(self, kind: str, where: str, before: str) -> None:
        self._result.faults.append(f"There is {kind} in {where}, after {before!r}.")


# --- in pytest


def register(config: pytest.Config, exemptions: Iterable[Exemption] = EXEMPTIONS) -> None:
    """Check the run that begins, whether it has one process or several."""
    if not hasattr(config, "workerinput"):
        directory = Path(tempfile.mkdtemp(prefix="journal-"))
        before = os.environ.get(journal.VARIABLE)
        # Workers and endpoints inherit it.
        os.environ[journal.VARIABLE] = str(directory)
        config.add_cleanup(lambda: _forget(directory, before))
    own = Journal(Path(os.environ[journal.VARIABLE]))
    config.add_cleanup(own.close)
    config.add_cleanup(journal.note_private_keys(own.secret))
    config.add_cleanup(_note_what_tests_capture(own))
    own.hello(getattr(config, "workerinput", {"workerid": CONTROLLER})["workerid"])
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Plugin(directory, own, exemptions), "secrets-check")


def _forget(directory: Path, before: str | None) -> None:
    os.environ.pop(journal.VARIABLE, None)
    if before is not None:
        os.environ[journal.VARIABLE] = before
    # A worker that died leaves its endpoint behind, which may write a little longer.
    for _ in range(REMOVAL_ATTEMPTS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(REMOVAL_PAUSE)
    print(f"{directory} holds secrets of this run and cannot be removed: remove it.")


def _note_what_tests_capture(own: Journal) -> Any:
    """Keep what tests read instead of leaving it to pytest; returns what ends that."""
    patch = pytest.MonkeyPatch()

    def noting(owner, name, texts):
        call = getattr(owner, name)

        def call_and_note(*arguments, **options):
            answer = call(*arguments, **options)
            where = os.environ.get("PYTEST_CURRENT_TEST", "no test")
            for said in texts(answer):
                text = said.decode(errors="replace") if isinstance(said, bytes) else said
                own.output(where, text or "")
            return answer

        patch.setattr(owner, name, call_and_note)

    noting(pytest.CaptureFixture, "readouterr", tuple)
    noting(CliRunner, "invoke", lambda result: (result.output,))
    noting(subprocess.Popen, "communicate", tuple)
    return patch.undo


class Plugin:
    """Keeps what pytest captured of every test, and checks everything at the end.

    It belongs to the process that reports; with pytest-xdist, workers send it their reports.
    """

    def __init__(self, directory: Path, own: Journal, exemptions: Iterable[Exemption]) -> None:
        self._check = Check(directory, exemptions)
        self._journal = own
        self._ran: set[str] = set()
        self._workers: set[str] = set()
        self._summary: tuple[Result, float] | None = None

    def _keep(self, report: Any, phase: str) -> None:
        # A report repeats what was captured in the phases before.
        sections = [section for section in report.sections if section[0].endswith(phase)]
        for title, text in (*sections, ("report", report.longreprtext)):
            self._journal.output(f"{report.nodeid} ({title})", text)

    def pytest_runtest_logreport(self, report):
        self._keep(report, report.when)
        # What the controller itself reports, of a worker that died, is not from any worker.
        self._workers.add(getattr(report, "worker_id", CONTROLLER))
        if report.when == "call" and report.passed:
            self._ran.add(report.nodeid)

    def pytest_collectreport(self, report):
        self._keep(report, "")

    def pytest_warning_recorded(self, warning_message, nodeid):
        self._journal.output(f"{nodeid} (warning)", str(warning_message.message))

    def _must_have_logged(self, session: pytest.Session) -> bool:
        """Whether the end-to-end layer ran, whole: there are tests in it that call no function."""
        config = session.config
        layer = (config.rootpath / LAYER_THAT_LOGS).resolve()
        asked = {Path(argument).resolve() for argument in config.args}
        return (
            session.exitstatus == pytest.ExitCode.OK
            and not asked.isdisjoint((layer, *layer.parents))
            and any(node_id.startswith(f"{LAYER_THAT_LOGS}/") for node_id in self._ran)
            and not (config.option.keyword or config.getoption("lf", default=False))
            and not os.environ.get("ENDPOINT")
        )

    # After the workers have ended, and the endpoints with them.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if not self._ran:
            return
        begin = time.monotonic()
        result = self._check.run(self._ran, self._workers)
        if self._must_have_logged(session) and not result.functions:
            result.faults.append(
                f"All of {LAYER_THAT_LOGS} ran, and no event of a function's log was looked at."
            )
        if result.faults and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._summary = (result, time.monotonic() - begin)

    def pytest_terminal_summary(self, terminalreporter):
        if self._summary is None:
            return
        result, seconds = self._summary
        if not result.faults:
            terminalreporter.write_line(f"No secret {result}, in {seconds:.1f} s.")
        else:
            terminalreporter.section("secrets", red=True, bold=True)
            for fault in result.faults[:SHOWN]:
                terminalreporter.write_line(fault)
            terminalreporter.write_line(f"{len(result.faults)} faults {result}.", red=True)
        if terminalreporter.config.option.capture == "no":
            terminalreporter.write_line("With -s, what tests printed was not looked at.")
        if os.environ.get("ENDPOINT"):
            terminalreporter.write_line("The log groups of the endpoint at ENDPOINT were not read.")
