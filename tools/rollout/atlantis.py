"""The manifest as Atlantis reads it: a project for each target, a group in order for each wave.

Atlantis applies the groups in their order (`execution_order_group`) and none whose forerunners
were not applied (`depends_on`). It has no tolerance, no bake and no verification of its own.
https://www.runatlantis.io/docs/repo-level-atlantis-yaml
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.rollout import pipelines, tfvars
from tools.rollout.model import Manifest, Target
from tools.rollout.steps.artefact import READ

WORKFLOW = "iot-provisioning"
# A path that means nothing else within a shell's quotes.
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
_HEAD = """\
# Made of {manifest} by `iot-provisioning rollout atlantis`: change that one and make this anew.
"""


class AtlantisError(ValueError):
    """Atlantis cannot run the manifest; the message is a sentence a line."""


def document(manifest: Manifest, repository: Path, values: Path) -> dict[str, Any]:
    """Return the file's content.

    Args:
        manifest: of the rollout.
        repository: the directory that holds `atlantis.yaml`.
        values: the directory of the files that `tools.rollout.tfvars` writes.

    Raises:
        AtlantisError: no pipeline can do what the manifest says, the configuration or the values
            are outside of the repository, or a shell would read more in their paths.
    """
    if sentences := pipelines.beyond(manifest):
        raise AtlantisError("\n".join(sentences))
    directory, below = _places(manifest, repository, values)
    code = _code(directory)
    projects: list[dict[str, Any]] = []
    before: list[str] = []
    for group, wave in enumerate(manifest.waves, 1):
        for target in wave.targets:
            project = {
                "name": target.key,
                "dir": directory,
                "workspace": workspace(target),
                "workflow": WORKFLOW,
                "execution_order_group": group,
                "autoplan": {
                    "enabled": True,
                    "when_modified": [
                        *code,
                        ".terraform.lock.hcl",
                        posixpath.join(below, str(tfvars.variables_file(target))),
                        posixpath.join(below, str(tfvars.backend_file(target))),
                    ],
                },
            }
            projects.append({**project, "depends_on": before} if before else project)
        before = [target.key for target in wave.targets]
    return {
        "version": 3,
        "automerge": False,
        "parallel_plan": True,
        "parallel_apply": True,
        "abort_on_execution_order_fail": True,
        "projects": projects,
    }


def server(manifest: Manifest, repository: Path, values: Path) -> dict[str, Any]:
    """Return what belongs to the server's own configuration (`--repo-config`).

    A workflow in `atlantis.yaml` would let whoever opens a pull request run anything there.
    https://www.runatlantis.io/docs/server-side-repo-config

    Args:
        manifest: of the rollout.
        repository: the directory that holds `atlantis.yaml`.
        values: the directory of the files that `tools.rollout.tfvars` writes.

    Raises:
        AtlantisError: the configuration or the values are outside of the repository, or a shell
            would read more in their paths.
    """
    return {
        "repos": [
            {
                "id": "/.*/",
                "apply_requirements": ["approved", "mergeable", "undiverged"],
                "allowed_overrides": ["workflow"],
                "allowed_workflows": [WORKFLOW],
                "allow_custom_workflows": False,
            }
        ],
        "workflows": {WORKFLOW: _workflow(_places(manifest, repository, values)[1])},
    }


def text(manifest: Manifest, content: Mapping[str, Any]) -> str:
    """Return a file as it is written."""
    shown = yaml.dump(
        content,
        Dumper=_Plain,
        sort_keys=False,
        width=100,
        allow_unicode=True,
    )
    return _HEAD.format(manifest=manifest.path.name) + shown


def workspace(target: Target) -> str:
    """Return the name of a target's clone: Atlantis has one directory for each workspace.

    Terraform stays in its own default workspace: the backend's settings tell the states apart.
    """
    return f"{target.account_name}_{target.region}"


def _workflow(below: str) -> dict[str, Any]:
    # The built-in plan would change to a Terraform workspace, and so to another state. Atlantis
    # says in $PROJECT_NAME which target is meant: it is what the files are called.
    files = f'"$DIR/{below}/$PROJECT_NAME'
    plan = (
        f'terraform plan -input=false -lock-timeout=5m -var-file={files}{tfvars.VARIABLES}" '
        '-out="$PLANFILE"'
    )
    init = f'terraform init -input=false -reconfigure -backend-config={files}{tfvars.BACKEND}"'
    default = {"env": {"name": "TF_WORKSPACE", "value": "default"}}
    return {
        "plan": {
            "steps": [
                default,
                {"run": {"command": init, "output": "hide"}},
                {"run": plan},
                {"run": 'terraform show -json "$PLANFILE" > "$SHOWFILE"'},
            ]
        },
        "apply": {"steps": [default, {"run": 'terraform apply -input=false "$PLANFILE"'}]},
    }


def _code(directory: str) -> list[str]:
    """Return patterns of what a configuration is made of, as seen from its directory."""
    terraform, policies = READ
    if directory.split("/", maxsplit=1)[0] != terraform:
        return ["**/*.tf"]
    return [
        posixpath.relpath(pattern, directory)
        for pattern in (f"{terraform}/**/*.tf", f"{policies}/**")
    ]


def _places(manifest: Manifest, repository: Path, values: Path) -> tuple[str, str]:
    """Return the configuration's directory, and where the values are as seen from there."""
    directory = _inside(manifest.configuration, repository, "The configuration")
    below = posixpath.relpath(_inside(values, repository, "The directory of tfvars"), directory)
    return directory, below


def _inside(path: Path, repository: Path, what: str) -> str:
    try:
        inside = path.resolve().relative_to(repository.resolve()).as_posix()
    except ValueError:
        raise AtlantisError(
            f"{what} is {path}, outside of the repository {repository}: Atlantis sees nothing but "
            "the repository."
        ) from None
    if not _PLAIN.fullmatch(inside):
        raise AtlantisError(
            f"{what} is {inside!r}, and a shell on the Atlantis server reads that: give it a name "
            "of letters, digits and _ . - alone."
        )
    return inside


class _Plain(yaml.SafeDumper):
    """Writes each list out where it stands: a reader should not have to look up anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as the base class has it
        return True
