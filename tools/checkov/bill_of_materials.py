"""Write the software bill of materials: what we ship, and what we install to build and test it.

In CycloneDX, so that any scanner of dependencies reads it:

- every Lambda package with the SHA-256 of the zip and of each file in it, and the SDK that it finds
  in Lambda's runtime and does not bring along;
- every locked requirement with the SHA-256 of each of its distributions, and the files that lock
  it. Only those of the operator's tools (`requirements.txt`) are required; the others never leave
  the workshop and are `excluded`, as the format says.

Nothing is asked of the network, and there is neither a date nor a random number in it: the same
sources give the same bytes. Runs in checkov's environment, which has the CycloneDX library:

    .venv-checkov/bin/python -m tools.checkov.bill_of_materials reports/bill-of-materials.cdx.json
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tomllib
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot5
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tools import packaging

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = "requirements.txt"
REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)"
)
HASH = re.compile(r"--hash=sha256:(?P<digest>[0-9a-f]{64})")
RUNTIME = re.compile(r'^\s*runtime\s*=\s*"python(?P<version>[0-9.]+)"', re.MULTILINE)
FUNCTION = "terraform/modules/lambda-function/main.tf"


def locked(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """Name, version and hashes of every requirement in a lock file."""
    for entry in re.split(r"\n(?=\S)", text):
        if found := REQUIREMENT.match(entry):
            yield found["name"].lower(), found["version"], set(HASH.findall(entry))


def requirements(root: Path) -> Iterator[Component]:
    """A component for each version of a distribution that a lock file names."""
    hashes: dict[tuple[str, str], set[str]] = defaultdict(set)
    files: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(root.glob("requirements*.txt")):
        for name, version, digests in locked(path.read_text(encoding="utf-8")):
            hashes[name, version] |= digests
            files[name, version].append(path.name)
    for name, version in sorted(hashes):
        locks = files[name, version]
        purl = PackageURL("pypi", name=name, version=version)
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            purl=purl,
            bom_ref=str(purl),
            scope=ComponentScope.REQUIRED if SHIPPED in locks else ComponentScope.EXCLUDED,
            hashes=[_sha256(digest) for digest in sorted(hashes[name, version])],
            properties=[Property(name="locked in", value=lock) for lock in locks],
        )


def packages(root: Path, version: str) -> Iterator[Component]:
    """A component for each Lambda package, with its files inside."""
    source = root / "lambda_src"
    for function in packaging.functions(source):
        content = packaging.archive(function, source)
        name = f"{function}.zip"
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            inside = [
                Component(
                    type=ComponentType.FILE,
                    name=file,
                    bom_ref=f"{name}/{file}",
                    hashes=[_sha256(hashlib.sha256(bundle.read(file)).hexdigest())],
                )
                for file in bundle.namelist()
            ]
        yield Component(
            type=ComponentType.APPLICATION,
            name=name,
            version=version,
            bom_ref=name,
            description="AWS Lambda package, pure Python: the same bytes on every machine.",
            hashes=[_sha256(hashlib.sha256(content).hexdigest())],
            components=inside,
        )


def runtime(root: Path) -> Iterator[Component]:
    """What the packages find where they run: Lambda's Python, and the SDK in it."""
    found = RUNTIME.search((root / FUNCTION).read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f'{FUNCTION}: there is no runtime = "python..." in it')
    yield Component(
        type=ComponentType.PLATFORM,
        name="AWS Lambda Python runtime",
        version=found["version"],
        bom_ref="runtime",
        description="Brought up to date by AWS.",
    )
    for name in sorted(packaging.RUNTIME_PACKAGES):
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            purl=PackageURL("pypi", name=name),
            bom_ref=f"runtime/{name}",
            description="In Lambda's runtime, in the version that AWS has there; in no package.",
        )


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def bill(root: Path) -> Bom:
    """The bill of materials of the project below `root`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shipped = list(packages(root, project["version"]))
    provided = list(runtime(root))
    libraries = list(requirements(root))
    bom = Bom(components=[*shipped, *provided, *libraries])
    bom.metadata.component = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        description=project["description"],
    )
    needed = [one for one in libraries if one.scope is ComponentScope.REQUIRED]
    bom.register_dependency(bom.metadata.component, [*shipped, *needed])
    for package in shipped:
        bom.register_dependency(package, provided)
    bom.metadata.timestamp = None
    bom.serial_number = _serial(bom.components)
    return bom


def _serial(components: Iterable[Component]) -> uuid.UUID:
    """The same for the same contents, and another for others."""
    contents = sorted(
        f"{one.bom_ref.value} {sorted(one_hash.content for one_hash in one.hashes)}"
        for one in components
    )
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(contents))


def main(arguments: list[str]) -> int:
    """Write the file that is named, after checking it against CycloneDX's schema."""
    (target,) = arguments
    text = JsonV1Dot5(bill(ROOT)).output_as_string(indent=2)
    mistakes = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    if mistakes is not None:
        print(f"The bill of materials is not valid CycloneDX: {mistakes.data}", file=sys.stderr)
        return 1
    Path(target).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
