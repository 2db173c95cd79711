"""`make mutation`: change the decision code in every way mutmut knows, and see the tests notice.

A survivor is a change that no test notices. Each must be explained in
`tests/unit/mutation_survivors.toml`; one that is not, or a share of killed mutants below the limit,
fails the run. The condition that DynamoDB evaluates is text, out of mutmut's reach:
`tests/unit/device_registry/test_condition_mutants.py` does the same for it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build/mutation"
EXPLAINED = ROOT / "tests/unit/mutation_survivors.toml"
REPORT = ROOT / "build/mutation.json"
LEAST_KILLED = 0.95
PACKAGES = (
    "claim_guard",
    "device_lifecycle",
    "device_registry",
    "jitr_gate",
    "provisioning_hook",
    "template_versions",
)
SUPPORT = (
    "tests/__init__.py",
    "tests/unit/__init__.py",
    "tests/unit/attempts.py",
    "tests/unit/aws_in_memory.py",
    "tests/unit/builders.py",
    "tests/unit/conftest.py",
    "tests/unit/scripted_server.py",
    # These say how long a function may take.
    "terraform/modules/claim-guard/main.tf",
    "terraform/modules/device-lifecycle/main.tf",
    "terraform/modules/device-lifecycle/variables.tf",
    "terraform/modules/jitp-ca/variables.tf",
    "terraform/modules/template-versions/main.tf",
)
TESTS = tuple(f"tests/unit/{package}" for package in PACKAGES)
# mutmut finds mutants by the module names it derives from a folder called src.
CONFIGURATION = f"""\
[tool.pytest.ini_options]
pythonpath = ["src", "."]
addopts = ["--import-mode=importlib"]

[tool.mutmut]
source_paths = ["src"]
also_copy = ["tests", "tools", "terraform"]
pytest_add_cli_args_test_selection = {json.dumps(TESTS)}
"""


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: the function, the line as it was, and as it became."""

    function: str
    before: str
    after: str


@dataclass(frozen=True)
class Explanation:
    """Why changes to a function, or those whose lines contain a text, may survive."""

    function: str
    text: str
    reason: str

    def covers(self, survivor: Survivor) -> bool:
        """Tell whether this explains the survivor."""
        lines = f"{survivor.before}\n{survivor.after}"
        return survivor.function == self.function and self.text in lines


def main() -> int:
    """Run the mutants and judge the survivors; the exit code says whether all is well."""
    console = Console()
    _prepare()
    # mutmut redraws one line, which fills a log that is no terminal.
    quiet = not console.is_terminal
    _mutmut("run", "--max-children", str(os.cpu_count() or 1), capture=quiet)
    results = dict(_results(_mutmut("results", "--all", "true", capture=True)))
    survivors = [_survivor(name) for name, state in results.items() if state != "killed"]
    share = 1 - len(survivors) / len(results)
    explanations = _explanations()
    explained = {s: _reason(s, explanations) for s in survivors}
    console.print(_table(explained))
    console.print(
        f"{len(results)} mutants, {share:.1%} killed; at least {LEAST_KILLED:.0%} must be."
    )
    REPORT.write_text(
        json.dumps({"mutants": len(results), "survivors": len(survivors), "killed": share}) + "\n"
    )
    stale = [e for e in explanations if not any(e.covers(s) for s in survivors)]
    for explanation in stale:
        console.print(f"Nothing is left to explain: {explanation.function} {explanation.text}")
    unexplained = [s for s, reason in explained.items() if reason is None]
    if unexplained:
        console.print(f"{len(unexplained)} survivors lack an explanation in {EXPLAINED.name}.")
    return 1 if unexplained or stale or share < LEAST_KILLED else 0


def _prepare() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    # Slow, and whatever it notices, the tests of one run at a time notice too.
    left_out = shutil.ignore_patterns("__pycache__", "test_interleavings.py")
    shutil.copytree(ROOT / "lambda_src", WORK / "src", ignore=left_out)
    for name in SUPPORT:
        (WORK / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, WORK / name)
    # The installed tools would put the functions' own code in front of the changed one.
    for name in (*TESTS, "tests/events", "tools"):
        shutil.copytree(ROOT / name, WORK / name, ignore=left_out)
    (WORK / "pyproject.toml").write_text(CONFIGURATION)


def _mutmut(*arguments: str, capture: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=WORK,
        check=True,
        text=True,
        stdout=subprocess.PIPE if capture else None,
    )
    return done.stdout or ""


def _results(listing: str) -> Iterable[tuple[str, str]]:
    for line in listing.splitlines():
        name, separator, state = line.strip().partition(": ")
        if separator:
            yield name, state


def _survivor(mutant: str) -> Survivor:
    diff = _mutmut("show", mutant, capture=True)
    before = re.findall(r"^-(?!--)(.*)$", diff, re.MULTILINE)
    after = re.findall(r"^\+(?!\+\+)(.*)$", diff, re.MULTILINE)
    module, _, function = mutant.partition("__mutmut_")[0].rpartition(".")
    # mutmut writes x_name for a function and xǁClassǁname for a method.
    readable = re.sub(r"^x[_ǁ]", "", function).replace("ǁ", ".")
    return Survivor(f"{module}.{readable}", " ".join(before).strip(), " ".join(after).strip())


def _explanations() -> list[Explanation]:
    entries = tomllib.loads(EXPLAINED.read_text())["survivors"]
    return [Explanation(e["function"], e.get("text", ""), e["reason"]) for e in entries]


def _reason(survivor: Survivor, explanations: list[Explanation]) -> str | None:
    return next((e.reason for e in explanations if e.covers(survivor)), None)


def _table(explained: dict[Survivor, str | None]) -> Table:
    table = Table(title="Survivors", title_justify="left", show_lines=True)
    for head in ("function", "change", "why it may survive"):
        table.add_column(head, overflow="fold")
    for survivor, reason in explained.items():
        change = f"- {survivor.before}\n+ {survivor.after}"
        table.add_row(survivor.function, change, reason or "NOT EXPLAINED")
    return table


if __name__ == "__main__":
    raise SystemExit(main())
