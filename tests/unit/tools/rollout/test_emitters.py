"""What others read of a manifest: GitHub Actions, Atlantis and Terraform."""

import json
import re
import time
from pathlib import Path, PurePosixPath

import pytest
import yaml

from tests.unit.tools.rollout.fakes import load
from tools.rollout import atlantis, matrix, sums, tfvars

SHIPPED = Path(__file__).resolve().parents[4] / "terraform/examples/multi-account/rollout.yaml"
BIG = """\
version: 1
configuration: .
backend: {type: s3, settings: {bucket: b, key: "{account_name}/{region}", region: eu-west-1}}
regions: [eu-west-1, us-east-1]
defaults: {variables: {name_prefix: acme}, max_parallel: 20, failure_tolerance: 5%}
accounts:
ACCOUNTS
waves:
  - {name: first, accounts: [account-0]}
  - {name: rest, rest: true}
"""


@pytest.fixture
def shipped(tmp_path):
    return load(tmp_path, SHIPPED.read_text())


def many(accounts):
    lines = (f'  account-{n}: {{id: "{n:012}", labels: [some]}}' for n in range(accounts))
    return BIG.replace("ACCOUNTS", "\n".join(lines))


def test_two_hundred_targets_are_planned_in_seconds(tmp_path, capsys):
    began = time.perf_counter()
    loaded = load(tmp_path, many(100))
    matrix.of(loaded, tmp_path)
    atlantis.text(loaded, atlantis.document(loaded, tmp_path, tmp_path / "targets"))
    files = tfvars.files(loaded)
    seconds = time.perf_counter() - began
    assert (len(loaded.targets), len(files)) == (200, 400)
    with capsys.disabled():
        print(f"\n200 targets for GitHub, Atlantis and Terraform from a manifest: {seconds:.2f} s")
    assert seconds < 20


def test_a_wave_is_a_matrix_with_its_rules(shipped, tmp_path):
    trial, _, everyone = matrix.of(shipped, tmp_path.parent)
    assert {key: everyone[key] for key in everyone if key != "matrix"} == {
        "name": "everyone",
        "configuration": tmp_path.name,
        "environment": "production",
        "max_parallel": 10,
        "failure_tolerance": 0,
        "bake_minutes": 0,
    }
    assert trial["matrix"]["include"][1] == {
        "target": "trial/us-east-1",
        "slug": "trial_us-east-1",
        "account_id": "111111111111",
        "region": "us-east-1",
        "role_arn": "arn:aws:iam::111111111111:role/iot-rollout",
        "external_id": "",
        "tfvars": "trial/us-east-1.tfvars.json",
        "backend": "trial/us-east-1.tfbackend.json",
    }


def test_more_jobs_than_github_makes_are_told(tmp_path):
    text = many(130).replace("max_parallel", "bake_minutes: 400, max_parallel")
    with pytest.raises(matrix.MatrixError) as caught:
        matrix.of(load(tmp_path, text), tmp_path)
    late = (
        "bakes for 400 minutes, and GitHub Actions ends a job after six hours: bake for at most "
        "350, and give the next wave's environment a wait timer."
    )
    assert str(caught.value).splitlines() == [
        f"The wave first {late}",
        (
            "The wave rest has 258 targets, and GitHub Actions makes at most 256 jobs of one "
            "matrix: divide it into waves of 256 or fewer."
        ),
        f"The wave rest {late}",
    ]


def test_atlantis_applies_wave_after_wave(shipped, tmp_path):
    document = atlantis.document(shipped, tmp_path, tmp_path / "targets")
    projects = {project["name"]: project for project in document["projects"]}
    assert list(projects) == [target.key for target in shipped.targets]
    assert [project["execution_order_group"] for project in projects.values()] == [1, 1, 2, 2, 3, 3]
    assert "depends_on" not in projects["trial/eu-west-1"]
    assert projects["factory-south/us-east-1"]["depends_on"] == [
        "factory-north/eu-west-1",
        "factory-north/us-east-1",
    ]
    assert len({project["workspace"] for project in projects.values()}) == 6
    assert document["abort_on_execution_order_fail"] is True


def test_atlantis_reads_the_files_that_are_written_for_each_target(shipped, tmp_path):
    text = atlantis.text(shipped, atlantis.document(shipped, tmp_path, tmp_path / "targets"))
    document = yaml.safe_load(text)
    files = {f"targets/{name}" for name in tfvars.files(shipped)}
    watched = {
        name for project in document["projects"] for name in project["autoplan"]["when_modified"]
    }
    assert watched - {"**/*.tf", ".terraform.lock.hcl"} == files
    steps = atlantis.server(shipped, tmp_path, tmp_path / "targets")["workflows"][
        atlantis.WORKFLOW
    ]["plan"]["steps"]
    init, plan = (step["run"] for step in steps[1:3])
    assert '-backend-config="$DIR/targets/$PROJECT_NAME.tfbackend.json"' in init["command"]
    assert '-var-file="$DIR/targets/$PROJECT_NAME.tfvars.json"' in plan
    assert "&id" not in text


@pytest.mark.parametrize("outside", ["values", "configuration"])
def test_atlantis_sees_the_repository_alone(shipped, tmp_path, outside):
    repository = tmp_path if outside == "values" else tmp_path / "elsewhere"
    with pytest.raises(
        atlantis.AtlantisError, match=r"outside of the repository .*: Atlantis sees"
    ):
        atlantis.document(shipped, repository, Path("/targets"))


@pytest.mark.parametrize("name", ["$(id)", "`id`", 'a"b', "a\nb", "$HOME"])
def test_no_directorys_name_becomes_a_command_at_atlantis(shipped, tmp_path, name):
    for make in (atlantis.document, atlantis.server):
        with pytest.raises(atlantis.AtlantisError, match="a shell on the Atlantis server reads"):
            make(shipped, tmp_path, tmp_path / name)


def test_the_same_manifest_makes_the_same_bytes(tmp_path, shipped):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        tfvars.write(tfvars.files(shipped), folder)
    names = sorted(path.relative_to(one) for path in one.rglob("*.json"))
    assert len(names) == 12
    assert [(one / name).read_bytes() for name in names] == [
        (two / name).read_bytes() for name in names
    ]
    read = json.loads((one / "factory-south/us-east-1.tfvars.json").read_text())
    assert read == shipped.targets[-1].terraform_variables()
    read = json.loads((one / "factory-south/us-east-1.tfbackend.json").read_text())
    assert read == shipped.targets[-1].backend.settings


def test_what_the_manifest_no_longer_has_is_removed(tmp_path, shipped):
    tfvars.write(tfvars.files(shipped), tmp_path / "targets")
    # Somebody's own: it is no target's pair.
    for name in ("notes.md", "own.tfvars.json", "state.tfbackend.json"):
        (tmp_path / "targets/trial" / name).touch()
    text = SHIPPED.read_text().replace("  - us-east-1\n", "", 1)
    fewer = load(tmp_path, text.replace("    regions: [us-east-1]\n", ""))
    removed = tfvars.write(tfvars.files(fewer), tmp_path / "targets")
    assert sorted({path.name for path in removed}) == [
        "us-east-1.tfbackend.json",
        "us-east-1.tfvars.json",
    ]
    left = {path.name for path in (tmp_path / "targets/trial").iterdir()}
    assert left == {
        "eu-west-1.tfbackend.json",
        "eu-west-1.tfvars.json",
        "notes.md",
        "own.tfvars.json",
        "state.tfbackend.json",
    }


def test_the_packages_digests_go_to_every_target(tmp_path, shipped):
    listed = tmp_path / "SHA256SUMS"
    listed.write_text(f"{64 * 'b'}  hook.zip\n")
    digests = sums.read(listed, shipped)
    files = tfvars.files(shipped, digests)
    for name in files:
        if name.name.endswith(tfvars.VARIABLES):
            assert json.loads(files[name])["package_sha256"] == {"hook.zip": 64 * "b"}
    wanted = f"packages: {{sha256: {{hook.zip: {64 * 'a'}}}}}\n"
    prescribing = load(tmp_path, SHIPPED.read_text() + wanted)
    first = tfvars.files(prescribing)[PurePosixPath("trial/eu-west-1.tfvars.json")]
    assert json.loads(first)["package_sha256"] == {"hook.zip": 64 * "a"}
    with pytest.raises(sums.SumsError) as caught:
        sums.read(listed, prescribing)
    assert str(caught.value) == (
        f"hook.zip has the SHA-256 {64 * 'b'}, and {64 * 'a'} is wanted. Build what was tested, or "
        f"correct {prescribing.path}."
    )
    listed.write_text(f"{64 * 'b'}  other.zip\n")
    with pytest.raises(sums.SumsError, match=r"hook\.zip is missing\."):
        sums.read(listed, prescribing)


@pytest.mark.parametrize("content", ["", "hook.zip\n", f"{64 * 'b'}  ../hook.zip\n"])
def test_a_list_of_digests_is_one(tmp_path, shipped, content):
    listed = tmp_path / "SHA256SUMS"
    with pytest.raises(sums.SumsError, match="cannot be read"):
        sums.read(listed, shipped)
    listed.write_text(content)
    with pytest.raises(sums.SumsError, match="is no list of packages"):
        sums.read(listed, shipped)


@pytest.mark.parametrize(
    ("place", "watched"),
    [
        # Of this repository: the stack and its modules are above, and policies beside them.
        ("terraform/examples/x", ["../../**/*.tf", "../../../policies/**"]),
        ("live/x", ["**/*.tf"]),
        ("terraform-of-others/x", ["**/*.tf"]),
    ],
)
def test_atlantis_plans_when_any_code_of_the_configuration_changes(tmp_path, place, watched):
    (tmp_path / place).mkdir(parents=True)
    loaded = load(tmp_path / place, SHIPPED.read_text())
    for project in atlantis.document(loaded, tmp_path, tmp_path / "targets")["projects"]:
        assert project["dir"] == place
        assert project["autoplan"]["when_modified"] == [
            *watched,
            ".terraform.lock.hcl",
            f"../{'../' * place.count('/')}targets/{project['name']}.tfvars.json",
            f"../{'../' * place.count('/')}targets/{project['name']}.tfbackend.json",
        ]


LOCAL = 'backend: {type: local, settings: {path: "{account_name}/{region}"}}\n'
PACKAGES = "packages: {directory: zips%s}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (re.sub(r"(?ms)^backend:.*?^$", LOCAL, SHIPPED.read_text()), r"backend\.type local keeps"),
        (SHIPPED.read_text() + PACKAGES % "", r"packages\.directory is read by"),
        (SHIPPED.read_text() + PACKAGES % f", sha256: {{a.zip: {64 * 'a'}}}", None),
    ],
)
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda *given: matrix.of(*given[:2]), matrix.MatrixError),
        (atlantis.document, atlantis.AtlantisError),
    ],
)
def test_what_a_pipeline_would_leave_out_is_told(tmp_path, text, told, make, error):
    (tmp_path / "zips").mkdir()
    given = load(tmp_path, text), tmp_path, tmp_path / "targets"
    if told:
        with pytest.raises(error, match=rf"^{told}[^\n]*$"):
            make(*given)
    else:
        assert make(*given)
