"""The page of failure modes and the tests that carry the marker say the same."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([BSOP]\d+) \|.*\| yes \|$", re.MULTILINE)


def marked():
    """The ids that tests carry."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("failure_mode"):
                yield from (argument.value for argument in node.args)


def test_every_failure_mode_on_the_page_has_a_test_and_every_marker_a_row():
    page = ROW.findall((ROOT / "docs/failure-modes.md").read_text())
    assert len(page) == len(set(page))
    assert sorted(page) == sorted(set(marked()))
