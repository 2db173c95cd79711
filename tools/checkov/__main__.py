"""Review the project, write `reports/`, and say in a few lines what came of it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from tools.checkov import plans, reports, scan, sources, summary, verdict
from tools.checkov.model import Review, ReviewError, Scan
from tools.cli.console import console

REPORTS = "reports"
SUMMARY = "summary.md"
BILL_OF_MATERIALS = "bill-of-materials.cdx.json"
# checkov and Terraform use one core each for most of their time.
TOGETHER = 2


def review(root: Path) -> Review:
    """Run every scan.

    Raises:
        ReviewError: One could not be run.
    """
    files = sources.files(root)
    skips = sources.skips(root, files)
    blocks = sources.blocks(root, files)

    def planned() -> tuple[list[Scan], dict[str, str]]:
        made = plans.plans(root)
        versions = made[0].versions if made else {}
        return scan.planned(root, made, blocks, skips), versions

    with ThreadPoolExecutor(TOGETHER) as pool:
        of_plans = pool.submit(planned)
        of_code = pool.submit(scan.code, root)
        of_secrets = pool.submit(scan.secrets, root, files)
        listed = pool.submit(scan.rules, root)
        version, rules = listed.result()
        scans, versions = of_plans.result()
        made = Review(
            rules=rules,
            scans=[of_code.result(), *scans, of_secrets.result()],
            skips=skips,
            silenced=sources.silenced(root, files),
            modules=sorted({block.module for block in blocks}),
            versions={"checkov": version, **versions},
        )
    return replace(made, problems=list(verdict.problems(made, root)))


def bill_of_materials(root: Path, target: Path) -> None:
    """Write the bill of materials; its library is in checkov's environment.

    Raises:
        ReviewError: It could not be written.
    """
    done = subprocess.run(
        [str(scan.PYTHON), "-m", "tools.checkov.bill_of_materials", str(target)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ReviewError(done.stderr.strip())


def show(made: Review) -> None:
    """Print the result for whoever ran it."""
    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, name in enumerate(("Scan", "Looked at", "Rules", "Passed", "Failed", "Skipped")):
        table.add_column(name, justify="right" if number > 1 else "left", no_wrap=True)
    for row in summary.scan_rows(made.scans):
        table.add_row(*row)
    out.print(table)
    out.print(
        f"{summary.built_in(made)} built-in rules for AWS, {len(summary.own(made))} of the"
        f" project's own; reports are in {REPORTS}/, begin with {REPORTS}/{SUMMARY}"
    )
    out.print(summary.verdict(made).replace("**", ""))


def main(root: Path = scan.ROOT) -> int:
    """Review, write the reports, print the result; non-zero where anything is wrong."""
    directory = root / REPORTS
    directory.mkdir(exist_ok=True)
    # What an earlier review said must not be taken for what this one says.
    for name in summary.FILES:
        (directory / name).unlink(missing_ok=True)
    try:
        made = review(root)
        bill_of_materials(root, directory / BILL_OF_MATERIALS)
    except ReviewError as error:
        print(error, file=sys.stderr)
        return 1
    reports.write(made, directory)
    (directory / SUMMARY).write_text(summary.markdown(made), encoding="utf-8")
    for problem in made.problems:
        print(problem, file=sys.stderr)
    show(made)
    return 1 if made.problems else 0


if __name__ == "__main__":
    sys.exit(main())
