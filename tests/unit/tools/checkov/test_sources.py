"""Files, Terraform blocks and skips, read from the text of the sources."""

import subprocess

import pytest

from tools.checkov import sources
from tools.checkov.model import Skip

CODE = """\
provider "aws" {}

resource "aws_kms_key" "this" {
  # checkov:skip=CKV_AWS_7:The caller chooses whether keys rotate
  policy = jsonencode({
    a = "b"
  })
}

data "aws_region" "here" {
}
"""


def write(root, **texts):
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_blocks_have_their_addresses_and_lines():
    found = list(sources.blocks_in("terraform/main.tf", CODE))
    assert [(one.address, one.first, one.last) for one in found] == [
        ("provider.aws", 1, 1),
        ("aws_kms_key.this", 3, 8),
        ("data.aws_region.here", 10, 11),
    ]
    assert {one.module for one in found} == {"terraform"}


def test_a_skip_knows_the_block_it_is_in():
    assert list(sources.skips_in("terraform/main.tf", CODE)) == [
        Skip(
            file="terraform/main.tf",
            line=4,
            rule="CKV_AWS_7",
            reason="The caller chooses whether keys rotate",
            block="aws_kms_key.this",
        )
    ]


@pytest.mark.parametrize(
    ("line", "rule", "reason"),
    [
        ("#checkov:skip=CKV_AWS_50:The caller chooses", "CKV_AWS_50", "The caller chooses"),
        ("  # checkov:skip=CKV2_AWS_34: Holds no secret", "CKV2_AWS_34", "Holds no secret"),
        ("#bridgecrew:skip=CKV_AWSIOT_3:ok", "CKV_AWSIOT_3", "ok"),
        ("#checkov:skip=CKV_AWS_50", "CKV_AWS_50", ""),
        ("#checkov:skip=all:The whole file", "all", "The whole file"),
    ],
)
def test_every_way_to_skip_is_seen(line, rule, reason):
    (skip,) = sources.skips_in("terraform/main.tf", f"\n{line}")
    assert (skip.line, skip.rule, skip.reason, skip.block) == (2, rule, reason, "")


def test_outside_terraform_only_skips_of_secrets_count(tmp_path):
    text = "\n".join(
        f"# checkov:skip={rule}:Why it is none" for rule in ("CKV_AWS_7", "CKV_SECRET_6")
    )
    write(tmp_path, **{"tests/test_it.py": text})
    (skip,) = sources.skips(tmp_path, ["tests/test_it.py"])
    assert skip.rule == "CKV_SECRET_6"


def test_in_terraform_code_every_skip_counts(tmp_path):
    write(tmp_path, **{"terraform/main.tf": CODE})
    (skip,) = sources.skips(tmp_path, ["terraform/main.tf"])
    assert skip.rule == "CKV_AWS_7"


# Composed, so that this file holds none.
PRAGMA = "pragma: " + "allowlist "


@pytest.mark.parametrize(
    "comment",
    [
        f"# {PRAGMA}secret",
        f"// {PRAGMA}secret of nobody",
        f"<!-- {PRAGMA}secret -->",
        f"# {PRAGMA.replace('allow', 'white')}secret",
        f"#{PRAGMA.replace(' ', '')}-secret",
        f"# {PRAGMA}nextline secret",
        f"# {PRAGMA}nextline-secret",
    ],
)
def test_every_pragma_that_hides_a_secret_is_seen_in_every_file(tmp_path, comment):
    write(tmp_path, **{"notes": f"first\n{comment}\n", "a.tf": "allowlist\n", "b.py": comment})
    assert sources.silenced(tmp_path, ["notes", "a.tf", "b.py"]) == ["notes:2", "b.py:1"]


def test_blocks_are_read_from_the_terraform_code_alone(tmp_path):
    write(tmp_path, **{"terraform/main.tf": CODE, "tests/main.tf": CODE, "terraform/x.md": CODE})
    found = sources.blocks(tmp_path, ["terraform/main.tf", "tests/main.tf", "terraform/x.md"])
    assert {one.file for one in found} == {"terraform/main.tf"}


def test_files_are_what_git_has_or_would_take_in(tmp_path):
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    write(tmp_path, **{".gitignore": "*.key\n", "a.tf": "", "maker.key": "", "b/gone.tf": ""})
    subprocess.run(["git", "add", "b/gone.tf"], cwd=tmp_path, check=True)
    (tmp_path / "b/gone.tf").unlink()
    assert sources.files(tmp_path) == [".gitignore", "a.tf"]


def test_files_that_a_repository_further_up_ignores_are_files(tmp_path):
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    write(tmp_path, **{".gitignore": "/copies/\n", "copies/one/a.tf": ""})
    assert sources.files(tmp_path / "copies/one") == ["a.tf"]


def test_files_of_a_downloaded_archive_are_all_but_the_generated(tmp_path, monkeypatch):
    # The directory above may be a repository: then it does not count either.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    write(
        tmp_path,
        **{"a.tf": "", "b/c.py": "", ".venv-x/d": "", "build/e.zip": "", "b/__pycache__/f": ""},
    )
    assert sources.files(tmp_path) == ["a.tf", "b/c.py"]


@pytest.mark.parametrize("directory", ["live/x", ".", "live/x/.terraform/modules/a"])
def test_the_code_of_a_directory_is_found_wherever_it_is(tmp_path, directory):
    text = CODE.replace("CKV_AWS_7", "CKV_AWS_50")
    write(
        tmp_path, **{f"{directory}/a.tf": text, f"{directory}/b/c.tf": "", f"{directory}/d.md": ""}
    )
    (name,) = sources.code(tmp_path, [directory])
    assert name == f"{directory}/a.tf".removeprefix("./")
    (skip,) = sources.skips_in(name, text)
    assert (skip.rule, skip.block) == ("CKV_AWS_50", "aws_kms_key.this")
