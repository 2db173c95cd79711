"""The commands as they are installed: from a wheel, without the repository around them."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "tools", "lambda_src")
BUILD = "import setuptools.build_meta as build; print(build.build_wheel('dist'))"
IMPORT_ALL = """
import importlib, pkgutil, tools
for module in pkgutil.walk_packages(tools.__path__, "tools."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds what the wheel holds."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-c", BUILD], cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "dist").glob("*.whl")
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed, *arguments):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=installed,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installed_command_finds_all_it_imports(installed):
    done = run(installed, "-m", "tools", "--help")
    assert done.returncode == 0, done.stderr
    done = run(installed, "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr


def test_a_wheel_brings_no_tests_and_names_the_command(installed):
    (metadata,) = installed.glob("*.dist-info")
    assert "iot-provisioning = tools.__main__:main" in (metadata / "entry_points.txt").read_text()
    assert not (installed / "tests").exists()
