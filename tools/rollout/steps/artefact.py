"""The one artefact of a rollout: configuration, modules, policies and packages, frozen.

Waves begin hours apart. What is edited, built or pulled meanwhile changes nothing: every target
works on a copy of what was there when the rollout began.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import packaging, terraform_env, terraform_modules
from tools.rollout import sums
from tools.rollout.model import Manifest
from tools.rollout.steps import commands
from tools.rollout.steps.interface import StepError

# What a configuration of this repository reads, beside the packages.
READ = ("terraform", "policies")
# Where `terraform init` puts modules and providers.
DATA = ".terraform"
# Of others' runs, and the same manifest in forms that others read.
LEFT_OUT = (
    *(DATA, "*.tfstate*", "*.tfplan", "*.tfvars*", "*.md", "__pycache__", ".git"),
    *("atlantis", "terragrunt"),
)
# Beside a configuration from elsewhere, which names it in `package_directory`.
PACKAGES = "packages"
BUILD = packaging.OUTPUT.name
OVERRIDE = "rollout_override.tf.json"


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """The frozen copy.

    Attributes:
        directory: of the copy.
        configuration: what is applied, relative to it.
        packages: where the zips are, relative to it.
        sha256: of each zip, by its name.
        sources: a digest of everything.
        variables: what tells the configuration which packages are meant.
    """

    directory: Path
    configuration: Path
    packages: Path
    sha256: Mapping[str, str]
    sources: str
    variables: Mapping[str, Any]

    def copy(self, target: Path) -> Path:
        """Copy it, as it was initialised; return the configuration's directory."""
        shutil.copytree(self.directory, target, symlinks=True)
        return target / self.configuration

    def check(self, copy: Path) -> None:
        """See that a copy's packages are those of the beginning.

        Raises:
            StepError: one is another.
        """
        if changed := sums.differences(self.sha256, sums.of_packages(copy / self.packages)):
            raise StepError(f"{changed} Nothing was applied: run the rollout again.")


def freeze(manifest: Manifest, target: Path, root: Path = terraform_env.ROOT) -> Artefact:
    """Copy all that is applied, and initialise it once.

    A configuration of this repository comes with its modules and policies; one from elsewhere must
    need nothing outside of its directory but what ``terraform init`` fetches: it calls this module
    from git.

    Args:
        manifest: says which configuration and which packages.
        target: where the copy goes; not there yet.
        root: of this repository.

    Raises:
        StepError: a package is missing or another than the manifest wants, or the configuration
            cannot be initialised or calls a module that cannot be frozen.
    """
    source = manifest.configuration.resolve()
    # Each target's values count by themselves; to move one to another wave changes nothing.
    left_out = shutil.ignore_patterns(*LEFT_OUT, manifest.path.name)
    if source.is_relative_to(root / READ[0]):
        for name in READ:
            shutil.copytree(root / name, target / name, ignore=left_out)
        configuration, packages = source.relative_to(root), Path(BUILD)
        variables: dict[str, Any] = {}
    else:
        configuration = Path(source.name)
        packages = configuration / PACKAGES
        shutil.copytree(source, target / configuration, ignore=left_out)
        variables = {"package_directory": PACKAGES}
    found = _packages(manifest, root / BUILD, target / packages)
    (backend,) = {each.backend.type for each in manifest.targets}
    override: dict[str, Any] = {"terraform": {"backend": {backend: {}}}}
    (target / configuration / OVERRIDE).write_text(json.dumps(override), encoding="utf-8")
    # Modules are fetched and providers chosen once, for all: what differs by target is the state.
    commands.Commands().run(target / configuration, "init", "-backend=false", "-input=false")
    _keep_inside(target, configuration)
    return Artefact(
        directory=target,
        configuration=configuration,
        packages=packages,
        sha256=found,
        sources=_digest(target),
        variables={**variables, "package_sha256": found},
    )


def _keep_inside(target: Path, configuration: Path) -> None:
    # Terraform only links to a module that is called by an absolute path.
    for name, directory in terraform_modules.directories(target / configuration).items():
        place = (target / configuration / directory).resolve()
        if not place.is_relative_to(target.resolve()):
            raise StepError(
                f"The module {name} is in {place}, outside of the configuration, and what is edited"
                " there would reach targets that are still to come: call it from git with a ref,"
                f" or put the configuration below {READ[0]}/ of this repository."
            )


def _packages(manifest: Manifest, built: Path, target: Path) -> dict[str, str]:
    source = manifest.packages.directory or built
    found = sums.of_packages(source)
    if wrong := sums.differences(manifest.packages.sha256, found):
        raise StepError(
            f"{wrong} Put the packages that were tested into {source} (`make package` makes them"
            f" of the sources), or correct {manifest.path.name}."
        )
    if not found:
        raise StepError(f"There is no package in {source}: `make package` makes them.")
    target.mkdir(exist_ok=True)
    for name in found:
        shutil.copyfile(source / name, target / name)
    return found


def _digest(directory: Path) -> str:
    """Return a digest of what is applied, also of what was fetched: providers by their lock."""
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        name = path.relative_to(directory)
        if _is_applied(name):
            digest.update(f"{sums.of_file(path)}  {name.as_posix()}\n".encode())
    return digest.hexdigest()


def _is_applied(name: Path) -> bool:
    if DATA not in name.parts:
        return True
    kind, *inside = name.parts[name.parts.index(DATA) + 1 :]
    # Modules, and neither the list of them nor how they were fetched.
    return kind == "modules" and len(inside) > 1 and ".git" not in inside
