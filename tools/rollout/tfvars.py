"""The files that Terraform reads for each target: its variables, and where its state is.

    <account name>/<region>.tfvars.json     terraform plan -var-file=...
    <account name>/<region>.tfbackend.json  terraform init -backend-config=...

The same manifest makes the same bytes. Neither file holds a credential.
https://developer.hashicorp.com/terraform/language/backend#file
"""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tools.rollout.model import Manifest, Target

VARIABLES = ".tfvars.json"
BACKEND = ".tfbackend.json"


def variables_file(target: Target) -> PurePosixPath:
    """Return where a target's variables are, below the directory of all."""
    return PurePosixPath(f"{target.key}{VARIABLES}")


def backend_file(target: Target) -> PurePosixPath:
    """Return where a target's backend settings are, below the directory of all."""
    return PurePosixPath(f"{target.key}{BACKEND}")


def files(
    manifest: Manifest, package_sha256: Mapping[str, str] | None = None
) -> dict[PurePosixPath, str]:
    """Return every file with its content.

    Args:
        manifest: of the rollout.
        package_sha256: by file name, the digests of the packages that were built; None: those
            that the manifest prescribes, if any.
    """
    sums = dict(manifest.packages.sha256 if package_sha256 is None else package_sha256)
    result: dict[PurePosixPath, str] = {}
    for target in manifest.targets:
        variables = target.terraform_variables()
        if sums:
            variables["package_sha256"] = sums
        result[variables_file(target)] = _json(variables)
        result[backend_file(target)] = _json(target.backend.settings)
    return result


def write(content: Mapping[PurePosixPath, str], directory: Path) -> list[Path]:
    """Write the files, and remove the pairs of targets that the manifest no longer has.

    Returns:
        What was removed.
    """
    for name, text in content.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    gone = []
    for path in sorted(directory.glob(f"*/*{VARIABLES}")):
        backend = path.with_name(path.name.removesuffix(VARIABLES) + BACKEND)
        known = PurePosixPath(path.relative_to(directory).as_posix()) in content
        # One without the other is somebody's own, wherever the directory is.
        if not known and backend.exists():
            gone += [path, backend]
    for path in gone:
        path.unlink()
    return gone


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
