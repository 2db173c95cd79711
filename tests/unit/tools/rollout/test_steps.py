"""The steps with a Terraform that only notes how it was called."""

import json
import os
import shlex
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.rollout.fakes import wave
from tools.checkov import scan
from tools.rollout.model import Backend, Manifest, Packages
from tools.rollout.record import Gate
from tools.rollout.steps import artefact, commands, gate
from tools.rollout.steps.commands import Commands, environment, explain
from tools.rollout.steps.interface import StepError
from tools.rollout.steps.local import LocalSteps
from tools.rollout.steps.plan_summary import summary

TOOL = """\
import json, pathlib, signal, sys, time

arguments = sys.argv[1:]
here = pathlib.Path.cwd()
with open({log!r}, "a") as log:
    print(json.dumps([str(here), arguments]), file=log)
behaviour = json.loads(pathlib.Path({behaviour!r}).read_text())
command = arguments[0]
if command == "plan":
    pathlib.Path("saved.tfplan").write_text("the plan")
    sys.exit(behaviour["plan"])
if command == "show":
    print(json.dumps(behaviour["show"]))
if command == "output":
    print(json.dumps(dict(name_prefix=dict(value="acme"))))
if command == "apply":
    for _ in range(2):
        print(json.dumps(dict(type="apply_complete")), flush=True)
    print("no JSON")
    if behaviour.get("hang"):
        def end(*_):
            print(json.dumps({{"@level": "error", "diagnostic": {{"summary": "Stopped"}}}}))
            sys.exit(1)
        signal.signal(signal.SIGINT, end)
        pathlib.Path({ready!r}).touch()
        time.sleep(600)
"""
CREATED = {"change": {"actions": ["create"]}, "address": "aws_sqs_queue.a", "type": "aws_sqs_queue"}


class Tool:
    """The stand-in: what it shall do, and how it was called."""

    def __init__(self, directory):
        self.log, self.behaviour = directory / "log", directory / "behaviour.json"
        self.ready = directory / "ready"
        self.path = directory / "terraform"
        script = directory / "terraform.py"
        script.write_text(
            TOOL.format(log=str(self.log), behaviour=str(self.behaviour), ready=str(self.ready))
        )
        # The shell finds an interpreter whose path has a space; a script's first line would not.
        command = shlex.join([sys.executable, str(script)])
        self.path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        self.path.chmod(0o755)
        self.shall(plan=2, show={"resource_changes": [CREATED]})

    def shall(self, **behaviour):
        self.behaviour.write_text(json.dumps(behaviour))

    def calls(self):
        """The arguments of each call, without those that every one has."""
        return [
            [word for word in arguments if word not in {"-input=false", "-no-color"}]
            for _, arguments in map(json.loads, self.log.read_text().splitlines())
        ]


@pytest.fixture
def tool(tmp_path, monkeypatch):
    (tmp_path / "tool").mkdir()
    made = Tool(tmp_path / "tool")
    monkeypatch.setattr(
        commands.terraform_env, "environment", lambda base: {**base, "TERRAFORM": str(made.path)}
    )
    return made


@pytest.fixture
def manifest(tmp_path):
    """A configuration of one's own with two packages, and one target."""
    for name in ("stack", "zips"):
        (tmp_path / name).mkdir()
    (tmp_path / "stack/main.tf").write_text("# nothing")
    (tmp_path / "stack/common.auto.tfvars").write_text("a = 1")
    for name in ("hook", "gate"):
        (tmp_path / f"zips/{name}.zip").write_bytes(name.encode())
    backend = Backend(type="local", settings={"path": "states/a.tfstate"})
    one = wave("one", "a/eu-west-1")
    targets = tuple(replace(each, backend=backend) for each in one.targets)
    return Manifest(
        path=tmp_path / "rollout.yaml",
        configuration=tmp_path / "stack",
        packages=Packages(directory=tmp_path / "zips", sha256={}),
        waves=(replace(one, targets=targets),),
    )


def frozen(manifest, tmp_path, name="artefact"):
    return artefact.freeze(manifest, tmp_path / name)


class Working:
    """A target being worked on."""

    def __init__(self, manifest, made, verify=None):
        self.target = manifest.targets[0]
        self.steps = LocalSteps(
            manifest=manifest,
            artefact=made,
            commands=Commands(),
            policy_gate=lambda artefact, document: Gate(passed=len(document), skipped=0),
            verification=verify,
        )


@pytest.fixture
def working(tool, manifest, tmp_path):
    return Working(manifest, frozen(manifest, tmp_path))


# --- the artefact


def test_what_changes_after_the_beginning_reaches_no_target(tool, manifest, tmp_path):
    made = frozen(manifest, tmp_path)
    (manifest.configuration / "main.tf").write_text("# other")
    (tmp_path / "zips/hook.zip").write_bytes(b"other")
    directory = made.copy(tmp_path / "copy")
    assert (directory / "main.tf").read_text() == "# nothing"
    assert (directory / "packages/hook.zip").read_bytes() == b"hook"
    made.check(tmp_path / "copy")


def test_values_beside_the_configuration_are_left_out(tool, manifest, tmp_path):
    made = frozen(manifest, tmp_path)
    names = {path.name for path in (made.directory / made.configuration).iterdir()}
    assert names == {"main.tf", "packages", artefact.OVERRIDE}


def test_the_digest_follows_what_is_applied_and_nothing_else(tool, manifest, tmp_path):
    first = frozen(manifest, tmp_path, "1").sources
    for name in ("README.md", manifest.path.name):
        (manifest.configuration / name).write_text("Read me.")
    assert frozen(manifest, tmp_path, "2").sources == first
    (tmp_path / "zips/hook.zip").write_bytes(b"other")
    second = frozen(manifest, tmp_path, "3").sources
    (manifest.configuration / "main.tf").write_text("# other")
    assert len({first, second, frozen(manifest, tmp_path, "4").sources}) == 3


def test_a_configuration_of_this_repository_brings_modules_policies_and_the_built_packages(
    tool, manifest, tmp_path
):
    configuration = artefact.terraform_env.ROOT / "terraform/examples/minimal"
    made = frozen(
        replace(manifest, configuration=configuration, packages=Packages(sha256={})), tmp_path
    )
    assert made.configuration == Path("terraform/examples/minimal")
    assert (made.directory / "terraform/modules/fleet-template/main.tf").is_file()
    assert (made.directory / "policies/iot").is_dir()
    assert (made.directory / "build/provisioning_hook.zip").is_file()
    assert set(made.variables) == {"package_sha256"}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"hook.zip": "0" * 64}, r"hook\.zip has the SHA-256 [0-9a-f]{64}, and 0{64} is wanted\."),
        ({"other.zip": "0" * 64}, r"other\.zip is missing\."),
    ],
)
def test_another_package_than_the_manifest_wants_ends_the_run(
    tool, manifest, tmp_path, wanted, sentence
):
    packages = replace(manifest.packages, sha256=wanted)
    with pytest.raises(StepError, match=sentence):
        frozen(replace(manifest, packages=packages), tmp_path)


def test_a_run_without_packages_says_how_to_make_them(tool, manifest, tmp_path):
    packages = Packages(directory=tmp_path / "stack", sha256={})
    with pytest.raises(StepError, match="make package"):
        frozen(replace(manifest, packages=packages), tmp_path)


# --- one target


def test_terraform_is_called_with_the_target_s_state_and_values(working, tool, tmp_path):
    seen = []
    with working.steps.site(working.target) as site:
        site.prepare()
        (directory,) = {Path(json.loads(line)[0]) for line in tool.log.read_text().splitlines()[1:]}
        values = json.loads((directory / "target.tfvars.json").read_text())
        backend = json.loads((directory / "target.tfbackend.json").read_text())
        plan = site.plan()
        assert site.gate(plan) == Gate(passed=1, skipped=0)
        site.apply(plan, seen.append)
        assert site.outputs() == {"name_prefix": "acme"}
    assert tool.calls() == [
        ["init", "-backend=false"],
        ["init", "-backend-config=target.tfbackend.json", "-lockfile=readonly"],
        [
            *("plan", "-json", "-lock-timeout=2m", "-detailed-exitcode"),
            *("-var-file=target.tfvars.json", "-out=saved.tfplan"),
        ],
        ["show", "-json", "saved.tfplan"],
        ["apply", "-json", "-lock-timeout=2m", "saved.tfplan"],
        ["output", "-json"],
    ]
    assert values["account_id"] == working.target.account_id
    assert values["package_directory"] == "packages"
    assert set(values["package_sha256"]) == {"hook.zip", "gate.zip"}
    # Where the manifest is, and not in a copy that is gone afterwards.
    assert backend == {"path": str(tmp_path / "states/a.tfstate")}
    assert (tmp_path / "states").is_dir()
    assert seen == [1, 2]
    assert not directory.exists()


@pytest.mark.parametrize(("code", "changed"), [(0, False), (2, True)])
def test_a_plan_says_whether_there_is_anything_to_apply(working, tool, code, changed):
    tool.shall(plan=code, show={})
    with working.steps.site(working.target) as site:
        site.prepare()
        assert site.plan().summary.changed is changed


def test_only_the_plan_that_was_looked_at_is_applied(working, tool):
    with working.steps.site(working.target) as site:
        site.prepare()
        plan = site.plan()
        plan.path.write_text("another plan")
        with pytest.raises(StepError, match="not the one that passed the gate"):
            site.apply(plan, print)
    assert "apply" not in [call[0] for call in tool.calls()]


def test_only_the_packages_that_were_there_at_the_beginning_are_applied(working, tool):
    with working.steps.site(working.target) as site:
        site.prepare()
        plan = site.plan()
        (plan.path.parent / "packages/gate.zip").write_bytes(b"other")
        with pytest.raises(StepError, match=r"gate\.zip has the SHA-256"):
            site.apply(plan, print)
    assert "apply" not in [call[0] for call in tool.calls()]


def test_an_interrupted_terraform_ends_by_itself_and_says_so(working, tool):
    tool.shall(plan=2, show={}, hang=True)
    failures = []

    def work():
        with working.steps.site(working.target) as site:
            site.prepare()
            try:
                site.apply(site.plan(), lambda done: None)
            except StepError as error:
                failures.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not tool.ready.exists() and thread.is_alive():
        time.sleep(0.01)
    working.steps.interrupt()
    thread.join(60)
    assert failures == ["Stopped."]


def test_verification_is_asked_only_where_somebody_wants_it(tool, manifest, tmp_path):
    made = frozen(manifest, tmp_path)
    assert Working(manifest, made).steps.verify(manifest.targets[0], {"a": 1}) is None
    asked = Working(manifest, made, verify=lambda target, outputs: (target.key, outputs))
    assert asked.steps.verify(manifest.targets[0], {"a": 1}) == ("a/eu-west-1", {"a": 1})


# --- commands


def test_the_caller_s_other_work_with_terraform_stays_out(tool):
    given = {
        "TF_VAR_a": "1",
        "TF_CLI_ARGS": "-x",
        "TF_CLI_ARGS_plan": "-target=a",
        "TF_LOG": "INFO",
    }
    given |= {"TF_WORKSPACE": "w", "TF_DATA_DIR": "d", "AWS_PROFILE": "p"}
    assert set(environment(given)) == {"TF_LOG", "AWS_PROFILE", "TERRAFORM"}


def test_a_terraform_that_cannot_be_used_is_a_sentence(monkeypatch):
    def missing(base):
        raise commands.terraform_env.ToolError("Install it.")

    monkeypatch.setattr(commands.terraform_env, "environment", missing)
    with pytest.raises(StepError, match="Install it"):
        Commands()


def message(summary, detail="", address=None):
    diagnostic = {"severity": "error", "summary": summary, "detail": detail, "address": address}
    return json.dumps({"@level": "error", "diagnostic": diagnostic})


@pytest.mark.parametrize(
    ("printed", "complaint", "sentence"),
    [
        ([message("No", "Not\nso.", "aws_a.b")], "", "aws_a.b: No. Not so."),
        ([message("No"), message("No"), '{"@level": "info"}', "text"], "", "No."),
        (list(map(message, "ABCDE")), "", "A. B. C. And 2 more."),
        ([], "\nError: One\n\n  two\n\nError: Three\n", "One two Three"),
        ([], "killed", "killed"),
        ([], "", "Terraform said nothing."),
    ],
)
def test_what_terraform_says_becomes_one_paragraph(printed, complaint, sentence):
    assert explain(printed, complaint) == sentence


# --- plans


def test_a_plan_is_counted_as_terraform_counts():
    actions = {
        "a": ["create"],
        "b": ["update"],
        "c": ["delete"],
        "d": ["delete", "create"],
        "e": ["no-op"],
        "f": ["read"],
    }
    document = {
        "resource_changes": [
            {"address": f"aws_x.{name}", "type": "aws_x", "change": {"actions": each}}
            for name, each in actions.items()
        ]
    }
    made = summary(document, "5" * 64, changed=True)
    assert made.sentence == "2 to add, 1 to change, 2 to destroy"
    assert [(one.address, one.replaced) for one in made.removals] == [
        ("aws_x.c", False),
        ("aws_x.d", True),
    ]


# --- the policy gate


def planned(kms):
    """A plan of one topic."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {
                "resources": [
                    {
                        "address": "aws_sns_topic.this",
                        "mode": "managed",
                        "type": "aws_sns_topic",
                        "name": "this",
                        "values": {"name": "a", **({"kms_master_key_id": "k"} if kms else {})},
                    }
                ]
            }
        },
        "resource_changes": [
            {
                "address": "aws_sns_topic.this",
                "mode": "managed",
                "type": "aws_sns_topic",
                "name": "this",
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": {"name": "a", **({"kms_master_key_id": "k"} if kms else {})},
                },
            }
        ],
        "configuration": {
            "root_module": {
                "resources": [
                    {
                        "address": "aws_sns_topic.this",
                        "mode": "managed",
                        "type": "aws_sns_topic",
                        "name": "this",
                    }
                ]
            }
        },
    }


@pytest.mark.parametrize(("kms", "findings"), [(True, 0), (False, 1)])
def test_the_gate_is_checkov_with_sentences(tool, manifest, tmp_path, kms, findings):
    text = 'resource "aws_sns_topic" "this" {\n  name = "a"\n}\n'
    (manifest.configuration / "main.tf").write_text(text)
    found = gate.policy_gate()(frozen(manifest, tmp_path), planned(kms))
    assert len(found.findings) == findings
    for finding in found.findings:
        assert finding.startswith("stack/main.tf:1: CKV_AWS_26, ")
    assert bool(found.passed) is kms


def test_a_plan_of_nothing_passes_the_gate(tool, manifest, tmp_path):
    made = frozen(manifest, tmp_path)
    assert gate.review(made, {"planned_values": {}}) == Gate(passed=0, skipped=0)


def test_without_checkov_there_is_no_rollout(monkeypatch, tmp_path):
    monkeypatch.setattr(scan, "PYTHON", tmp_path / "none")
    with pytest.raises(StepError, match="make setup"):
        gate.policy_gate()


# --- who is asked to end, and how often


def test_no_terraform_is_asked_to_end_twice(tool, monkeypatch, tmp_path):
    """After a second signal Terraform ends at once, and may lose what it has not written yet."""
    asked = []
    tool.shall(plan=2, show={}, hang=True)
    made = Commands()
    monkeypatch.setattr(
        commands.subprocess.Popen, "send_signal", lambda process, number: asked.append(process)
    )
    thread = threading.Thread(target=lambda: made.run(tmp_path, "apply", accept=(0, -15)))
    thread.start()
    while not tool.ready.exists() and thread.is_alive():
        time.sleep(0.01)
    made.interrupt()
    made.interrupt()
    for process in asked[:1]:
        os.kill(process.pid, signal.SIGTERM)
    thread.join(60)
    assert len(asked) == 1
    assert not thread.is_alive()


@pytest.mark.parametrize("what", ["lock", "module"])
def test_the_digest_follows_what_was_fetched(manifest, tmp_path, monkeypatch, what):
    """Another provider, or another state of a module's branch: a resumed run does it again."""
    fetched = {".terraform.lock.hcl": "5.100.0", ".terraform/modules/a/main.tf": "# one"}
    beside = ("modules/modules.json", "modules/a/.git/index", "providers/aws")
    fetched |= {f".terraform/{name}": '{"Modules": []}' for name in beside}

    class Fetching:
        def run(self, directory, *arguments):
            for name, text in fetched.items():
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                (directory / name).write_text(text)

    monkeypatch.setattr(commands, "Commands", Fetching)
    first = frozen(manifest, tmp_path, "1").sources
    fetched |= {f".terraform/{name}": '{ "Modules": [] }' for name in beside}
    assert frozen(manifest, tmp_path, "2").sources == first
    changed = {"lock": ".terraform.lock.hcl", "module": ".terraform/modules/a/main.tf"}[what]
    fetched[changed] = "other"
    assert frozen(manifest, tmp_path, "3").sources != first


# --- modules from elsewhere

TOPIC = 'resource "aws_sns_topic" "this" {\n%s}\n'
EXCUSED = TOPIC % "  # checkov:skip=CKV_AWS_26:The caller chooses whether it is encrypted\n"


def fetching(monkeypatch, place, text):
    """Let `terraform init` fetch a module into a place, as it does for a source in git."""

    class Fetching:
        def run(self, directory, *arguments):
            (directory / place).mkdir(parents=True, exist_ok=True)
            (directory / place / "main.tf").write_text(text)
            listed = [{"Key": "", "Dir": "."}, {"Key": "stack", "Dir": str(place)}]
            (directory / ".terraform/modules").mkdir(parents=True, exist_ok=True)
            path = directory / ".terraform/modules/modules.json"
            path.write_text(json.dumps({"Modules": listed}))

    monkeypatch.setattr(commands, "Commands", Fetching)


def called(document):
    """The plan of a topic as one of a module in git."""
    (topic,) = document["planned_values"]["root_module"]["resources"]
    topic["address"] = f"module.stack.{topic['address']}"
    document["planned_values"]["root_module"] = {
        "child_modules": [{"address": "module.stack", "resources": [topic]}]
    }
    document["resource_changes"][0]["address"] = topic["address"]
    source = "git::https://example.com/iot.git//terraform?ref=v1"
    module = document["configuration"]["root_module"]
    document["configuration"]["root_module"] = {
        "module_calls": {"stack": {"source": source, "module": module}}
    }
    return document


@pytest.mark.parametrize(("text", "findings"), [(EXCUSED, 0), (TOPIC % "", 1)])
def test_a_module_from_git_passes_the_gate_by_the_comments_in_it(
    manifest, tmp_path, monkeypatch, text, findings
):
    place = ".terraform/modules/stack/terraform"
    fetching(monkeypatch, place, text)
    found = gate.review(frozen(manifest, tmp_path), called(planned(kms=False)))
    assert (len(found.findings), found.skipped) == (findings, 1 - findings)
    for finding in found.findings:
        assert finding.startswith(f"stack/{place}/main.tf:1: CKV_AWS_26, ")


def test_a_comment_in_a_configuration_from_elsewhere_counts(tool, manifest, tmp_path):
    (manifest.configuration / "main.tf").write_text(EXCUSED)
    found = gate.review(frozen(manifest, tmp_path), planned(kms=False))
    assert (found.findings, found.skipped) == ((), 1)


def test_a_module_that_is_called_by_an_absolute_path_cannot_be_frozen(
    manifest, tmp_path, monkeypatch
):
    fetching(monkeypatch, tmp_path / "iot", EXCUSED)
    with pytest.raises(StepError, match=r"The module stack is in .*/iot, .*call it from git"):
        frozen(manifest, tmp_path)
