"""The packages are the same bytes everywhere, and hold exactly what their code needs."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import packaging

ROOT = Path(packaging.ROOT)


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two functions and two libraries; only `hook` uses a library, and that one uses the other."""
    src = tmp_path / "lambda_src"
    write(src / "hook/__init__.py")
    write(src / "hook/handler.py", "import json\n\nfrom rules.check import ok\n")
    write(src / "rules/__init__.py")
    write(src / "rules/check.py", "import boto3\nfrom . import names\nimport shapes\nok = True\n")
    write(src / "rules/names.py")
    write(src / "shapes/__init__.py")
    write(src / "pruner/__init__.py")
    write(src / "pruner/handler.py", "import botocore.session\n")
    return src


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as bundle:
        return bundle.namelist()


def test_each_zip_holds_its_package_and_what_that_imports(source, tmp_path):
    hook, pruner = packaging.build(source, tmp_path / "out")
    assert (hook.name, pruner.name) == ("hook", "pruner")
    assert names_in(hook.path) == [
        "hook/__init__.py",
        "hook/handler.py",
        "rules/__init__.py",
        "rules/check.py",
        "rules/names.py",
        "shapes/__init__.py",
    ]
    assert names_in(pruner.path) == ["pruner/__init__.py", "pruner/handler.py"]


def test_caches_tests_and_hidden_files_stay_out(source, tmp_path):
    before = packaging.archive("hook", source)
    write(source / "hook/__pycache__/handler.cpython-311.pyc", "x")
    write(source / "hook/old.pyc", "x")
    write(source / "hook/tests/test_handler.py", "import nothing_like_it")
    write(source / "hook/.hidden", "x")
    assert packaging.archive("hook", source) == before


def test_data_files_go_in(source):
    write(source / "hook/py.typed")
    write(source / "hook/data/table.json", "{}")
    assert b"hook/data/table.json" in packaging.archive("hook", source)


@pytest.mark.parametrize("name", ["fast.so", "fast.cpython-311-x86_64-linux-gnu.so", "x.pyd", "a"])
def test_anything_but_pure_python_stops_the_build(source, name):
    write(source / "rules" / name)
    with pytest.raises(packaging.PackagingError, match=rf"{name}: only \.json, \.py"):
        packaging.archive("hook", source)


def test_a_symbolic_link_stops_the_build(source):
    (source / "hook/link.py").symlink_to(source / "rules/check.py")
    with pytest.raises(packaging.PackagingError, match="symbolic links"):
        packaging.archive("hook", source)


@pytest.mark.parametrize(
    "statement",
    ["import requests", "from requests import get", "def f():\n    import requests", "import pip"],
)
def test_an_import_the_runtime_does_not_promise_stops_the_build(source, statement):
    write(source / "rules/check.py", statement)
    with pytest.raises(packaging.PackagingError, match=r"check\.py:\d: imports (requests|pip)"):
        packaging.archive("hook", source)


def test_imports_for_type_checkers_do_not_count(source):
    write(
        source / "hook/handler.py",
        "import typing\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import mypy_boto3_iot\nelse:\n    import rules\n"
        "if typing.TYPE_CHECKING:\n    import mypy_boto3_iam\n",
    )
    assert packaging.packages_for("hook", source) == ["hook", "rules", "shapes"]


def test_invalid_python_stops_the_build(source):
    write(source / "hook/handler.py", "def broken(:\n")
    with pytest.raises(packaging.PackagingError, match=r"hook/handler\.py:1"):
        packaging.archive("hook", source)


def test_no_function_is_an_error(tmp_path):
    with pytest.raises(packaging.PackagingError, match=r"no package with a handler\.py"):
        packaging.build(tmp_path, tmp_path / "out")


def test_the_digest_file_is_what_sha256sum_reads(source, tmp_path):
    hook = packaging.build(source, tmp_path / "out")[0]
    digest = hashlib.sha256(hook.path.read_bytes()).hexdigest()
    assert hook.sha256 == digest
    sums = hook.path.with_name("hook.zip.sha256").read_text()
    assert sums == f"{digest}  hook.zip\n"
    assert len(hook.code_sha256) == 44


def test_an_unchanged_package_keeps_its_modification_time(source, tmp_path):
    path = packaging.build(source, tmp_path / "out")[0].path
    os.utime(path, (1, 1))
    packaging.build(source, tmp_path / "out")
    assert path.stat().st_mtime == 1
    write(source / "hook/handler.py", "changed = True\n")
    packaging.build(source, tmp_path / "out")
    assert path.stat().st_mtime != 1


def test_packages_are_readable_by_everyone_whatever_the_umask(source, tmp_path):
    path = packaging.build(source, tmp_path / "out")[0].path
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_failed_build_leaves_no_temporary_file(source, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        packaging.build(source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def copy_backwards(origin: Path, target: Path) -> None:
    """Copy with directory entries made in reverse order, other modes and other times."""
    for number, path in enumerate(sorted(origin.rglob("*"), reverse=True)):
        if "__pycache__" in path.parts or path.is_dir():
            continue
        copy = target / path.relative_to(origin)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600 if number % 2 else 0o755)
        os.utime(copy, (number * 86_400 * 365, number * 86_400 * 365))


@pytest.mark.parametrize(
    ("umask", "environment"),
    [
        (0o022, {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"}),
        (0o077, {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"}),
        (0o000, {"LC_ALL": "C.UTF-8", "TZ": "America/Los_Angeles", "SOURCE_DATE_EPOCH": "1"}),
    ],
)
def test_the_real_packages_are_the_same_bytes_whatever_surrounds_the_build(
    tmp_path, umask, environment
):
    reference = {p.name: p.sha256 for p in packaging.build(output=tmp_path / "reference")}
    copy_backwards(ROOT / "lambda_src", tmp_path / "elsewhere")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.packaging",
            "--source",
            tmp_path / "elsewhere",
            "--output",
            tmp_path / "out",
        ],
        check=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        umask=umask,
        capture_output=True,
    )
    made = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "out").glob("*.zip")
    }
    assert made == reference


def test_every_entry_has_the_same_date_mode_system_and_no_compression(source, tmp_path):
    for package in packaging.build(source, tmp_path / "out"):
        with zipfile.ZipFile(package.path) as bundle:
            assert bundle.testzip() is None
            for info in bundle.infolist():
                assert info.date_time == (1980, 1, 1, 0, 0, 0)
                assert info.external_attr >> 16 == 0o100644
                assert info.create_system == 3
                assert info.compress_type == zipfile.ZIP_STORED
                assert info.extra == b""


@pytest.mark.parametrize(
    ("function", "entry"),
    [
        ("claim_guard", "lambda_handler"),
        ("device_lifecycle", "sweep"),
        ("jitr_gate", "lambda_handler"),
        ("provisioning_hook", "lambda_handler"),
        ("template_versions", "lambda_handler"),
    ],
)
def test_the_handler_imports_from_the_zip_alone(tmp_path, function, entry):
    package = next(p for p in packaging.build(output=tmp_path) if p.name == function)
    code = (
        f"import sys; sys.path[:] = [p for p in sys.path if 'lambda_src' not in p];"
        f"sys.path.insert(0, {str(package.path)!r});"
        f"import {function}.handler as h; assert '.zip' in h.__file__; h.{entry}"
    )
    environment = {
        **os.environ,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "DEVICE_REGISTRY_TABLE": "t",
        "NAME_PREFIX": "fleet",
    }
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)


def test_main_prints_a_table_and_reports_errors_in_one_line(source, tmp_path, capsys):
    arguments = ["--source", str(source), "--output", str(tmp_path / "out")]
    assert packaging.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["package", "bytes", "sha256"]
    assert lines[1].startswith("hook.zip")
    write(source / "hook/fast.so")
    assert packaging.main(arguments) == 1
    assert capsys.readouterr().err.startswith("error: ")
