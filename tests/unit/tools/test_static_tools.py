"""The tools behind `make lint` and `make lock` fail on what they are there for."""

import os
import re
import tomllib

import pytest

from tools import lock, terraform_env, terraform_validate

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


def test_what_is_called_is_validated_with_its_caller(configuration, tmp_path, capfd):
    (configuration / "main.tf").write_text('output "x" {\n  value = var.missing\n}\n')
    caller = tmp_path / "terraform/examples/two"
    caller.mkdir(parents=True)
    (caller / "versions.tf").write_text(
        'module "one" {\n  source = "../../modules/one" # from elsewhere: git::https://...\n}\n'
    )
    assert terraform_validate.configurations(tmp_path) == [caller.relative_to(tmp_path)]
    assert terraform_validate.main(tmp_path) == 1
    assert "Reference to undeclared input variable" in capfd.readouterr().err


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
