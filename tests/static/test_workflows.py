"""The ready-made rollout pipelines: valid by their schemas, and as careful as they have to be."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import hcl2
import jsonschema
import pytest
import yaml

from tests.support.terraform import ROOT
from tools.cli.main import cli
from tools.rollout import atlantis, manifest, matrix, tfvars

WORKFLOWS = ROOT / ".github/workflows"
FILES = sorted(WORKFLOWS.glob("*"))
EXAMPLES = ROOT / "terraform/examples/multi-account"
MANIFEST = EXAMPLES / "rollout.yaml"
PINNED = re.compile(r"^ +(?:- )?uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
LOCAL = re.compile(r"^ +uses: \./\.github/workflows/[\w-]+\.yml\b")


@pytest.fixture
def loaded(tmp_path):
    """The example manifest, at its place in a repository."""
    path = tmp_path / MANIFEST.relative_to(ROOT)
    path.parent.mkdir(parents=True)
    shutil.copy(MANIFEST, path)
    (path.parent / "main.tf").touch()
    return manifest.load(path)


def workflow(name):
    # YAML 1.1 reads the key `on` as true.
    read = yaml.safe_load((WORKFLOWS / name).read_text())
    return {**read, "on": read[True]}


def steps(name):
    for job in workflow(name)["jobs"].values():
        yield from job.get("steps", ())


SCHEMA = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
ZIZMOR = [f"{sys.prefix}/bin/zizmor", "--offline", "--no-progress", "--strict-collection"]


@pytest.mark.parametrize(
    ("linter", "good", "bad"),
    [
        (SCHEMA, "runs-on:", "run-on:"),
        (ZIZMOR, "          persist-credentials: false\n", "          fetch-depth: 1\n"),
    ],
)
def test_the_linters_accept_the_workflows_and_would_not_accept_any(linter, good, bad, tmp_path):
    def run(folder):
        return subprocess.run(
            [*linter, *sorted(folder.glob("*.yml"))], check=False, capture_output=True, text=True
        )

    assert run(WORKFLOWS).returncode == 0, run(WORKFLOWS).stdout
    folder = tmp_path / ".github/workflows"
    shutil.copytree(WORKFLOWS, folder)
    path = folder / "rollout.yml"
    path.write_text(path.read_text().replace(good, bad))
    assert run(folder).returncode != 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(path):
    used = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert PINNED.match(line) or LOCAL.match(line), line


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_permitted_but_what_a_job_names(path):
    read = workflow(path.name)
    assert read["permissions"] == {}
    for name, job in read["jobs"].items():
        assert set(job["permissions"].items()) <= {("contents", "read"), ("id-token", "write")}, (
            name
        )


def test_a_rollout_begins_by_hand_alone():
    assert set(workflow("rollout.yml")["on"]) == {"workflow_dispatch"}
    assert set(workflow("rollout-wave.yml")["on"]) == {"workflow_call"}
    assert workflow("rollout.yml")["concurrency"] == {
        "group": "rollout",
        "cancel-in-progress": False,
    }


def test_there_is_a_job_for_each_wave_which_begins_after_the_one_before(loaded):
    jobs = workflow("rollout.yml")["jobs"]
    names = [wave["name"] for wave in matrix.of(loaded, ROOT)]
    assert list(jobs) == ["build", *names, "result"]
    for index, (name, before) in enumerate(zip(names, [None, *names], strict=False)):
        assert jobs[name]["needs"] == ["build", *([before] if before else [])]
        assert f"[{index}]" in jobs[name]["with"]["wave"]
    assert jobs["result"]["needs"] == names
    assert json.loads(jobs["build"]["env"]["WAVES"]) == names


def test_a_wave_uses_what_the_matrix_has(loaded):
    text = (WORKFLOWS / "rollout-wave.yml").read_text()
    wave = matrix.of(loaded, ROOT)[0]
    assert set(re.findall(r"fromJSON\(inputs\.wave\)\.(\w+)", text)) <= set(wave)
    assert set(re.findall(r"\bmatrix\.(\w+)", text)) - {"include"} <= set(
        wave["matrix"]["include"][0]
    )


def test_the_plan_that_was_judged_is_the_one_that_is_applied():
    jobs = workflow("rollout-wave.yml")["jobs"]
    runs = {
        name: [step.get("run", "") for step in jobs[name]["steps"]] for name in ("plan", "apply")
    }
    order = ["-out=tfplan", "tools.checkov.gate", "rollout removals", "sha256sum tfplan"]
    found = [next(n for n, run in enumerate(runs["plan"]) if part in run) for part in order]
    assert found == sorted(found)
    order = ["sha256sum --check --strict plan.sha256", "apply -lock-timeout=5m tfplan", "verify"]
    found = [next(n for n, run in enumerate(runs["apply"]) if part in run) for part in order]
    assert found == sorted(found)
    assert not any("-auto-approve" in run for run in runs["apply"])
    assert jobs["approve"]["needs"] == ["plan"]
    assert "approve" in jobs["apply"]["needs"]
    for job in ("plan", "apply"):
        assert jobs[job]["strategy"]["fail-fast"] is False
        assert any("$SUMS  SHA256SUMS" in run for run in runs[job])


def test_no_script_is_made_of_what_somebody_else_may_choose():
    """Expressions reach scripts as environment variables, never as text of the script."""
    for name in ("rollout.yml", "rollout-wave.yml"):
        assert not [step for step in steps(name) if "${{" in step.get("run", "")]


def test_what_the_workflows_install_is_checked_by_its_hash():
    installs = [
        line
        for name in ("rollout.yml", "rollout-wave.yml")
        for step in steps(name)
        for line in step.get("run", "").splitlines()
        if "pip install" in line
    ]
    assert installs
    for line in installs:
        assert "--require-hashes" in line


def test_the_commands_of_rollout_that_are_used_exist():
    used = set()
    for path in (*FILES, *EXAMPLES.rglob("*"), ROOT / "docs/rollouts.md"):
        if path.is_file():
            text = path.read_text()
            used |= set(re.findall(r"(?:tools|iot-provisioning) rollout ([a-z]+)", text))
    assert used >= {"validate", "matrix", "tfvars", "atlantis"}
    assert used <= set(cli.commands["rollout"].commands)


ATLANTIS_SCHEMA = json.loads((ROOT / "tests/support/atlantis_schema.json").read_text())


def test_the_atlantis_schema_is_one_and_refuses():
    jsonschema.Draft202012Validator.check_schema(ATLANTIS_SCHEMA)
    good = {"version": 3, "projects": [{"dir": ".", "name": "a/b"}]}
    jsonschema.validate(good, ATLANTIS_SCHEMA)
    for bad in (
        {"projects": []},
        {**good, "version": 4},
        {**good, "project": []},
        {**good, "projects": [{"name": "a"}]},
        {**good, "projects": [{"dir": "../a"}]},
        {**good, "projects": [{"dir": ".", "name": "a b"}]},
        {**good, "projects": [{"dir": ".", "workspace": "a/b"}]},
        {**good, "projects": [{"dir": ".", "depends_on": "a"}]},
        {**good, "workflows": {"w": {"plan": {"steps": [{"run": {"output": "hide"}}]}}}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, ATLANTIS_SCHEMA)


def test_the_atlantis_files_are_valid(loaded, tmp_path):
    made = atlantis.document(loaded, tmp_path, tmp_path / "targets")
    jsonschema.validate(made, ATLANTIS_SCHEMA)
    names = [project["name"] for project in made["projects"]]
    for project in made["projects"]:
        assert set(project.get("depends_on", ())) <= set(names[: names.index(project["name"])])
    # A workflow has the same form in the server's own file.
    server = atlantis.server(loaded, tmp_path, tmp_path / "targets")
    jsonschema.validate({"version": 3, "workflows": server["workflows"]}, ATLANTIS_SCHEMA)
    (repository,) = server["repos"]
    used = {project["workflow"] for project in made["projects"]}
    assert used == set(server["workflows"]) == set(repository["allowed_workflows"])


@pytest.mark.parametrize(
    ("name", "make"),
    [("atlantis.yaml", atlantis.document), ("repos.yaml", atlantis.server)],
)
def test_the_atlantis_example_is_what_the_command_prints(name, make, loaded, tmp_path):
    shown = (EXAMPLES / "atlantis" / name).read_text()
    assert shown == atlantis.text(loaded, make(loaded, tmp_path, tmp_path / "targets"))


def test_the_terragrunt_files_are_hcl_and_read_the_manifests_values(loaded):
    folder = EXAMPLES / "terragrunt"
    for path in folder.rglob("*.hcl"):
        hcl2.loads(path.read_text())
    units = sorted(path.parent.parent for path in folder.rglob("terragrunt.hcl"))
    keys = [unit.relative_to(folder).as_posix() for unit in units]
    assert keys == sorted(target.key for target in loaded.targets)
    for unit in units:
        assert f'account_name = "{unit.parent.name}"' in (unit.parent / "account.hcl").read_text()
        assert f'region = "{unit.name}"' in (unit / "region.hcl").read_text()
    root = (folder / "root.hcl").read_text()
    assert tfvars.VARIABLES in root
    assert tfvars.BACKEND in root


def test_terragrunt_applies_wave_after_wave(loaded):
    folder = EXAMPLES / "terragrunt"
    before = set()
    for wave in loaded.waves:
        for target in wave.targets:
            unit = folder / target.key / "iot-provisioning"
            text = (unit / "terragrunt.hcl").read_text()
            paths = re.findall(r'^    "(\.\./.*)",$', text, re.MULTILINE)
            assert {(unit / path).resolve() for path in paths} == before
        before = {folder / target.key / "iot-provisioning" for target in wave.targets}


def holds(condition, environment="", *, wave=None, matrix=None, verify=True, **results):
    """Tell whether a job or step of a wave begins, after these results of what it needs."""

    def read(text):
        return json.loads(text, object_hook=lambda found: SimpleNamespace(**found))

    (expression,) = re.findall(r"^\$\{\{(.*)\}\}$", condition)
    # Without a function of status GitHub has every job that is needed succeed, and all before it.
    implied = "cancelled()" in expression or set(results.values()) <= {"success"}
    expression = expression.replace("!cancelled()", "True").replace("&&", "and")
    needs = {name: SimpleNamespace(result=result) for name, result in results.items()}
    known = {
        "contains": lambda within, text: text in within,
        "fromJSON": read,
        "inputs": SimpleNamespace(
            wave=json.dumps({"environment": environment, **(wave or {})}), verify=verify
        ),
        "matrix": SimpleNamespace(**(matrix or {})),
        "needs": SimpleNamespace(**needs),
    }
    return implied and bool(eval(expression.replace("||", "or").strip(), known))  # noqa: S307


@pytest.mark.parametrize("planned", ["success", "failure"])
@pytest.mark.parametrize("approved", ["success", "skipped", "failure"])
def test_what_has_to_be_approved_is_applied_after_that_alone(planned, approved):
    jobs = workflow("rollout-wave.yml")["jobs"]
    assert holds(jobs["approve"]["if"], "production", plan=planned)
    assert not holds(jobs["approve"]["if"], "", plan=planned)
    begins = jobs["apply"]["if"]
    assert holds(begins, "production", plan=planned, approve=approved) is (approved == "success")
    assert holds(begins, "", plan=planned, approve="skipped")
    assert not holds(begins, "", plan="skipped", approve="skipped")


def script(job, part, name="rollout-wave.yml"):
    (found,) = [
        step["run"] for step in workflow(name)["jobs"][job]["steps"] if part in step.get("run", "")
    ]
    return found


def bash(text, folder, **environment):
    options = ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text]
    return subprocess.run(
        ["bash", *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(folder), "WAVE": "w", **environment},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("", []),
        (
            """*.aws_sqs_queue.*  module.a["b"].x; $(touch seen)""",
            ["*.aws_sqs_queue.*", 'module.a["b"].x;', "$(touch", "seen)"],
        ),
    ],
)
def test_what_plans_may_take_away_is_passed_on_as_it_was_given(given, options, tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "python").chmod(0o755)
    (tmp_path / "a.aws_sqs_queue.b").touch()
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = bash(script("plan", "rollout removals"), tmp_path, PATH=path, ALLOW_DESTROY=given)
    head = ["-m", "tools", "rollout", "removals", f"{tmp_path}/plan.json"]
    assert done.stdout.splitlines() == [*head, *(f"--allow-destroy={each}" for each in options)]


@pytest.mark.parametrize(("failed", "begins"), [(0, True), (1, True), (2, False)])
def test_a_target_begins_only_while_no_more_have_failed_than_are_tolerated(
    failed, begins, tmp_path
):
    for number in range(failed):
        (tmp_path / "failed").mkdir(exist_ok=True)
        (tmp_path / f"failed/a{number}_eu-west-1").touch()
    done = bash(script("apply", "are tolerated"), tmp_path, TOLERANCE="1")
    assert (done.returncode == 0) is begins, done.stderr
    assert ("Not begun: 2 targets" in done.stdout) is not begins


@pytest.mark.parametrize(
    ("outcomes", "failed", "passes"),
    [
        ((("a_eu-west-1", 1, "success"), ("b_eu-west-1", 1, "success")), 0, True),
        ((("a_eu-west-1", 1, "success"),), 1, True),
        ((("a_eu-west-1", 1, "success"), ("b_eu-west-1", 1, "failure")), 1, True),
        ((), 2, False),
        # The run was repeated: what counts of a target is its last attempt.
        ((("a_eu-west-1", 9, "success"), ("a_eu-west-1", 10, "failure")), 2, False),
        ((("a_eu-west-1", 9, "failure"), ("a_eu-west-1", 10, "success")), 1, True),
        ((("a_eu-west-10", 1, "success"), ("b_eu-west-1", 1, "cancelled")), 2, False),
    ],
)
def test_a_wave_passes_with_as_many_failures_as_are_tolerated(outcomes, failed, passes, tmp_path):
    for slug, attempt, status in outcomes:
        said = {"SLUG": slug, "GITHUB_RUN_ATTEMPT": str(attempt), "STATUS": status}
        assert bash(script("apply", "outcome"), tmp_path, **said).returncode == 0
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    targets = "a_eu-west-1 b_eu-west-1"
    done = bash(
        script("passed", "GITHUB_OUTPUT"), tmp_path, TARGETS=targets, TOLERANCE="1", **files
    )
    assert (done.returncode == 0) is passes, done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == f"failed={failed}\n"


def test_packages_and_plans_that_were_exchanged_are_refused(tmp_path):
    zips = tmp_path / "hook.zip"
    zips.write_bytes(b"built")
    listed = tmp_path / "SHA256SUMS"
    listed.write_text(f"{hashlib.sha256(b'built').hexdigest()}  hook.zip\n")
    sums = hashlib.sha256(listed.read_bytes()).hexdigest()
    for job in ("plan", "apply"):
        check = script(job, "SHA256SUMS")
        assert bash(check, tmp_path, SUMS=sums).returncode == 0
        assert bash(check, tmp_path, SUMS=64 * "0").returncode != 0
        zips.write_bytes(b"another")
        assert bash(check, tmp_path, SUMS=sums).returncode != 0
        zips.write_bytes(b"built")


@pytest.mark.parametrize(
    ("passed", "minutes", "bakes"),
    [("success", 30, True), ("success", 0, False), ("failure", 30, False), ("skipped", 30, False)],
)
def test_a_wave_bakes_also_where_nobody_had_to_approve_it(passed, minutes, bakes):
    condition = workflow("rollout-wave.yml")["jobs"]["bake"]["if"]
    wave = {"bake_minutes": minutes}
    for approved in ("skipped", "success"):
        assert holds(condition, wave=wave, passed=passed, approve=approved) is bakes


def test_a_wave_begins_after_one_in_which_a_job_was_skipped_and_after_no_failure(loaded):
    jobs = workflow("rollout.yml")["jobs"]
    first, *others = [wave["name"] for wave in matrix.of(loaded, ROOT)]
    for name, before in zip(others, [first, *others], strict=False):
        ended = {"build": "success", before: "success", "inside": "skipped"}
        assert holds(jobs[name]["if"], **ended)
        for job in ("build", before):
            for result in ("failure", "cancelled", "skipped"):
                assert not holds(jobs[name]["if"], **ended | {job: result})


def test_a_device_provisions_itself_unless_somebody_asked_for_none():
    jobs = workflow("rollout-wave.yml")["jobs"]
    steps = [step for step in jobs["apply"]["steps"] if "inputs.verify" in step.get("if", "")]
    named = [step.get("run") or step["with"]["role-session-name"] for step in steps]
    assert "rollout-verify" in named
    assert any("python -m tools verify" in each for each in named)
    for step in steps:
        assert holds(step["if"], matrix={"role_arn": "arn"}, verify=True)
        assert not holds(step["if"], matrix={"role_arn": "arn"}, verify=False)
    for name, inputs in (
        ("rollout.yml", "workflow_dispatch"),
        ("rollout-wave.yml", "workflow_call"),
    ):
        asked = workflow(name)["on"][inputs]["inputs"]["verify"]
        assert (asked["type"], asked["default"]) == ("boolean", True)
    for job in workflow("rollout.yml")["jobs"].values():
        if "uses" in job:
            assert job["with"]["verify"] == "${{ inputs.verify }}"


def test_a_plan_that_does_not_pass_takes_the_one_of_an_earlier_attempt_away(tmp_path):
    steps = workflow("rollout-wave.yml")["jobs"]["plan"]["steps"]
    uploads = [step["with"] for step in steps if "upload-artifact" in step.get("uses", "")]
    assert len({upload["name"] for upload in uploads}) == 1
    assert all(upload["overwrite"] for upload in uploads)
    # Before anything that can fail, and again after everything that can refuse.
    assert [number for number, step in enumerate(steps) if step.get("with") in uploads] == [
        1,
        len(steps) - 1,
    ]
    assert bash(script("plan", "none"), tmp_path).returncode == 0
    done = bash(script("apply", "plan.sha256"), tmp_path / "none")
    assert done.returncode == 1
    assert "::error::The last plan of this target failed or was refused" in done.stdout
    assert sorted(path.name for path in (tmp_path / "none").iterdir()) == ["not-passed"]


@pytest.mark.parametrize("exchanged", [None, "tfplan", ".terraform.lock.hcl"])
def test_the_plan_is_applied_as_it_was_noted_or_not_at_all(exchanged, tmp_path):
    (tmp_path / "c").mkdir()
    for name in ("tfplan", ".terraform.lock.hcl"):
        (tmp_path / "c" / name).write_text(name)
    where = {"CONFIGURATION": "c", "GITHUB_WORKSPACE": str(tmp_path)}
    assert bash(script("plan", "tee plan.sha256"), tmp_path, **where).returncode == 0
    if exchanged:
        (tmp_path / "plan" / exchanged).write_text("another")
    done = bash(script("apply", "plan.sha256"), tmp_path / "plan", **where)
    assert (done.returncode == 0) is (exchanged is None)


def terraform(folder, text):
    """Put a stand-in for Terraform first on the path; returns the path."""
    (folder / "bin").mkdir()
    (folder / "bin/terraform").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "bin/terraform").chmod(0o755)
    return f"{folder}/bin:{os.environ['PATH']}"


@pytest.mark.parametrize("code", [0, 1])
def test_an_apply_that_fails_says_what_to_do(code, tmp_path):
    path = terraform(tmp_path, f'[ "$2" != apply ] || exit {code}')
    where = {"PATH": path, "CONFIGURATION": "c", "GITHUB_WORKSPACE": "w", "BACKEND": "b"}
    done = bash(script("apply", "apply -lock-timeout"), tmp_path, **where)
    assert done.returncode == code
    assert ("::error::A plan is applied once" in done.stdout) is bool(code)
    assert ("start a new run" in done.stdout) is bool(code)


def test_plans_are_made_with_the_providers_that_the_first_job_chose(tmp_path):
    """What `build` locks is what every plan and every apply is initialised with, or none."""
    (tmp_path / "c").mkdir()
    (tmp_path / "build").mkdir()
    chosen = 'case "$*" in *-backend=false*) echo chosen > c/.terraform.lock.hcl;; esac'
    path = terraform(tmp_path, f'echo "$*" >> calls\n{chosen}')
    where = {"PATH": path, "CONFIGURATION": "c", "GITHUB_WORKSPACE": "w"}
    where |= {"BACKEND": "b", "TFVARS": "t"}
    done = bash(script("build", "-backend=false", "rollout.yml"), tmp_path, **where)
    assert done.returncode == 0, done.stderr
    (tmp_path / "c/.terraform.lock.hcl").write_text("of somebody else")
    assert bash(script("plan", "-out=tfplan"), tmp_path, **where).returncode == 0
    assert (tmp_path / "c/.terraform.lock.hcl").read_text() == "chosen\n"
    assert bash(script("apply", "apply -lock-timeout"), tmp_path, **where).returncode == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    inits = [call for call in calls if " init " in call]
    assert ["-lockfile=readonly" in call for call in inits] == [False, True, True]


def test_what_an_approval_waits_for_is_still_there():
    """GitHub lets an approval wait for 30 days, and a run for 35."""
    kept = {
        step["with"]["name"]: step["with"]["retention-days"]
        for name in ("rollout.yml", "rollout-wave.yml")
        for step in steps(name)
        if "upload-artifact" in step.get("uses", "")
    }
    assert kept.pop("packages") == 35
    assert set(kept.values()) == {30}
