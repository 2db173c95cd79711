"""Every validation of a Terraform variable says which variable to change."""

from pathlib import Path

import hcl2
import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "terraform").glob("**/variables.tf"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_message_names_the_variable(file):
    with file.open() as text:
        variables = hcl2.load(text)["variable"]
    for variable in variables:
        for quoted, body in variable.items():
            name = quoted.strip('"')
            for validation in body.get("validation", []):
                message = validation["error_message"].strip('"')
                assert name in message, f"{name}: {message}"
                assert message.endswith("."), f"{name}: {message}"
