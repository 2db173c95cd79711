"""Digests of files, above all of packages: those that there are, and those that are wanted."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from tools.rollout.model import Manifest

_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\s]+\.zip)")


class SumsError(ValueError):
    """The packages are not those that are wanted; the message is one sentence or more."""


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_packages(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every zip in a directory, by its name."""
    return {path.name: of_file(path) for path in sorted(directory.glob("*.zip"))}


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return a sentence for each package that is missing or another; empty where there is none."""
    return " ".join(
        f"{name} has the SHA-256 {found[name]}, and {digest} is wanted."
        if name in found
        else f"{name} is missing."
        for name, digest in sorted(wanted.items())
        if found.get(name) != digest
    )


def read(path: Path, manifest: Manifest) -> dict[str, str]:
    """Read a file as `sha256sum` writes it.

    Args:
        path: build/SHA256SUMS, which `make package` writes.
        manifest: may prescribe digests.

    Raises:
        SumsError: the file is another, or a digest is not the one that the manifest prescribes.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SumsError(
            f"{path} cannot be read: {error.strerror}. `make package` writes it."
        ) from error
    matches = [_LINE.fullmatch(line) for line in lines]
    found = {match[2]: match[1] for match in matches if match}
    if not found or len(found) != len(lines):
        raise SumsError(f"{path} is no list of packages: `make package` writes build/SHA256SUMS.")
    if wrong := differences(manifest.packages.sha256, found):
        raise SumsError(f"{wrong} Build what was tested, or correct {manifest.path}.")
    return found
