"""Resolve the dependencies in `pyproject.toml` and write the locked requirements.

One resolution serves every supported Python and platform, with the hashes of every file, and
without any index address: whoever installs chooses the index. It is resolved against PyPI alone,
whatever this machine's package tools are configured for, so that hashes are PyPI's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-dev.txt": ["pyproject.toml", "--group", "dev"],
    "requirements-endpoint.txt": ["--group", "endpoint"],
    "requirements-checkov.txt": ["--group", "checkov"],
}
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-config",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--quiet",
]


def main(arguments: list[str]) -> int:
    """Write every file; `--upgrade` takes the newest versions instead of the locked ones."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in {"UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"}
        and name != "UV_FIND_LINKS"
    }
    for name, sources in FILES.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *sources, *OPTIONS, *arguments]
        done = subprocess.run([*command, "-o", name], cwd=ROOT, env=environ, check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
