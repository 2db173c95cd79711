"""The READMEs' tables say what the modules' files say."""

import textwrap

import pytest

from tools import terraform_docs as docs

VARIABLES = """
# variable "commented" {}
variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "prefix" {
  description = "Start of <every> name: \\"a|b\\" or `<prefix>`."
  type        = string

  validation {
    # A closing brace } in a comment, and type = "decoy".
    condition     = can(regex("^[a-z{]$", var.prefix)) && !strcontains(var.prefix, "$${iot:")
    error_message = "prefix of ${jsonencode({ "a" = "}" })} is wrong."
    type          = "decoy"
  }
}

variable "kinds" {
  description = <<-EOT
    Kinds of device.
    - `topics`: below $${iot:Connection.Thing.ThingName}; "type = decoy".
  EOT
  type = map(object({
    topics = optional(list(string), ["a", "}"]) // a comment {
  }))
  default = {}
}
"""
OUTPUTS = """
output "table" {
  description = "Name of the table."
  value       = one([for t in aws_dynamodb_table.this : startswith(t.name, "x") ? t.name : null])
}

output "secret" {
  description = "Hidden."
  value       = { "}" = 1 }
  sensitive   = true
}
"""
VERSIONS = """
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
"""


@pytest.fixture
def root(tmp_path):
    module = tmp_path / "modules/one"
    module.mkdir(parents=True)
    for directory in (tmp_path, module):
        (directory / "main.tf").touch()
        (directory / "variables.tf").write_text(VARIABLES)
        (directory / "outputs.tf").write_text(OUTPUTS)
        (directory / "versions.tf").write_text(VERSIONS)
        (directory / "README.md").write_text(f"# One\n\n{docs.BEGIN}\n{docs.END}\n\nEnd.\n")
    return tmp_path


def test_inputs_are_read_in_order_with_types_as_written(root):
    create, prefix, kinds = docs.inputs(root)
    assert create == docs.Input("create", "Whether to make anything.", "bool", "true")
    assert (prefix.type, prefix.default) == ("string", None)
    assert prefix.description == 'Start of <every> name: "a|b" or `<prefix>`.'
    assert kinds.description.endswith('below ${iot:Connection.Thing.ThingName}; "type = decoy".')
    assert kinds.type.startswith("map(object({\n")
    assert kinds.default == "{}"


def test_outputs_are_read_whatever_their_expressions(root):
    assert docs.outputs(root) == [
        docs.Output("table", "Name of the table.", sensitive=False),
        docs.Output("secret", "Hidden.", sensitive=True),
    ]


def test_the_tables_survive_markdown(root):
    text = docs.render(root)
    assert "| Terraform | `>= 1.9` |\n| hashicorp/aws | `>= 5.100, < 7.0` |" in text
    assert 'Start of &lt;every&gt; name: "a\\|b" or `<prefix>`. | `string` | **required** |' in text
    assert "Kinds of device.<br>- `topics`" in text
    assert "| `map(object({...}))` | `{}` |" in text
    assert "<summary>Type of <code>kinds</code></summary>" in text
    assert "<code>prefix</code>" not in text
    assert "| `secret` | Hidden. (sensitive) |" in text
    assert "decoy |" not in text


def test_a_module_without_inputs_and_outputs_says_so(tmp_path):
    assert docs.render(tmp_path).count("None.") == 2


def test_documentation_is_written_once_and_then_fresh(root, capsys):
    assert docs.main(["--check", "--root", str(root)]) == 1
    assert "not up to date, run `make docs`" in capsys.readouterr().err
    assert docs.main(["--root", str(root)]) == 0
    assert capsys.readouterr().out.count(": written\n") == 2
    assert docs.main(["--check", "--root", str(root)]) == 0
    assert docs.main(["--root", str(root)]) == 0
    assert capsys.readouterr().out == ""
    text = (root / "README.md").read_text()
    assert text.startswith("# One\n\n")
    assert text.endswith(f"{docs.END}\n\nEnd.\n")


def test_a_changed_variable_makes_it_stale(root):
    docs.main(["--root", str(root)])
    path = root / "modules/one/variables.tf"
    path.write_text(VARIABLES.replace("anything.", "anything at all."))
    assert docs.main(["--check", "--root", str(root)]) == 1


def test_examples_are_documented_only_where_they_have_a_readme(root):
    for name in ("with", "without"):
        (root / "examples" / name).mkdir(parents=True)
    (root / "examples/with/README.md").touch()
    assert [path.name for path in docs.modules(root)] == [root.name, "with", "one"]


@pytest.mark.parametrize(
    ("readme", "complaint"),
    [
        (None, "missing; write one"),
        ("# One\n", "must have the lines"),
        (f"{docs.END}\n{docs.BEGIN}\n", "must have the lines"),
        (f"{docs.BEGIN}\n{docs.END}\n{docs.BEGIN}\n{docs.END}\n", "must have the lines"),
    ],
)
def test_a_readme_without_its_place_is_an_error(root, capsys, readme, complaint):
    path = root / "README.md"
    path.unlink() if readme is None else path.write_text(readme)
    assert docs.main(["--root", str(root)]) == 1
    assert complaint in capsys.readouterr().err


def test_a_missing_description_is_an_error(root, capsys):
    (root / "variables.tf").write_text('variable "create" {\n  type = bool\n}\n')
    assert docs.main(["--root", str(root)]) == 1
    assert "variable create has no description" in capsys.readouterr().err


def test_a_computed_description_is_an_error(root, capsys):
    (root / "outputs.tf").write_text('output "x" {\n  description = 1\n}\n')
    assert docs.main(["--root", str(root)]) == 1
    assert "output x: the description must be a text" in capsys.readouterr().err


def test_every_variable_and_output_of_the_project_is_found():
    for directory in docs.modules(docs.ROOT / "terraform"):
        for name, reader in (("variable", docs.inputs), ("output", docs.outputs)):
            file = directory / f"{name}s.tf"
            text = file.read_text() if file.exists() else ""
            declared = [line for line in text.splitlines() if line.startswith(f'{name} "')]
            assert len(reader(directory)) == len(declared)


def test_blocks_and_attributes_ignore_what_is_inside_strings_and_heredocs():
    text = textwrap.dedent(
        """
        locals {
          a = "variable \\"x\\" {"
          b = "${lookup({ "k" = "}" }, "k")}"
          /* variable "no" { */
          c = <<EOT
        variable "neither" {
        EOT
        }
        variable "yes" {
          default = "%{if true}a%{endif}$${b"
        }
        """
    )
    assert [name for name, _ in docs.blocks(text, "variable")] == ["yes"]
    (_, body), *_ = docs.blocks(text, "locals")
    assert list(docs.attributes(body)) == ["a", "b", "c"]
