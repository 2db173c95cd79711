"""Plan the examples, so that rules see what Terraform made of variables, loops and documents.

The root module is planned once more by itself, with the choices that no example makes.

Plans are made on the embedded endpoint, as data sources ask who the caller is; nothing is applied.
"""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import terraform_env, terraform_validate
from tools.checkov import choices
from tools.checkov.model import ReviewError
from tools.claims import csr
from tools.device.maker import Maker
from tools.endpoint import Endpoint, EndpointError, embedded_endpoint

EXAMPLES = "terraform/examples"
ROOT_MODULE = "terraform"
EVERY_CHOICE = "every choice"
TAIL_LINES = 20
# Of instances in an address: `[0]`, `["sensor"]`.
INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
MODULES = re.compile(r"(?:module\.[\w-]+\.)*")


@dataclass(frozen=True)
class Plan:
    """The plan of one configuration.

    Attributes:
        directory: Of the configuration, relative to the repository's root.
        document: The plan in Terraform's JSON format, after `settle`.
        versions: Of Terraform and the provider.
        modules: As `tools.terraform_modules` reads them; needed where a source is no path.
    """

    directory: str
    document: dict[str, Any]
    versions: dict[str, str]
    modules: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people and as a file's name: the example's, or what the root module shows."""
        return EVERY_CHOICE if self.directory == ROOT_MODULE else posixpath.basename(self.directory)

    @property
    def resources(self) -> int:
        """How many resources are planned."""
        return sum(one["mode"] == "managed" for one in _planned(self.document))

    @property
    def directories(self) -> set[str]:
        """Where its resources are written down, relative to the repository's root."""
        written = {self.source_of(one["address"])[0] for one in _planned(self.document)}
        return {posixpath.normpath(self.directory), *written}

    def source_of(self, address: str) -> tuple[str, str]:
        """Where a resource of the plan is written down.

        Args:
            address: Of an instance, as in `module.a["x"].aws_kms_key.this[0]`.

        Returns:
            The directory of its module, relative to the repository's root, and its address there.
        """
        directory = posixpath.normpath(self.directory)
        calls, _, local = _written(self.document, address)
        called = ".".join(name for name, _ in calls)
        if called in self.modules:
            return posixpath.normpath(posixpath.join(directory, self.modules[called])), local
        for _, source in calls:
            directory = posixpath.normpath(posixpath.join(directory, source))
        return directory, local


def _planned(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The resources of a plan, those of modules too."""
    pending = [document.get("planned_values", {}).get("root_module", {})]
    while pending:
        module = pending.pop()
        yield from module.get("resources", [])
        pending += module.get("child_modules", [])


def _written(
    document: dict[str, Any], address: str
) -> tuple[list[tuple[str, str]], dict[str, Any], str]:
    """The calls (name, source) around a resource, the innermost module, and its address in it."""
    address = INDEX.sub("", address)
    inside = MODULES.match(address)
    path = inside.group() if inside else ""
    module = document["configuration"]["root_module"]
    calls = []
    for name in path.removesuffix(".").split(".")[1::2]:
        call = module["module_calls"][name]
        calls.append((name, call["source"]))
        module = call["module"]
    return calls, module, address.removeprefix(path)


def settle(document: dict[str, Any]) -> None:
    """Put what an attribute refers to in place of a value that is known after the apply only.

    A plan leaves such values out, and rules would take the attribute for one that is not set. In a
    scan of code they see the expression. What nobody set, and AWS will, stays out.
    """
    unknown = {
        change["address"]: change["change"].get("after_unknown") or {}
        for change in document.get("resource_changes", [])
    }
    for resource in _planned(document):
        _, module, local = _written(document, resource["address"])
        for written in module.get("resources", []):
            if written["address"] == local:
                expressions = written.get("expressions", {})
                _fill(
                    resource.setdefault("values", {}),
                    unknown.get(resource["address"], {}),
                    expressions,
                )


def _fill(values: dict[str, Any], unknown: dict[str, Any], expressions: dict[str, Any]) -> None:
    for name, missing in unknown.items():
        expression = expressions.get(name)
        if missing is True and isinstance(expression, dict):
            if references := expression.get("references"):
                values[name] = references[0]
        elif isinstance(missing, list) and isinstance(expression, list):
            # One block is written for all that a `dynamic` makes.
            for number, inner in enumerate(missing):
                if isinstance(inner, dict):
                    block = expression[min(number, len(expression) - 1)]
                    _fill(values[name][number], inner, block)


def inputs(endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """What makes a configuration plan all that it shows: requests and certificates, made anew."""
    _, made = csr.create(csr.KeyType.EC_P256, choices.CLAIM)
    request = made.decode()
    one, two = (Maker({"CommonName": name}).certificate_pem for name in ("one", "two"))
    key = f"arn:aws:kms:{endpoint.region}:{endpoint.account_id}:key/{uuid.UUID(int=0)}"
    return {
        f"{EXAMPLES}/complete": {"claim_csrs": {choices.CLAIM: request}},
        f"{EXAMPLES}/multi-account": {
            "account_id": endpoint.account_id,
            "region": endpoint.region,
            "role_arn": f"arn:aws:iam::{endpoint.account_id}:role/rollout",
        },
        f"{EXAMPLES}/jitp": {"sensor_cas": {"northwind": one}, "gateway_cas": {"southwind": two}},
        f"{EXAMPLES}/multi-region": {
            "claim_csrs": {choices.CLAIM: request},
            "gateway_cas": {"southwind": two},
        },
        ROOT_MODULE: choices.variables(
            request,
            {choices.LAMPS: one, choices.KEYED_GATEWAYS: two},
            key,
            # A body may write its policy itself, which rules rightly find: that is the caller's
            # doing, and a skip in the module would hide it from every caller.
            {"PolicyName": choices.GATEWAY_POLICY},
        ),
    }


def plans(root: Path) -> list[Plan]:
    """Plan every example below `root`, and the root module, with `inputs` beside the defaults.

    Raises:
        ReviewError: One cannot be planned.
    """
    examples = sorted(path.parent for path in root.glob(f"{EXAMPLES}/*/main.tf"))
    if not examples:
        return []
    directories = [path.relative_to(root).as_posix() for path in examples]
    try:
        with tempfile.TemporaryDirectory() as copy, embedded_endpoint() as endpoint:
            terraform_validate.copy(root, Path(copy))
            environment = {
                name: value
                for name, value in terraform_env.environment(endpoint.environment()).items()
                if not name.startswith("TF_VAR_") and name not in {"TF_DATA_DIR", "TF_WORKSPACE"}
            }
            values = inputs(endpoint)
            return [
                _plan(directory, Path(copy), environment, values.get(directory, {}))
                for directory in (*directories, ROOT_MODULE)
            ]
    except (EndpointError, terraform_env.ToolError) as error:
        raise ReviewError(str(error)) from error


def _plan(directory: str, copy: Path, environment: dict[str, str], values: dict[str, Any]) -> Plan:
    variables = copy / directory / "review.auto.tfvars.json"
    variables.write_text(json.dumps(values), encoding="utf-8")
    # Nothing is kept: no bucket for states is asked for, whatever the configuration names.
    backend = copy / directory / "review_override.tf.json"
    backend.write_text(json.dumps({"terraform": {"backend": {"local": {}}}}), encoding="utf-8")

    def terraform(*arguments: str) -> str:
        done = subprocess.run(
            [environment["TERRAFORM"], *arguments],
            cwd=copy / directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
            raise ReviewError(
                f"{directory}: terraform {arguments[0]} failed, so there is no plan to look at:"
                f" mend what it says.\n{tail}"
            )
        return done.stdout

    terraform("init", "-input=false", "-no-color")
    terraform("plan", "-input=false", "-no-color", "-lock=false", "-out=tfplan")
    version = json.loads(terraform("version", "-json"))
    (provider,) = version["provider_selections"].values()
    document = json.loads(terraform("show", "-json", "tfplan"))
    settle(document)
    return Plan(
        directory=directory,
        document=document,
        versions={"Terraform": version["terraform_version"], "AWS provider": provider},
    )
