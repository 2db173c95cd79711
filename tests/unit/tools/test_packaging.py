"""The packages are the same bytes everywhere, and hold exactly what their code needs."""

import base64
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


def test_the_sums_are_those_of_the_packages(source, tmp_path):
    packages = packaging.build(source, tmp_path / "out")
    for package in packages:
        assert package.sha256 == hashlib.sha256(package.path.read_bytes()).hexdigest()
        assert base64.b64decode(package.code_sha256).hex() == package.sha256
    assert (tmp_path / "out/SHA256SUMS").read_text() == "".join(
        f"{package.sha256}  {package.name}.zip\n" for package in packages
    )


SHA256SUM = ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "-a", "256"]


def test_a_package_that_somebody_changed_fails_the_check_of_the_sums(source, tmp_path):
    hook, pruner = packaging.build(source, tmp_path / "out")

    def check() -> subprocess.CompletedProcess[str]:
        command = [*SHA256SUM, "-c", "SHA256SUMS"]
        return subprocess.run(
            command, cwd=tmp_path / "out", capture_output=True, text=True, check=False
        )

    assert check().returncode == 0
    pruner.path.write_bytes(pruner.path.read_bytes() + b"\n")
    assert check().returncode == 1
    assert check().stdout == f"{hook.path.name}: OK\n{pruner.path.name}: FAILED\n"


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


def made(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def build_elsewhere(place: Path, python: str = sys.executable, **surroundings) -> dict[str, bytes]:
    """What a copy of the sources in another directory becomes."""
    copy_backwards(ROOT / "lambda_src", place / "lambda_src")
    subprocess.run(
        [python, "-m", "tools.packaging", "--source", "lambda_src", "--output", "out"],
        check=True,
        cwd=place,
        capture_output=True,
        **surroundings,
    )
    return made(place / "out")


@pytest.mark.parametrize(
    ("place", "umask", "environment"),
    [
        ("a", 0o022, {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"}),
        ("b/Gerät 7", 0o077, {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"}),
        ("c", 0o000, {"LC_ALL": "C.UTF-8", "TZ": "EST5EDT", "SOURCE_DATE_EPOCH": "1"}),
        ("d", 0o027, {"LANG": "ja_JP.eucJP", "SOURCE_DATE_EPOCH": "4102444800"}),
    ],
    ids=["C", "Turkish", "New York", "Japanese"],
)
def test_the_real_packages_are_the_same_bytes_whatever_surrounds_the_build(
    tmp_path, place, umask, environment
):
    packaging.build(output=tmp_path / "reference")
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    built = build_elsewhere(tmp_path / place, env=surroundings, umask=umask)
    assert built == made(tmp_path / "reference")
    assert "SHA256SUMS" in built


def pythons() -> dict[str, str]:
    """Interpreters of this machine that can build, by version; the one that runs this is one."""
    found = {}
    names = [sys.executable, *(f"python3.{minor}" for minor in range(11, 20))]
    for path in filter(None, map(shutil.which, names)):
        # A version manager's shim is on the PATH for a version that is not switched on, too.
        ask = [path, "-c", "import platform; print(platform.python_version())"]
        answer = subprocess.run(ask, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            found[answer.stdout.strip()] = path
    return found


def test_every_version_of_python_makes_the_same_bytes(tmp_path):
    packaging.build(output=tmp_path / "reference")
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    versions = pythons()
    assert versions
    for version, python in versions.items():
        built = build_elsewhere(tmp_path / version, python, env=surroundings)
        assert built == made(tmp_path / "reference"), version


def test_every_entry_has_the_same_date_mode_system_and_no_compression(source, tmp_path):
    for package in packaging.build(source, tmp_path / "out"):
        with zipfile.ZipFile(package.path) as bundle:
            assert bundle.testzip() is None
            for info in bundle.infolist():
                assert info.date_time == (1980, 1, 1, 0, 0, 0)
                assert info.external_attr >> 16 == 0o100644
                assert info.create_system == 3
                assert info.compress_type == zipfile.ZIP_STORED
                assert (info.extra, info.comment, bundle.comment) == (b"", b"", b"")
                # What a version of Python could choose otherwise.
                assert (info.create_version, info.extract_version, info.flag_bits) == (20, 20, 0)


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
