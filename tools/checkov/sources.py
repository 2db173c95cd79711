"""What the sources say about themselves: files, Terraform blocks, and the skips in them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tools.checkov.model import SECRET_RULE, Skip

TERRAFORM = "terraform/"
CODE = ".tf"
# Where there is no git to say what belongs to the repository: names of what is generated.
GENERATED = re.compile(
    r"\.(git|venv.*|terraform|.*_cache|hypothesis)|build|mutants|reports|__pycache__"
)

SKIP = re.compile(r"(?:checkov|bridgecrew|cortex):skip=(?P<rule>[^:\s]*)(?::(?P<reason>.*))?")
# By which the library that finds secrets leaves a line, or the next one, out of every report.
PRAGMA = re.compile(r"pragma: *(?:allow|white)list[ -](?:nextline[ -])?secret")
# `terraform fmt`, which `make lint` insists on, starts and ends blocks in the first column.
BLOCK = re.compile(r'(resource|data|module|provider) "([\w-]+)"(?: "([\w-]+)")? {')


@dataclass(frozen=True)
class Block:
    """A block of a Terraform file.

    Attributes:
        address: As in a plan, within its module: `aws_kms_key.this`, `data.aws_region.here`.
        file: Relative to the repository's root.
        first: Its first line.
        last: Its last line.
    """

    address: str
    file: str
    first: int
    last: int

    @property
    def module(self) -> str:
        """Directory of the file."""
        return str(PurePosixPath(self.file).parent)


def files(root: Path) -> list[str]:
    """Every file of the repository, relative to `root`: what git has or would take in.

    Without git, as in a downloaded archive: everything but what is generated.
    """
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    # Nothing, where a repository further up ignores this directory.
    if asked.returncode == 0 and asked.stdout:
        names = filter(None, asked.stdout.split("\0"))
        # One that is deleted and not yet committed is listed, too.
        return sorted(name for name in set(names) if (root / name).is_file())
    return sorted(_below(root, root))


def _below(directory: Path, root: Path) -> Iterator[str]:
    for path in directory.iterdir():
        if GENERATED.fullmatch(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _below(path, root)
        elif path.is_file():
            yield path.relative_to(root).as_posix()


def code(root: Path, directories: Iterable[str]) -> list[str]:
    """The Terraform files of these directories, each relative to `root`, wherever they are."""
    return sorted(
        (PurePosixPath(directory) / path.name).as_posix()
        for directory in directories
        for path in (root / directory).glob(f"*{CODE}")
    )


def blocks(root: Path, names: Iterable[str]) -> list[Block]:
    """The blocks of the Terraform code among the files that are named."""
    return [
        block
        for name in names
        if _is_code(name)
        for block in blocks_in(name, (root / name).read_text(encoding="utf-8"))
    ]


def blocks_in(file: str, text: str) -> Iterator[Block]:
    """The blocks of one file."""
    begun: tuple[str, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if found := BLOCK.match(line):
            address = ".".join(filter(None, found.groups())).removeprefix("resource.")
            begun = (address, number)
        if begun and line.endswith("}") and (line == "}" or number == begun[1]):
            yield Block(begun[0], file, begun[1], number)
            begun = None


def skips(root: Path, names: Iterable[str]) -> list[Skip]:
    """The skips in the files that are named.

    Those of secrets are looked for in all of them, others in the Terraform code alone: elsewhere,
    no scan reads them.
    """
    found = []
    for name in names:
        text = (root / name).read_bytes().decode(errors="replace")
        if ":skip=" in text:
            found += [
                skip
                for skip in skips_in(name, text)
                if _is_code(name) or skip.rule.startswith(SECRET_RULE)
            ]
    return found


def skips_in(file: str, text: str) -> Iterator[Skip]:
    """The skips of one file."""
    inside = list(blocks_in(file, text)) if file.endswith(CODE) else []
    for number, line in enumerate(text.splitlines(), 1):
        for skip in SKIP.finditer(line):
            around = (one.address for one in inside if one.first <= number <= one.last)
            reason = (skip["reason"] or "").strip()
            yield Skip(file, number, skip["rule"], reason, next(around, ""))


def silenced(root: Path, names: Iterable[str]) -> list[str]:
    """Where secrets are hidden by a pragma, as `file:line`, in all files that are named."""
    return [
        f"{name}:{number}"
        for name in names
        for number, line in enumerate(
            (root / name).read_bytes().decode(errors="replace").splitlines(), 1
        )
        if PRAGMA.search(line)
    ]


def _is_code(name: str) -> bool:
    return name.startswith(TERRAFORM) and name.endswith(CODE)
