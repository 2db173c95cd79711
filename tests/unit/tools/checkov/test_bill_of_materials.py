"""The bill of materials names every package with its files, and every locked requirement."""

import hashlib
import json
import re
import subprocess
import zipfile

import pytest

from tools import packaging
from tools.checkov.scan import PYTHON, ROOT


def write(target):
    subprocess.run([PYTHON, "-m", "tools.checkov.bill_of_materials", target], cwd=ROOT, check=True)
    return target.read_bytes()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    path = tmp_path_factory.mktemp("bill") / "bill.json"
    write(path)
    return path


@pytest.fixture(scope="module")
def bill(target):
    return json.loads(target.read_text())


def of_type(bill, kind):
    return {one["name"]: one for one in bill["components"] if one["type"] == kind}


def digests(component):
    return {one["content"] for one in component["hashes"] if one["alg"] == "SHA-256"}


def test_every_package_is_there_with_its_digest_and_its_files(bill, tmp_path):
    packages = packaging.build(output=tmp_path)
    named = of_type(bill, "application")
    assert set(named) == {package.path.name for package in packages}
    for package in packages:
        component = named[package.path.name]
        assert digests(component) == {package.sha256}
        with zipfile.ZipFile(package.path) as bundle:
            assert {one["name"]: digests(one) for one in component["components"]} == {
                name: {hashlib.sha256(bundle.read(name)).hexdigest()} for name in bundle.namelist()
            }


def test_the_sdk_comes_from_the_runtime(bill):
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    for package in of_type(bill, "application"):
        assert needs[package] == ["runtime", "runtime/boto3", "runtime/botocore"]
    (runtime,) = of_type(bill, "platform").values()
    assert re.fullmatch(r"3\.\d+", runtime["version"])


def test_every_locked_requirement_is_there_with_all_its_hashes(bill):
    named = {one["purl"]: one for one in bill["components"] if one.get("purl", "").count("@") == 1}
    seen = set()
    for path in ROOT.glob("requirements*.txt"):
        for entry in re.split(r"\n(?=[a-z])", path.read_text()):
            name, version = re.match(r"([\w.-]+)(?:\[.*?\])?==(\S+)", entry).groups()
            component = named[f"pkg:pypi/{name}@{version}"]
            seen.add(component["purl"])
            assert set(re.findall("sha256:([0-9a-f]{64})", entry)) <= digests(component)
            assert {"name": "locked in", "value": path.name} in component["properties"]
    assert seen == set(named)


def test_only_what_operators_install_is_required(bill):
    for one in bill["components"]:
        if "properties" in one:
            locks = {prop["value"] for prop in one["properties"]}
            assert one["scope"] == ("required" if "requirements.txt" in locks else "excluded")


def test_the_same_sources_give_the_same_bytes(target, tmp_path):
    assert write(tmp_path / "again.json") == target.read_bytes()


def test_it_holds_neither_a_date_nor_a_path(bill, target):
    assert "timestamp" not in bill["metadata"]
    assert str(ROOT) not in target.read_text()
