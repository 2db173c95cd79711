"""Terraform and the provider are found, or one sentence says what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import terraform_env as te

TERRAFORM = te.Tool("/bin/terraform", "Terraform", (1, 11, 4), "linux_amd64")
TOFU = te.Tool("/bin/tofu", "OpenTofu", (1, 10, 0), "darwin_arm64")


def unpacked(mirror: Path, version: str = "5.100.0", tool: te.Tool = TERRAFORM) -> Path:
    (mirror / tool.registry / "hashicorp/aws" / version / tool.platform).mkdir(parents=True)
    return mirror


def packed(mirror: Path, version: str = "5.100.0", tool: te.Tool = TERRAFORM) -> Path:
    tree = mirror / tool.registry / "hashicorp/aws"
    tree.mkdir(parents=True)
    (tree / f"terraform-provider-aws_{version}_{tool.platform}.zip").touch()
    return mirror


def executable(path: Path, answer: str) -> str:
    path.write_text(f"#!/bin/sh\ncat <<'EOF'\n{answer}\nEOF\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home and working directory, so that nothing of this machine is found."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def find(home, tmp_path, monkeypatch):
    """`find_providers` with an empty home, no reachable registry and one system prefix."""
    monkeypatch.setattr(te, "registry_answers", lambda _: False)
    nowhere = {"HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "share")}

    def call(tool=TERRAFORM, **environ):
        return te.find_providers(
            tool, nowhere | environ, (str(tmp_path / "prefix"),), tmp_path / "build"
        )

    return call


# --- the tool -------------------------------------------------------------------------------------


def test_a_missing_tool_is_one_sentence():
    with pytest.raises(te.ToolError) as error:
        te.find_tool("no-such-terraform")
    assert "'no-such-terraform' was not found: install it, or name it" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_old_tool_is_refused(tmp_path):
    old = executable(tmp_path / "terraform", "Terraform v1.8.5\non linux_amd64")
    with pytest.raises(te.ToolError, match=r"1\.9 or newer is needed, and .* is 1\.8\.5"):
        te.find_tool(old)


def test_another_program_is_refused(tmp_path):
    with pytest.raises(te.ToolError, match="did not answer as Terraform or OpenTofu does: hello"):
        te.find_tool(executable(tmp_path / "terraform", "hello"))


@pytest.mark.parametrize(
    ("answer", "name", "version", "platform", "registry"),
    [
        (
            "Terraform v1.11.4\non linux_amd64\n\nYour version of Terraform is out of date!",
            "Terraform",
            (1, 11, 4),
            "linux_amd64",
            "registry.terraform.io",
        ),
        (
            "OpenTofu v1.10.0-beta1\non darwin_arm64\n+ provider registry.opentofu.org/x v1.0.0",
            "OpenTofu",
            (1, 10, 0),
            "darwin_arm64",
            "registry.opentofu.org",
        ),
    ],
)
def test_both_tools_are_understood(tmp_path, answer, name, version, platform, registry):
    tool = te.find_tool(executable(tmp_path / "tool", answer))
    assert (tool.name, tool.version, tool.platform) == (name, version, platform)
    assert tool.registry == registry


# --- where the provider comes from ----------------------------------------------------------------


@pytest.mark.parametrize("layout", [packed, unpacked])
@pytest.mark.parametrize("tool", [TERRAFORM, TOFU])
def test_a_mirror_counts_in_both_layouts_for_its_registry_and_platform(tmp_path, layout, tool):
    assert te.provider_versions(layout(tmp_path, tool=tool), tool) == [(5, 100, 0)]
    other = TOFU if tool is TERRAFORM else TERRAFORM
    assert te.provider_versions(tmp_path, other) == []


def test_plugin_dir_wins_over_everything(find, home, tmp_path):
    (home / ".terraformrc").write_text("provider_installation {}")
    unpacked(home / ".terraform.d/plugins")
    mine = unpacked(tmp_path / "mine")
    found = find(TF_PLUGIN_DIR=str(mine))
    assert found.origin == f"from the mirror {mine}"
    assert found.variables["TF_CLI_ARGS_init"] == f"-plugin-dir={mine}"


def test_a_wrong_plugin_dir_is_one_sentence(find, tmp_path):
    with pytest.raises(te.ToolError, match=r"TF_PLUGIN_DIR is .* correct it or unset it\.$"):
        find(TF_PLUGIN_DIR=str(tmp_path))


@pytest.mark.parametrize("place", ["TF_CLI_CONFIG_FILE", "home"])
def test_a_users_own_provider_installation_is_respected(find, home, tmp_path, place):
    unpacked(home / ".terraform.d/plugins")
    file = home / ".terraformrc" if place == "home" else tmp_path / "own.tfrc"
    file.write_text("provider_installation {}")
    environ = {} if place == "home" else {"TF_CLI_CONFIG_FILE": str(file)}
    assert find(**environ).variables == {"TF_CLI_CONFIG_FILE": str(file)}


def test_a_users_credentials_file_stays_in_use_beside_a_mirror(find, home, tmp_path):
    file = home / ".terraformrc"
    file.write_text('credentials "app.terraform.io" { token = "x" }')
    mirror = unpacked(tmp_path / "prefix/a b/plugins")
    assert find().variables == {
        "TF_CLI_CONFIG_FILE": str(file),
        "TF_CLI_ARGS_init": f"'-plugin-dir={mirror}'",
    }
    assert not (tmp_path / "build").exists()


def test_a_configuration_file_that_does_not_exist_counts_as_not_set(find, tmp_path):
    mirror = unpacked(tmp_path / "prefix/plugins")
    found = find(TF_CLI_CONFIG_FILE=str(tmp_path / "gone.tfrc"))
    assert found.origin == f"from the mirror {mirror}"
    (written,) = (tmp_path / "build").glob("mirror-*.tfrc")
    assert found.variables == {"TF_CLI_CONFIG_FILE": str(written)}


def test_two_mirrors_do_not_share_a_configuration(find, tmp_path):
    unpacked(tmp_path / "one/plugins")
    unpacked(tmp_path / "other/plugins")
    files = {
        find(TF_PLUGIN_DIR=str(tmp_path / name / "plugins")).variables["TF_CLI_CONFIG_FILE"]
        for name in ("one", "other")
    }
    assert len(files) == 2


@pytest.mark.parametrize(
    ("tool", "place"),
    [
        (TERRAFORM, "home/.terraform.d/plugins"),
        (TERRAFORM, "home/terraform.d/plugins"),
        (TERRAFORM, "home/.local/share/terraform/plugins"),
        (TERRAFORM, "share/terraform/plugins"),
        (TERRAFORM, "home/Library/Application Support/io.terraform/plugins"),
        (TOFU, "home/.local/share/opentofu/plugins"),
        (TOFU, "home/.terraform.d/plugins"),
    ],
)
def test_implied_mirrors_are_found(find, tmp_path, tool, place):
    mirror = unpacked(tmp_path / place, tool=tool)
    unpacked(tmp_path / "prefix/plugins", version="9.0.0", tool=tool)
    assert find(tool).origin == f"from the mirror {mirror}"


@pytest.mark.parametrize("depth", range(te.SEARCH_DEPTH + 1))
def test_system_prefixes_are_searched_down_to_a_bounded_depth(find, tmp_path, depth):
    mirror = unpacked(tmp_path.joinpath("prefix", *["d"] * depth))
    assert find().origin == f"from the mirror {mirror}"


def test_the_search_stops_below_the_bounded_depth(find, tmp_path):
    unpacked(tmp_path.joinpath("prefix", *["d"] * (te.SEARCH_DEPTH + 1)))
    assert find().origin == "from registry.terraform.io"


def test_the_search_stops_after_a_bounded_number_of_directories(tmp_path, monkeypatch):
    unpacked(tmp_path / "z")
    monkeypatch.setattr(te, "SEARCH_LIMIT", 1)
    assert list(te.system_mirrors(TERRAFORM, (str(tmp_path),))) == []


def test_the_newest_of_several_mirrors_is_taken(find, tmp_path):
    for name, version in {"a": "5.9.0", "b": "5.100.0", "c": "5.11.0"}.items():
        unpacked(tmp_path / "prefix" / name, version=version)
    assert find().origin == f"from the mirror {tmp_path / 'prefix/b'}"


def test_a_registry_that_answers_wins_over_a_searched_mirror(find, tmp_path, monkeypatch):
    monkeypatch.setattr(te, "registry_answers", lambda _: True)
    unpacked(tmp_path / "prefix/plugins")
    found = find()
    assert found.origin == "from registry.terraform.io"
    assert found.variables["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "build/providers")


def test_a_users_plugin_cache_stays_in_use(find):
    assert "TF_PLUGIN_CACHE_DIR" not in find(TF_PLUGIN_CACHE_DIR="mine").variables


def test_a_registry_that_refuses_the_connection_does_not_answer(closed_port):
    assert te.registry_answers(f"127.0.0.1:{closed_port}") is False


def test_the_written_file_is_what_terraform_reads(find, tmp_path):
    mirror = unpacked(tmp_path / 'prefix/odd "${name}')
    path = Path(find().variables["TF_CLI_CONFIG_FILE"])
    text = path.read_text()
    assert f'path    = "{tmp_path}/prefix/odd \\"$${{name}}"' in text
    assert 'include = ["registry.terraform.io/hashicorp/aws"]' in text
    assert "disable_checkpoint = true" in text
    before = path.stat().st_mtime_ns
    assert find().origin == f"from the mirror {mirror}"
    assert path.stat().st_mtime_ns == before, "an unchanged file is not written again"


# --- the command ----------------------------------------------------------------------------------


def call(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.terraform_env", *arguments],
        cwd=te.ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def fake_terraform(tmp_path):
    path = tmp_path / "terraform"
    path.write_text(
        '#!/bin/sh\n[ "$1" = version ] && { echo Terraform v1.11.4; echo on linux_amd64; exit; }\n'
        'echo "$TF_IN_AUTOMATION $CHECKPOINT_DISABLE $*"\nexit 7\n'
    )
    path.chmod(0o755)
    return {
        "TERRAFORM": str(path),
        "TF_PLUGIN_DIR": str(unpacked(tmp_path / "mirror")),
    }


def test_run_passes_arguments_and_the_exit_code_on(fake_terraform):
    answer = call("run", "--", "plan", "-out", "a b", **fake_terraform)
    assert (answer.stdout, answer.returncode) == ("1 1 plan -out a b\n", 7)


def test_check_says_what_was_found(fake_terraform):
    answer = call("check", **fake_terraform)
    mirror = fake_terraform["TF_PLUGIN_DIR"]
    assert answer.stdout == f"Terraform 1.11.4, AWS provider from the mirror {mirror}\n"


def test_env_can_be_read_by_a_shell(fake_terraform):
    answer = call("env", **fake_terraform)
    assert f"export TERRAFORM={fake_terraform['TERRAFORM']}\n" in answer.stdout


def test_a_missing_terraform_is_one_line_and_no_traceback():
    answer = call("check", TERRAFORM="no-such-terraform")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
