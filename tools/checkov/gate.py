"""Look at one plan that is about to be applied: `python -m tools.checkov.gate DIRECTORY PLAN.json`.

The rules and the skips are those of the whole review. It ends with 1 where a rule found something
that no comment excuses, and where nothing could be looked at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tools import terraform_modules
from tools.checkov import plans, scan, sources, verdict
from tools.checkov.model import Outcome, Review, ReviewError

USAGE = 2


def review(root: Path, directory: str, document: dict[str, Any]) -> Review:
    """Look at a plan.

    Args:
        root: of the sources, whose comments excuse findings.
        directory: of the configuration, relative to it and initialised: a module's comments count
            wherever it is, also where Terraform fetched it.
        document: the plan in Terraform's JSON format.

    Raises:
        ReviewError: the plan could not be looked at.
    """
    plans.settle(document)
    modules = terraform_modules.directories(root / directory)
    plan = plans.Plan(directory, document, versions={}, modules=modules)
    texts = {
        name: (root / name).read_text(encoding="utf-8")
        for name in sources.code(root, plan.directories)
    }
    skips = [skip for item in texts.items() for skip in sources.skips_in(*item)]
    blocks = [block for item in texts.items() for block in sources.blocks_in(*item)]
    # Its rules are always this repository's: sources from elsewhere have none.
    made = scan.planned(scan.ROOT, [plan], blocks, skips) if plan.resources else []
    looked_at = Review(rules={}, scans=made, skips=skips)
    if plan.resources and not any(True for _ in looked_at.results()):
        raise ReviewError("checkov found nothing to check in the plan: see what it says of it.")
    return looked_at


def problems(made: Review) -> list[str]:
    """Return what no comment excuses, one sentence each."""
    return [*verdict.unread(made), *verdict.findings(made), *verdict.unexcused(made)]


def main(arguments: list[str], root: Path = scan.ROOT) -> int:
    """Say what is wrong with a plan; return the exit code."""
    if len(arguments) != USAGE:
        sys.stderr.write("Give the configuration's directory and the plan in JSON.\n")
        return USAGE
    directory, path = arguments
    try:
        made = review(root, directory, json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ReviewError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    found = problems(made)
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    passed, skipped = made.count(Outcome.PASSED), made.count(Outcome.SKIPPED)
    sys.stdout.write(f"{passed} passed, {skipped} skipped with a reason, {len(found)} failed.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
