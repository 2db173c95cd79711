"""Scan the Terraform code with checkov's built-in rules, offline, and trust its verdict.

checkov passes a file that its own parser cannot read, with a warning nobody sees, and a rule that
somebody skips without a word. Here both fail. A skip is a comment inside the resource,
`#checkov:skip=CKV_AWS_1:reason`, and the reason must be a sentence somebody can disagree with; see
https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ".checkov.yaml"
COMMAND = (".venv-checkov/bin/python", "-m", "checkov.main", "--config-file", CONFIGURATION)
REPORT = "build/checkov.json"

SKIP = re.compile(r"(?:checkov|bridgecrew|cortex):skip=(?P<rule>[^:\s]*)(?::(?P<reason>.*))?")
RULE = re.compile(r"CKV2?_[A-Z0-9]+_\d+")
FEWEST_WORDS = 4


def unexplained_skips(text: str) -> list[tuple[int, str]]:
    """Line and complaint of every skip that is not explained."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for skip in SKIP.finditer(line):
            reason = (skip["reason"] or "").strip()
            if not RULE.fullmatch(skip["rule"]):
                found.append((number, f"'{skip['rule']}' is not the id of a rule"))
            elif len(reason.split()) < FEWEST_WORDS:
                found.append((number, f"the skip of {skip['rule']} must say why"))
    return found


def complaints(root: Path) -> Iterable[str]:
    """What is wrong with the skips below `root`, one line each."""
    for path in sorted(root.glob("terraform/**/*.tf")):
        for line, complaint in unexplained_skips(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(root)}:{line}: {complaint}"
    if "skip-check" in (root / CONFIGURATION).read_text(encoding="utf-8"):
        yield f"{CONFIGURATION}: rules are skipped where they do not apply, not everywhere"


def unread_files(root: Path) -> list[str]:
    """Files that checkov could not parse, and therefore passed without a look.

    The short report only counts them, so this runs the scan once more with the long one.
    """
    scan = subprocess.run(
        [*COMMAND, "--output", "json", "--soft-fail"],
        cwd=root,
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
        stdout=subprocess.PIPE,
        check=True,
    )
    files: list[str] = json.loads(scan.stdout)["results"]["parsing_errors"]
    return sorted(str(Path(file).relative_to(root)) for file in files)


def main(root: Path = ROOT) -> int:
    """Check the skips, run checkov, and fail on findings and on files it could not read."""
    problems = list(complaints(root))
    report = root / REPORT
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    scan = subprocess.run(
        [
            *(*COMMAND, "--quiet", "--output", "cli", "--output", "json"),
            *("--output-file-path", f"console,{REPORT}"),
        ],
        cwd=root,
        # A parser that gives up prints its whole stack; the file is named below instead.
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
        check=False,
    )
    written = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    if "summary" not in written:
        problems.append("checkov found nothing to check")
    elif written["summary"]["parsing_errors"]:
        problems += [
            f"{name}: checkov cannot read this file, and passes it unseen: reword the expression"
            ' (known: a string that holds "$${" without its "}")'
            for name in unread_files(root)
        ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return scan.returncode or (1 if problems else 0)


if __name__ == "__main__":
    sys.exit(main())
