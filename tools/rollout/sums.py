"""The digests of the packages that were built, as the file beside them has them."""

import re
from pathlib import Path

from tools.rollout.model import Manifest

_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\s]+\.zip)")


class SumsError(ValueError):
    """The packages are not those that are wanted; the message is one sentence or more."""


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
    if wrong := [
        f"{name} has the SHA-256 {found[name]}, and {manifest.path} wants {wanted}."
        if name in found
        else f"{name}, which {manifest.path} wants, was not built."
        for name, wanted in sorted(manifest.packages.sha256.items())
        if found.get(name) != wanted
    ]:
        raise SumsError(f"{' '.join(wrong)} Build what was tested, or correct the manifest.")
    return found
