"""Build the Lambda packages: one zip per function, the same bytes on every machine at any time.

What goes into a zip is decided by reading the code, not by a list: the function's package and
every package of `lambda_src` that it imports, directly or not. Code may import the standard
library and what the Lambda runtime promises (boto3 and botocore); any other import stops the
build, as does any file that is not pure Python or its data.

Entries are stored, not deflated. Two zlib builds (zlib, zlib-ng, another version) may compress
the same bytes differently, and the packages are a few tens of kilobytes, so nothing is gained.

Follows https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import argparse
import ast
import base64
import hashlib
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "lambda_src"
OUTPUT = ROOT / "build"
SUMS = "SHA256SUMS"

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: the SDK is part of the runtime.
RUNTIME_PACKAGES = frozenset({"boto3", "botocore"})
PURE_SUFFIXES = frozenset({".py", ".json", ".typed"})
LEFT_OUT_DIRECTORIES = frozenset({"__pycache__", "tests"})
# The earliest date the zip format can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE_0644 = 0o100644 << 16
MADE_ON_UNIX = 3


class PackagingError(Exception):
    """The sources cannot become a package; the message names the file and what to change."""


@dataclass(frozen=True)
class Package:
    """A built package.

    Attributes:
        name: The function's package, and the zip's name without `.zip`.
        path: Where the zip was written.
        size: Bytes of the zip.
        sha256: Hexadecimal digest of the zip.
    """

    name: str
    path: Path
    size: int
    sha256: str

    @property
    def code_sha256(self) -> str:
        """The digest as Lambda's `CodeSha256` and Terraform's `source_code_hash` show it."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


def functions(source: Path) -> list[str]:
    """Names of the packages below `source` that are functions: those with a `handler.py`."""
    return sorted(path.parent.name for path in source.glob("*/handler.py"))


def files_of(package: Path) -> list[Path]:
    """Every file of one package that belongs into a zip, sorted.

    Raises:
        PackagingError: A file is neither Python nor its data, or is a symbolic link.
    """
    found = []
    for path in sorted(package.rglob("*")):
        inner = path.relative_to(package)
        if LEFT_OUT_DIRECTORIES.intersection(inner.parts) or path.name.startswith("."):
            continue
        if path.is_symlink():
            raise PackagingError(f"{path}: symbolic links have no place in a package")
        if path.is_dir() or path.suffix == ".pyc":
            continue
        if path.suffix not in PURE_SUFFIXES:
            raise PackagingError(
                f"{path}: only {', '.join(sorted(PURE_SUFFIXES))} files belong into a pure-Python"
                " package; remove it"
            )
        found.append(path)
    return found


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every absolute import that runs in one Python file.

    Imports below `if TYPE_CHECKING:` never run and are left out.

    Raises:
        PackagingError: The file is not valid Python.
    """
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise PackagingError(f"{path}:{error.lineno}: {error.msg}") from error
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            pending.extend(node.orelse)
        else:
            pending.extend(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def packages_for(function: str, source: Path) -> list[str]:
    """The function's package and every package of `source` it needs, sorted.

    Raises:
        PackagingError: An import is neither of `source`, nor of the standard library, nor
            promised by the Lambda runtime.
    """
    own = {path.parent.name for path in source.glob("*/__init__.py")}
    needed: set[str] = set()
    pending = [function]
    while pending:
        package = pending.pop()
        if package in needed:
            continue
        needed.add(package)
        for path in files_of(source / package):
            if path.suffix != ".py":
                continue
            for line, name in imports_of(path):
                if name in own:
                    pending.append(name)
                elif name not in sys.stdlib_module_names and name not in RUNTIME_PACKAGES:
                    raise PackagingError(
                        f"{path}:{line}: imports {name}, which is neither in lambda_src, nor in"
                        " the standard library, nor in the Lambda runtime"
                    )
    return sorted(needed)


def archive(function: str, source: Path) -> bytes:
    """The zip of one function, as bytes.

    Args:
        function: Name of a package below `source` with a `handler.py`.
        source: The directory that holds the packages.

    Raises:
        PackagingError: See `packages_for` and `files_of`.
    """
    entries = {
        path.relative_to(source).as_posix(): path
        for package in packages_for(function, source)
        for path in files_of(source / package)
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_STORED) as bundle:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, date_time=TIMESTAMP)
            info.compress_type = zipfile.ZIP_STORED
            info.create_system = MADE_ON_UNIX
            info.external_attr = REGULAR_FILE_0644
            bundle.writestr(info, entries[name].read_bytes())
    return buffer.getvalue()


def build(source: Path = SOURCE, output: Path = OUTPUT) -> list[Package]:
    """Write `<function>.zip` for every function, and one `SHA256SUMS` for `sha256sum -c`.

    A file that already holds the right bytes is left alone, so its modification time tells when
    the package last changed.

    Args:
        source: The directory that holds the packages.
        output: Where the zips go; made when missing.

    Returns:
        The packages, sorted by name.

    Raises:
        PackagingError: The sources cannot become a package, or there is no function.
    """
    names = functions(source)
    if not names:
        raise PackagingError(f"{source}: no package with a handler.py")
    output.mkdir(parents=True, exist_ok=True)
    built = []
    for name in names:
        content = archive(name, source)
        digest = hashlib.sha256(content).hexdigest()
        path = output / f"{name}.zip"
        _write(path, content)
        built.append(Package(name=name, path=path, size=len(content), sha256=digest))
    sums = "".join(f"{package.sha256}  {package.path.name}\n" for package in built)
    _write(output / SUMS, sums.encode())
    return built


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    # Replaced in one step: a Terraform run at the same time sees the old or the new package.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes private files, and the package is to be read by whoever applies it.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def main(arguments: list[str] | None = None) -> int:
    """Build every package and print name, size and digest."""
    parser = argparse.ArgumentParser(prog="python -m tools.packaging", description=main.__doc__)
    parser.add_argument("--source", type=Path, default=SOURCE, help="holds the packages")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the zips go")
    options = parser.parse_args(arguments)
    try:
        packages = build(options.source, options.output)
    except PackagingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    width = max(len(package.path.name) for package in packages)
    print(f"{'package':<{width}}  {'bytes':>8}  sha256")
    for package in packages:
        print(f"{package.path.name:<{width}}  {package.size:>8}  {package.sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
