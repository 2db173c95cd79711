"""``rollout``: what its commands print and write, and what they end with."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tools.cli.main import cli

ROOT = Path(__file__).resolve().parents[4]
SHIPPED = ROOT / "terraform/examples/multi-account/rollout.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(SHIPPED, tmp_path)
    (tmp_path / "main.tf").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, ["rollout", *arguments])


def spoil(folder):
    path = folder / "rollout.yaml"
    path.write_text(
        path.read_text().replace("version: 1", "version: 2").replace("[trial]", "[trail]")
    )


def test_a_sound_manifest_is_told_in_numbers(folder):
    result = run("validate", "rollout.yaml")
    assert result.exit_code == 0
    assert result.stdout == ("rollout.yaml: 6 targets in 3 accounts and 2 Regions, 3 waves.\n")


def test_each_mistake_has_a_line_with_the_place_that_editors_jump_to(folder):
    spoil(folder)
    result = run("validate", "rollout.yaml")
    assert result.exit_code == 1
    meant = "the manifest has no account trail. Did you mean trial?"
    assert result.stdout.splitlines() == [
        "rollout.yaml:3: version is 2, but has to be 1.",
        f"rollout.yaml:38: overrides.#1.accounts: {meant}",
        f"rollout.yaml:53: waves.trial.accounts: {meant}",
    ]
    assert result.stderr == "3 mistakes.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("targets", "rollout.yaml"),
        ("matrix", "rollout.yaml"),
        ("tfvars", "rollout.yaml", "targets"),
        ("atlantis", "rollout.yaml", "targets"),
    ],
)
def test_nothing_is_made_of_a_manifest_with_mistakes(folder, arguments):
    spoil(folder)
    result = run(*arguments)
    assert result.exit_code == 3
    assert "version is 2, but has to be 1." in result.stderr
    assert result.stdout == ""
    assert not (folder / "targets").exists()


def test_targets_are_listed_wave_by_wave(folder):
    result = run("targets", "rollout.yaml")
    assert result.exit_code == 0
    assert (
        "Wave everyone: 2 targets, 10 at a time, 0 failures tolerated, bakes for 0 minutes"
        in result.stdout
    )
    assert "s3://acme-terraform-state-111111111111/iot-provisioning/trial" in result.stdout
    lines = [
        json.loads(line) for line in run("targets", "rollout.yaml", "--json").stdout.splitlines()
    ]
    assert [line["target"] for line in lines][:2] == ["trial/eu-west-1", "trial/us-east-1"]
    assert lines[0]["variables"]["registry"] == {"deletion_protection_enabled": False}


def test_the_matrix_is_one_line(folder):
    result = run("matrix", "rollout.yaml")
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert [wave["name"] for wave in json.loads(line)] == ["trial", "pilot", "everyone"]


def test_values_and_the_atlantis_file_fit_together(folder):
    result = run("tfvars", "rollout.yaml", "targets")
    assert (result.exit_code, result.stderr) == (0, "12 files for 6 targets.\n")
    result = run("atlantis", "rollout.yaml", "targets")
    assert result.exit_code == 0
    for project in yaml.safe_load(result.stdout)["projects"]:
        for name in project["autoplan"]["when_modified"][-2:]:
            assert (folder / project["dir"] / name).is_file()


def test_values_of_targets_that_are_gone_are_removed_and_told(folder):
    run("tfvars", "rollout.yaml", "targets")
    (folder / "targets/old").mkdir()
    for kind in ("tfvars", "tfbackend"):
        (folder / f"targets/old/eu-west-1.{kind}.json").touch()
    assert run("tfvars", "rollout.yaml", "targets").stderr.startswith(
        "targets/old/eu-west-1.tfvars.json was removed: the manifest has no such target.\n"
    )


def test_a_list_of_digests_that_is_missing_is_told(folder):
    result = run("tfvars", "rollout.yaml", "targets", "--sums", "SHA256SUMS")
    assert result.exit_code == 3
    assert "SHA256SUMS cannot be read" in result.stderr


def test_a_directory_that_cannot_be_written_is_told(folder):
    (folder / "targets").mkdir()
    (folder / "targets/trial").touch()
    result = run("tfvars", "rollout.yaml", "targets")
    assert result.exit_code == 3
    assert "targets/trial cannot be read or written: " in result.stderr
