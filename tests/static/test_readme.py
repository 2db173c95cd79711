"""What READMEs and runbooks show works: commands and paths exist, Terraform examples are valid."""

import os
import re
import shlex
import shutil

import click
import hcl2
import pytest

from tests.support.terraform import ROOT, Workspace, stage
from tools.cli.main import cli
from tools.device.maker import Maker
from tools.packaging import SUMS

READMES = sorted(
    path
    for path in [ROOT / "README.md", *(ROOT / "terraform").glob("**/README.md")]
    if ".terraform" not in path.parts
)
HCL = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCE = re.compile(r'"git::[^"]*\.git//(?P<path>[\w/-]+)\?ref=<tag>"')
NEIGHBOUR = re.compile(r'"\.\./(?P<module>[\w-]+)"')
DOCUMENTS = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]
IDS = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def examples(path):
    """The Terraform code that a person wrote into a README: before the generated tables."""
    return HCL.findall(path.read_text().partition("<!-- BEGIN TF DOCS -->")[0])


def folder_of(source):
    """The directory that an example's source means: from git, or beside the module."""
    neighbour = NEIGHBOUR.fullmatch(source)
    if neighbour:
        return ROOT / "terraform/modules" / neighbour["module"]
    return ROOT / SOURCE.fullmatch(source)["path"]


def blocks():
    for path in READMES:
        for code in examples(path):
            yield pytest.param(code, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize("readme", DOCUMENTS, ids=IDS)
def test_every_make_target_exists(readme):
    targets = re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|^)make ([a-z][a-z0-9-]*)", readme.read_text(), re.MULTILINE)
    assert set(named) <= set(targets)


@pytest.mark.parametrize("readme", DOCUMENTS, ids=IDS)
def test_every_link_and_path_exists(readme):
    text = readme.read_text()
    links = [readme.parent / link for link in re.findall(r"\]\(([^)#:]+)\)", text)]
    paths = [
        ROOT / path for path in re.findall(r"`((?:terraform|docs|policies|tools)/[\w./-]+)`", text)
    ]
    assert [str(path) for path in links + paths if not path.exists()] == []


def anchor(heading):
    """What a link to a heading ends with, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("readme", DOCUMENTS, ids=IDS)
def test_every_section_that_a_link_leads_to_exists(readme):
    for target, fragment in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", readme.read_text()):
        page = readme.parent / target if target else readme
        headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
        assert fragment in map(anchor, headings), f"{target}#{fragment}"


@pytest.mark.parametrize("code", list(blocks()))
def test_every_example_names_inputs_that_exist_and_all_that_are_needed(code):
    for module in hcl2.loads(code).get("module", []):
        for arguments in module.values():
            folder = folder_of(arguments["source"])
            with (folder / "variables.tf").open() as text:
                variables = {
                    name.strip('"'): body
                    for variable in hcl2.load(text)["variable"]
                    for name, body in variable.items()
                }
            given = {name for name in arguments if not name.startswith("__")} - {
                "source",
                "providers",
            }
            needed = {name for name, body in variables.items() if "default" not in body}
            assert given <= variables.keys()
            assert needed <= given


def shown_commands(text):
    """The words of each command, up to where the shell takes its output elsewhere."""
    for line in re.findall(r"^iot-provisioning (.+)$", text.replace("\\\n", ""), re.MULTILINE):
        yield " ".join(re.split(r"\s(?:\||>)\s", line)[0].split())


COMMANDS = sorted({command for path in DOCUMENTS for command in shown_commands(path.read_text())})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_the_tools_take(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("devices.csv", "serials.txt", "stack.json", "device.pem", "device.key.pem"):
        (tmp_path / file).touch()
    monkeypatch.setenv("CA_ID", "ca" * 32)
    words = shlex.split(os.path.expandvars(command))
    group = cli
    while isinstance(group, click.Group):
        name = words.pop(0)
        group = group.commands[name]
    # Parses as the command would, and raises what the command line would say; runs nothing.
    with group.make_context(name, words):
        pass


@pytest.mark.parametrize("readme", ["README.md", "terraform/README.md", "docs/supply-chain.md"])
def test_the_example_is_valid(readme, tmp_path):
    (code,) = examples(ROOT / readme)
    configuration = stage(tmp_path) / "terraform/examples/readme"
    configuration.mkdir()
    (configuration / "main.tf").write_text(SOURCE.sub(r'"../../../\g<path>"', code))
    shutil.copyfile(ROOT / "build" / SUMS, configuration / SUMS)
    for name in re.findall(r'file\("([\w-]+\.pem)"\)', code):
        (configuration / name).write_text(Maker({"CommonName": name}).certificate_pem)
    Workspace(tmp_path, "terraform/examples/readme").init().validate()
