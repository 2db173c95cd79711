"""The tools behind `make lint` and `make checkov` fail on what they are there for."""

import os
import re
import tomllib

import pytest

from tools import checkov_scan, lock, terraform_env, terraform_validate

# --- checkov --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "#checkov:skip=CKV_AWS_50:The caller chooses whether calls are traced",
        "  # checkov:skip=CKV2_AWS_34: Holds no secret, only a name",
        "no skip at all",
    ],
)
def test_an_explained_skip_is_accepted(line):
    assert checkov_scan.unexplained_skips(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "#checkov:skip=CKV_AWS_50",
        "#checkov:skip=CKV_AWS_50:",
        "#checkov:skip=CKV_AWS_50:not needed",
        "#bridgecrew:skip=CKV_AWS_50:ok",
        "#checkov:skip=all:The whole file is fine, believe me",
        "#checkov:skip=CKV_AWS_*:The whole file is fine, believe me",
    ],
)
def test_an_unexplained_skip_is_refused(line):
    assert [number for number, _ in checkov_scan.unexplained_skips(f"\n{line}")] == [2]


def test_skips_for_everything_are_refused(tmp_path):
    (tmp_path / ".checkov.yaml").write_text("skip-check:\n  - CKV_AWS_50\n")
    (tmp_path / "terraform/modules/a").mkdir(parents=True)
    (tmp_path / "terraform/modules/a/main.tf").write_text("# checkov:skip=CKV_AWS_50\n")
    assert list(checkov_scan.complaints(tmp_path)) == [
        "terraform/modules/a/main.tf:1: the skip of CKV_AWS_50 must say why",
        ".checkov.yaml: rules are skipped where they do not apply, not everywhere",
    ]


def project(tmp_path, text):
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform/main.tf").write_text(text)
    for name in (".checkov.yaml", ".venv-checkov"):
        (tmp_path / name).symlink_to(checkov_scan.ROOT / name)
    return tmp_path


def test_a_finding_fails(tmp_path):
    root = project(tmp_path, 'resource "aws_kms_key" "this" {}\n')
    assert checkov_scan.main(root) == 1


def test_a_clean_configuration_passes(tmp_path):
    root = project(tmp_path, 'resource "aws_sns_topic" "this" {\n  kms_master_key_id = "k"\n}\n')
    assert checkov_scan.main(root) == 0


def test_a_scan_that_checked_nothing_fails(tmp_path, capsys):
    root = project(tmp_path, 'resource "aws_iot_thing" "this" {\n  name = "x"\n}\n')
    assert checkov_scan.main(root) == 1
    assert capsys.readouterr().err == "checkov found nothing to check\n"


def test_a_file_that_checkov_cannot_read_fails(tmp_path, capsys):
    root = project(tmp_path, 'locals {\n  a = [for b in c : b ? "$${" : "${d}"]\n  e = f)\n}\n')
    assert checkov_scan.main(root) == 1
    assert "terraform/main.tf: checkov cannot read this file" in capsys.readouterr().err


# --- terraform validate ---------------------------------------------------------------------------


@pytest.fixture
def configuration(tmp_path):
    module = tmp_path / "terraform/modules/one"
    module.mkdir(parents=True)
    (module / "versions.tf").write_text('terraform {\n  required_version = ">= 1.9"\n}\n')
    (tmp_path / "lambda_src/hook").mkdir(parents=True)
    (tmp_path / "lambda_src/hook/handler.py").touch()
    return module


def test_a_valid_configuration_passes_and_leaves_nothing_behind(configuration, tmp_path):
    package = 'output "x" {\n  value = filesha256("${path.module}/../../../build/hook.zip")\n}\n'
    (configuration / "main.tf").write_text(package)
    assert terraform_validate.main(tmp_path) == 0
    assert sorted(path.name for path in configuration.iterdir()) == ["main.tf", "versions.tf"]


def test_an_invalid_configuration_fails_with_its_name(configuration, tmp_path, capfd):
    (configuration / "main.tf").write_text('output "x" {\n  value = var.missing\n}\n')
    assert terraform_validate.main(tmp_path) == 1
    assert "terraform/modules/one:" in capfd.readouterr().err


def test_a_missing_terraform_is_one_sentence(configuration, tmp_path, monkeypatch, capsys):
    def refuse():
        raise terraform_env.ToolError("Terraform 1.9 or newer is needed")

    monkeypatch.setattr(terraform_env, "environment", refuse)
    assert terraform_validate.main(tmp_path) == 1
    assert capsys.readouterr().err == "Terraform 1.9 or newer is needed\n"


# --- locked requirements --------------------------------------------------------------------------


@pytest.mark.parametrize("name", lock.FILES)
def test_every_requirement_is_pinned_and_hashed_and_names_no_index(name):
    text = (lock.ROOT / name).read_text()
    assert not re.search(r"https?://|file:|--(extra-)?index|--find-links", text)
    entries = re.split(r"\n(?=[a-zA-Z0-9])", text.strip())
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", entry)
        assert "--hash=sha256:" in entry


def test_everything_named_in_pyproject_is_locked():
    settings = tomllib.loads((lock.ROOT / "pyproject.toml").read_text())
    groups = {
        "requirements.txt": settings["project"]["dependencies"],
        "requirements-dev.txt": settings["dependency-groups"]["dev"],
        "requirements-endpoint.txt": settings["dependency-groups"]["endpoint"],
        "requirements-checkov.txt": settings["dependency-groups"]["checkov"],
    }
    assert groups.keys() == lock.FILES.keys()
    for name, wanted in groups.items():
        locked = set(
            re.findall(r"^([A-Za-z0-9._-]+)", (lock.ROOT / name).read_text(), re.MULTILINE)
        )
        assert {re.match(r"[A-Za-z0-9._-]+", entry).group() for entry in wanted} <= locked


def test_a_failed_resolution_is_passed_on(monkeypatch):
    calls = []

    def run(command, env, **_):
        calls.append((command, env))
        return type("Done", (), {"returncode": 2})

    monkeypatch.setenv("UV_EXTRA_INDEX_URL", "https://example.invalid")
    monkeypatch.setattr(lock.subprocess, "run", run)
    assert lock.main(["--upgrade"]) == 2
    ((command, environ),) = calls
    assert "--upgrade" in command
    assert "UV_EXTRA_INDEX_URL" not in environ
    assert environ["PATH"] == os.environ["PATH"]
