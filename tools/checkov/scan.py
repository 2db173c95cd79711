"""Run checkov: over the Terraform code, over plans, and for secrets over the whole repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.checkov.model import (
    CODE,
    SECRETS,
    Outcome,
    Result,
    ReviewError,
    Rule,
    Scan,
    Skip,
)
from tools.checkov.plans import Plan
from tools.checkov.sources import Block

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".venv-checkov/bin/python"
CONFIGURATION = ".checkov.yaml"
PACK = "policies/checkov"
TAIL_LINES = 20
# checkov's log, whose fields are time, thread and level.
LOGGED = re.compile(r"^[\d-]+ [\d:,]+ \[[^\]]*\] \[(?:WARN|ERROR|CRIT)\w*\] +(.*)$", re.MULTILINE)


def rules(root: Path) -> tuple[str, dict[str, Rule]]:
    """The version of checkov, and every rule that it and the project's pack have, by id.

    Raises:
        ReviewError: checkov passes over a file of the pack.
    """
    script = str(ROOT / "tools/checkov/rules.py")
    listed = json.loads(_run([script, str(root / PACK)], root).stdout)
    if listed["silent"]:
        raise ReviewError(
            f"{PACK}: checkov takes no check from {', '.join(listed['silent'])}, and would not say"
            " so: see that Python can import it and that it makes an instance of its class"
        )
    return listed["version"], {one["id"]: Rule(**one) for one in listed["rules"]}


def code(root: Path) -> Scan:
    """Scan the Terraform code as it is written, with what `.checkov.yaml` says."""
    (report,) = _checkov(["--config-file", CONFIGURATION], root)
    unread = [_relative(name, root) for name in _results(report).get("parsing_errors", [])]
    results = [_result(record, record["repo_file_path"].lstrip("/")) for record in _records(report)]
    seen = report.get("summary", report)["resource_count"]
    return Scan(CODE, "terraform", "resources", seen, results, sorted(unread))


def planned(
    root: Path, plans: Sequence[Plan], blocks: Iterable[Block], skips: Iterable[Skip]
) -> list[Scan]:
    """Scan plans, and bring the results back to where each resource is written.

    checkov's own way there (`--repo-root-for-plan-enrichment`) goes by type and name alone, which
    several modules share; the plan itself knows which module a resource is of.
    """
    if not plans:
        return []
    written = {(block.module, block.address): block for block in blocks}
    excused = {(skip.file, skip.block, skip.rule): skip for skip in skips}
    records: dict[str, list[dict[str, Any]]] = {plan.name: [] for plan in plans}
    unread: set[str] = set()
    with tempfile.TemporaryDirectory() as temporary:
        for plan in plans:
            path = Path(temporary, f"{plan.name}.json")
            path.write_text(json.dumps(plan.document), encoding="utf-8")
        reports = _checkov(
            [
                *("--framework", "terraform_plan", "--skip-download", "--compact"),
                *("--external-checks-dir", str(root / PACK)),
                *(part for plan in plans for part in ("--file", f"{plan.name}.json")),
            ],
            Path(temporary),
        )
    for report in reports:
        unread |= {Path(name).stem for name in _results(report).get("parsing_errors", [])}
        for record in _records(report):
            records[Path(record["file_path"]).stem].append(record)

    def located(plan: Plan, record: dict[str, Any]) -> Result:
        result = _result(record, f"{plan.directory}/main.tf")
        block = written.get(plan.source_of(result.resource))
        if block is None:
            return replace(result, first=1, last=1)
        result = replace(result, file=block.file, first=block.first, last=block.last)
        skip = excused.get((block.file, block.address, result.rule))
        if skip is None or result.outcome is not Outcome.FAILED:
            return result
        return replace(result, outcome=Outcome.SKIPPED, reason=skip.reason)

    return [
        Scan(
            name=f"Plan of {plan.name}",
            kind="terraform_plan",
            unit="resources",
            seen=plan.resources,
            results=[located(plan, record) for record in records[plan.name]],
            unread=[f"the plan of {plan.directory}"] if plan.name in unread else [],
        )
        for plan in plans
    ]


def secrets(root: Path, files: Sequence[str]) -> Scan:
    """Look for secrets in every file that is named, in a copy that holds nothing else."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        for name in files:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy / name)
        reports = _checkov(
            [
                *("--framework", "secrets", "--enable-secret-scan-all-files"),
                *("--skip-download", "--compact", "--directory", "."),
            ],
            copy,
        )
    found = [
        _result(record, record["file_path"].lstrip("/"))
        for report in reports
        for record in _records(report)
    ]
    # The resource is a hash of the secret, which is nobody's business, and the last line a line on.
    results = [replace(one, last=one.first, resource="") for one in found]
    return Scan(SECRETS, "secrets", "files", len(files), results)


def _result(record: dict[str, Any], file: str) -> Result:
    verdict = record["check_result"]
    first, last = record["file_line_range"]
    return Result(
        rule=record["check_id"],
        name=record["check_name"],
        outcome=Outcome(verdict["result"].lower()),
        file=file,
        first=max(first, 1),
        last=max(last, 1),
        resource=record["resource"],
        reason=(verdict.get("suppress_comment") or "").strip(),
    )


def _results(report: dict[str, Any]) -> dict[str, Any]:
    # Where checkov found nothing to check, there is a summary alone, and not where it belongs.
    found: dict[str, Any] = report.get("results", {})
    return found


def _records(report: dict[str, Any]) -> list[dict[str, Any]]:
    results = _results(report)
    return [
        record
        for outcome in Outcome
        for record in results.get(f"{outcome}_checks", [])
        # A rule may say that it cannot tell.
        if record["check_result"]["result"].lower() in set(Outcome)
    ]


def _relative(name: str, root: Path) -> str:
    return os.path.relpath(os.path.join(root, name), root)  # noqa: PTH118


def _checkov(arguments: Sequence[str], directory: Path) -> list[dict[str, Any]]:
    command = ["-m", "checkov.main", *arguments, "--output", "json", "--soft-fail"]
    done = _run(command, directory)
    # The one place where it says that a check broke off, or that a file was left out.
    if complaints := list(dict.fromkeys(LOGGED.findall(done.stderr))):
        raise ReviewError(
            "checkov left something out, and would pass it unseen: mend the check or what it"
            " stumbles over.\n" + "\n".join(complaints[:TAIL_LINES])
        )
    reports = json.loads(done.stdout)
    return reports if isinstance(reports, list) else [reports]


def _run(arguments: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [str(PYTHON), *arguments],
            cwd=directory,
            # Not the caller's: keys of a platform or a configuration at home change what is found.
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": home,
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
                "LOG_LEVEL": "WARNING",
            },
            capture_output=True,
            text=True,
            check=False,
            # Ctrl-C reaches the caller alone: a rollout lets a look at a plan come to its end.
            start_new_session=True,
        )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
        raise ReviewError(f"checkov ended with exit code {done.returncode}.\n{tail}")
    return done
