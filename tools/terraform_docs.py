"""Write the inputs and outputs of each Terraform module into its README.

The tables go between these two lines, which a README has once:

    <!-- BEGIN TF DOCS -->
    <!-- END TF DOCS -->

Values are read with python-hcl2, attribute by attribute. Whole files are split by the few lines of
scanner below, because python-hcl2 refuses some valid expressions (a conditional inside a `for`),
and validations are full of expressions.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hcl2

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- BEGIN TF DOCS -->"
END = "<!-- END TF DOCS -->"
LONGEST_TYPE_IN_TABLE = 60

PAIRS = {"{": "}", "(": ")", "[": "]"}
HEREDOC = re.compile(r"<<-?\s*(\w+)[^\n]*\n.*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)
BLOCK = re.compile(r'^(\w+)\s*(?:"([^"]+)"\s*)*\{', re.MULTILINE)
ATTRIBUTE = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*", re.MULTILINE)


class DocsError(Exception):
    """A module cannot be documented; the message names the file."""


@dataclass(frozen=True)
class Input:
    """One variable: its name, documentation, type as written, and default (None: required)."""

    name: str
    description: str
    type: str
    default: str | None


@dataclass(frozen=True)
class Output:
    """One output: its name, documentation, and whether Terraform hides its value."""

    name: str
    description: str
    sensitive: bool


def _skip(text: str, position: int) -> int:
    """The position after the token at `position`: a string, a heredoc, a comment or a bracket."""
    for pattern in (HEREDOC, COMMENT):
        match = pattern.match(text, position)
        if match:
            return match.end()
    character = text[position]
    if character == '"':
        return _skip_string(text, position)
    if character in PAIRS:
        position += 1
        while position < len(text) and text[position] != PAIRS[character]:
            position = _skip(text, position)
    return position + 1


def _skip_string(text: str, position: int) -> int:
    position += 1
    while position < len(text) and text[position] != '"':
        if text[position] == "\\":
            position += 2
        elif text.startswith(("$${", "%%{"), position):
            position += 3
        elif text.startswith(("${", "%{"), position):
            position = _skip(text, position + 1)
        else:
            position += 1
    return position + 1


def blocks(text: str, kind: str) -> Iterator[tuple[str, str]]:
    """Label and body of every top-level block of one kind."""
    position = 0
    while position < len(text):
        match = BLOCK.match(text, position)
        if match is None:
            position = _skip(text, position)
            continue
        end = _skip(text, match.end() - 1)
        if match.group(1) == kind:
            yield match.group(2) or "", text[match.end() : end - 1]
        position = end


def attributes(body: str) -> dict[str, str]:
    """The attributes of a block as written, without those of the blocks inside it."""
    found = {}
    position = 0
    while position < len(body):
        match = ATTRIBUTE.match(body, position)
        if match is None:
            position = _skip(body, position)
            continue
        end = match.end()
        while end < len(body) and body[end] != "\n":
            end = _skip(body, end)
        found[match.group(1)] = body[match.end() : end].strip()
        position = end
    return found


def text_value(written: str, where: str) -> str:
    """The value of a string or heredoc as Terraform would see it.

    Raises:
        DocsError: It is not a literal string.
    """
    options = hcl2.SerializationOptions(
        strip_string_quotes=True, preserve_heredocs=False, explicit_blocks=False
    )
    value = hcl2.loads(f"value = {written}\n", serialization_options=options)["value"]
    if not isinstance(value, str):
        raise DocsError(f"{where}: the description must be a text")
    value = value.replace("\\n", "\n").replace('\\"', '"')
    return value.replace("$${", "${").replace("%%{", "%{").strip()


def _read(directory: Path, name: str) -> str:
    path = directory / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _described(directory: Path, file: str, kind: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    for name, body in blocks(_read(directory, file), kind):
        written = attributes(body)
        where = f"{directory / file}: {kind} {name}"
        if "description" not in written:
            raise DocsError(f"{where} has no description")
        yield name, text_value(written["description"], where), written


def inputs(directory: Path) -> list[Input]:
    """The variables in `variables.tf`, in the order of the file.

    Raises:
        DocsError: One has no description.
    """
    return [
        Input(name, text, written.get("type", "any"), written.get("default"))
        for name, text, written in _described(directory, "variables.tf", "variable")
    ]


def outputs(directory: Path) -> list[Output]:
    """The outputs in `outputs.tf`, in the order of the file.

    Raises:
        DocsError: One has no description.
    """
    return [
        Output(name, text, written.get("sensitive") == "true")
        for name, text, written in _described(directory, "outputs.tf", "output")
    ]


def cell(text: str) -> str:
    """Text for one table cell: one line, with everything outside code spans escaped."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    parts[::2] = [part.replace("<", "&lt;").replace(">", "&gt;") for part in parts[::2]]
    return "".join(parts).replace("\n", "<br>")


def short_type(written: str) -> str:
    """The type on one line; of an object only its outer shape when it is long."""
    line = " ".join(written.split())
    if len(line) <= LONGEST_TYPE_IN_TABLE and "\n" not in written:
        return line
    outer = line.partition("({")[0] + "({...})"
    return outer + ")" * outer.count("(", 0, outer.index("({"))


def requirements(directory: Path) -> list[str]:
    """The versions in `versions.tf`: Terraform first, then each provider."""
    options = hcl2.SerializationOptions(strip_string_quotes=True, explicit_blocks=False)
    lines = []
    text = _read(directory, "versions.tf")
    settings = hcl2.loads(text, serialization_options=options).get("terraform", []) if text else []
    for block in settings:
        if "required_version" in block:
            lines.append(f"| Terraform | `{block['required_version']}` |")
        for providers in block.get("required_providers", []):
            lines += [f"| {p['source']} | `{p['version']}` |" for p in providers.values()]
    return lines


def render(directory: Path) -> str:
    """The generated part of a module's README, without the two marker lines."""
    variables, results = inputs(directory), outputs(directory)
    lines = ["## Requirements", "", "| Name | Version |", "|---|---|", *requirements(directory)]
    lines += ["", "## Inputs", ""]
    if variables:
        lines += ["| Name | Description | Type | Default |", "|---|---|---|---|"]
    for item in variables:
        default = "**required**" if item.default is None else f"`{' '.join(item.default.split())}`"
        kind = f"`{short_type(item.type)}`".replace("|", "\\|")
        lines.append(f"| `{item.name}` | {cell(item.description)} | {kind} | {default} |")
    for item in variables:
        if short_type(item.type) != item.type:
            body = textwrap.dedent("  " + item.type)
            summary = f"<summary>Type of <code>{item.name}</code></summary>"
            lines += ["", "<details>", summary, "", "```hcl", body, "```", "", "</details>"]
    lines += [] if variables else ["None."]
    lines += ["", "## Outputs", ""]
    if results:
        lines += ["| Name | Description |", "|---|---|"]
    for result in results:
        hidden = " (sensitive)" if result.sensitive else ""
        lines.append(f"| `{result.name}` | {cell(result.description)}{hidden} |")
    lines += [] if results else ["None."]
    return "\n".join(lines)


def modules(root: Path) -> list[Path]:
    """The root module and every module below it; examples only where they have a README."""
    examples = (path.parent for path in root.glob("examples/*/README.md"))
    found = [root, *(path.parent for path in root.glob("modules/*/main.tf")), *examples]
    return sorted(found)


def updated(readme: Path) -> str:
    """The README with its generated part made anew.

    Raises:
        DocsError: It is missing, or does not have each marker line once and in order.
    """
    if not readme.is_file():
        raise DocsError(f"{readme}: missing; write one with the lines {BEGIN} and {END}")
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    if not begin or not end or BEGIN in after or END in after:
        raise DocsError(f"{readme}: must have the lines {BEGIN} and {END} once each")
    return f"{before}{BEGIN}\n{render(readme.parent)}\n{END}\n{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the generated part of every module's README, or check that it is up to date."""
    parser = argparse.ArgumentParser("python -m tools.terraform_docs", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when stale")
    parser.add_argument("--root", type=Path, default=ROOT / "terraform", help="the root module")
    options = parser.parse_args(arguments)
    problems = []
    for directory in modules(options.root):
        readme = directory / "README.md"
        try:
            text = updated(readme)
        except DocsError as error:
            problems.append(str(error))
            continue
        if text == readme.read_text(encoding="utf-8"):
            continue
        if options.check:
            problems.append(f"{readme}: not up to date, run `make docs`")
        else:
            readme.write_text(text, encoding="utf-8")
            print(f"{readme}: written")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
