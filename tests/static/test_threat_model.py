"""Each threat on the page has what stops it and what shows that, and all that is named exists."""

import ast
import functools
import re

import pytest

from tests.support.capabilities import Capability
from tests.support.terraform import ROOT

PAGE = ROOT / "docs/threat-model.md"
TEXT = PAGE.read_text()
CELL = r" ([^|]*) \|"
ROWS = re.findall(rf"^\| (T\d+) \|{CELL * 4}$", TEXT, re.MULTILINE)
IDS = [row[0] for row in ROWS]
CHECK = re.compile(r"CKV_AWSIOT_\d+")
LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")


def is_left_out(*expressions):
    """Whether what carries these marks does not run everywhere.

    Drills do, by `make drills`; what cites one has a proof of `make test` beside it.
    """
    marks = " ".join(ast.unparse(expression) for expression in expressions)
    lacking = set(re.findall(r"Capability\.(\w+)", marks)) - {Capability.IAM_ENFORCED.name}
    return bool(lacking) or bool(re.search(r"mark\.(slow|skip|xfail)", marks))


@functools.cache
def proofs_in(path):
    """What a link to a file may be called: its tests, or the runs of a plan, as words."""
    text = path.read_text()
    if path.name.endswith(".tftest.hcl"):
        names = re.findall(r'^run "([^"]+)" \{', text, re.MULTILINE)
    else:
        nodes = list(ast.walk(ast.parse(text)))
        marks = [
            node.value
            for node in nodes
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
        ]
        names = [
            node.name.removeprefix("test_")
            for node in nodes
            if isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")
            and not is_left_out(*marks, *node.decorator_list)
        ]
    return {name.replace("_", " ") for name in names}


def checks():
    """The ids of the check pack's rules."""
    files = (path for path in (ROOT / "policies/checkov").rglob("*") if path.is_file())
    pack = "".join(path.read_text() for path in files if path.suffix in {".py", ".yaml"})
    return set(re.findall(r'\bid[=:] ?"(CKV_AWSIOT_\d+)"', pack))


def test_a_test_that_does_not_run_on_the_embedded_endpoint_is_no_proof():
    claims = proofs_in(ROOT / "tests/e2e/test_claims.py")
    assert "a trusted users temporary claim" in claims
    assert "a device that makes its own key" not in claims
    assert proofs_in(ROOT / "tests/terraform/test_destroy.py") == set()


def test_every_row_of_a_threat_was_read_and_has_an_id_of_its_own():
    assert re.findall(r"^\| (T\d+)\b", TEXT, re.MULTILINE) == IDS
    assert len(IDS) == len(set(IDS)) > 50


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_threat_has_a_mitigation_and_proofs_that_exist(row):
    _, stride, threat, mitigation, proof = row
    assert set(stride.split()) <= set("STRIDE")
    assert stride
    assert threat.strip()
    assert mitigation.strip()
    links = LINK.findall(proof)
    assert links, "a rule says how something is written, a test what it does"
    for words, target in links:
        assert words in proofs_in((PAGE.parent / target).resolve()), f"{target}: {words}"
    attacks = [link for link in links if "/security/attacks/" in link[1]]
    assert LINK.findall(proof.partition("tried: ")[2]) == attacks
    # Nothing but proofs, so that none is overlooked here for the way it is written.
    rest = CHECK.sub("", LINK.sub("", proof)).replace("tried: ", "")
    assert set(rest) <= set("`,; ")


def test_every_check_that_is_named_is_one_of_the_pack():
    assert set(CHECK.findall(TEXT)) <= checks()


def test_failure_modes_are_named_by_their_ids_and_everybody_who_gets_in_is_a_threat():
    known = set(
        re.findall(
            r"^\| ([BSOP]\d+) \|", (ROOT / "docs/failure-modes.md").read_text(), re.MULTILINE
        )
    )
    brackets = re.findall(r"\(([BSOP]\d+(?:, [BSOP]\d+)*)\)", "\n".join(row[2] for row in ROWS))
    named = {mode for one in brackets for mode in one.split(", ")}
    assert named <= known
    assert {mode for mode in known if mode.startswith("S")} <= named


def test_every_threat_that_the_text_refers_to_is_there():
    assert set(re.findall(r"\b(T\d+)\b", TEXT)) == set(IDS)


def test_the_picture_has_the_sections_that_there_are():
    (picture,) = re.findall(r"```mermaid\n(.*?)```", TEXT, re.DOTALL)
    sections = re.findall(r"^## (\d)\. ", TEXT, re.MULTILINE)
    assert sorted(set(re.findall(r'\|"(\d)"\|', picture))) == sections


def test_what_the_embedded_endpoint_lacks_is_all_there():
    table = TEXT.partition("| Capability | Therefore |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`([A-Z][A-Z0-9_]+)`", table)) == sorted(
        one.name for one in Capability
    )
