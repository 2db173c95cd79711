"""Find Terraform (or OpenTofu) and the AWS provider, also where no registry can be reached.

Where the provider comes from, first match:

1. `TF_PLUGIN_DIR`: a directory laid out as a provider mirror. Whoever sets it means it, so it
   wins over everything else and is an error when it holds no AWS provider for this platform.
2. The user's own CLI configuration (`TF_CLI_CONFIG_FILE`, else the file in the home directory)
   when it exists and has a `provider_installation` block: it is used as it is.
3. Terraform's implied mirror directories.
4. The registry, when it answers.
5. Any directory below the usual system prefixes that holds a registry tree.
6. The registry all the same, so that Terraform itself explains what is wrong.

A mirror is handed over in a CLI configuration file of the project's own, below `build/`. A user's
file without a `provider_installation` block is never replaced, as it may hold credentials: then
the mirror is handed over as an argument of `init`. `TF_CLI_CONFIG_FILE` naming a file that does
not exist counts as not set.

Follows https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
and https://opentofu.org/docs/cli/config/config-file/.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "terraform"
OLDEST = (1, 9)
PROVIDER = "hashicorp/aws"
REGISTRY_PROBE_SECONDS = 3
SYSTEM_PREFIXES = (
    "/usr/local",
    "/usr/share",
    "/usr/lib",
    "/opt",
    "/srv",
    "/var/lib",
    "/var/cache",
    "/nix/var",
    "/opt/homebrew",
)
# How many directories deep a registry tree may start below a prefix, and how many directories are
# looked at in all: enough for /opt/vendor/terraform/plugins, quick on a full /usr/lib.
SEARCH_DEPTH = 4
SEARCH_LIMIT = 20_000


class ToolError(Exception):
    """Terraform or the provider cannot be used; the message says what to install or set."""


@dataclass(frozen=True)
class Tool:
    """The command that was found.

    Attributes:
        path: The executable.
        name: `Terraform` or `OpenTofu`.
        version: Major, minor and patch.
        platform: As in registry trees, for example `linux_amd64`.
    """

    path: str
    name: str
    version: tuple[int, ...]
    platform: str

    @property
    def registry(self) -> str:
        """Host name of the registry whose providers this tool installs by default."""
        return "registry.opentofu.org" if self.name == "OpenTofu" else "registry.terraform.io"


@dataclass(frozen=True)
class Providers:
    """Where the provider is to come from.

    Attributes:
        origin: For people: one phrase.
        variables: Environment variables that make Terraform do so.
    """

    origin: str
    variables: Mapping[str, str]


@functools.cache
def find_tool(command: str) -> Tool:
    """Look up the command and its version.

    Args:
        command: A name on `PATH` or a path.

    Raises:
        ToolError: It is not there, does not run, or is older than 1.9.
    """
    path = shutil.which(command)
    if path is None:
        raise ToolError(
            f"Terraform 1.9 or newer is needed, and '{command}' was not found: install it, or name"
            " it with TERRAFORM=/path/to/terraform (TERRAFORM=tofu for OpenTofu)."
        )
    quiet = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}
    answer = subprocess.run(
        [path, "version"],
        env={**quiet, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(
        r"^(Terraform|OpenTofu) v(\d+)\.(\d+)\.(\d+).*?^on (\w+)$",
        answer.stdout,
        re.DOTALL | re.MULTILINE,
    )
    if answer.returncode != 0 or found is None:
        raise ToolError(
            f"'{path} version' did not answer as Terraform or OpenTofu does:"
            f" {(answer.stderr or answer.stdout).strip() or 'no output'}"
        )
    version = tuple(int(part) for part in found.group(2, 3, 4))
    if version < OLDEST:
        raise ToolError(
            f"{found.group(1)} 1.9 or newer is needed, and '{path}' is"
            f" {'.'.join(map(str, version))}: install a newer one, or name it with"
            " TERRAFORM=/path/to/terraform."
        )
    return Tool(path=path, name=found.group(1), version=version, platform=found.group(5))


def provider_versions(mirror: Path, tool: Tool) -> list[tuple[int, ...]]:
    """Versions of the AWS provider that a mirror directory holds for this platform, sorted.

    Both layouts count: packed (`terraform-provider-aws_<version>_<platform>.zip`) and unpacked
    (`<version>/<platform>/`).
    """
    tree = mirror / tool.registry / PROVIDER
    packed = (
        path.name.removeprefix("terraform-provider-aws_").removesuffix(f"_{tool.platform}.zip")
        for path in tree.glob(f"terraform-provider-aws_*_{tool.platform}.zip")
    )
    unpacked = (path.parent.name for path in tree.glob(f"*/{tool.platform}"))
    return sorted(
        tuple(int(part) for part in name.split("."))
        for name in (*packed, *unpacked)
        if re.fullmatch(r"\d+\.\d+\.\d+", name)
    )


def implied_mirrors(tool: Tool, environ: Mapping[str, str]) -> list[Path]:
    """The directories that the tool searches by itself when nothing is configured."""
    home = Path(environ.get("HOME") or Path.home())
    name = tool.name.lower()
    data = [environ.get("XDG_DATA_HOME") or str(home / ".local/share")]
    data += (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return [
        Path("terraform.d/plugins"),
        home / ".terraform.d/plugins",
        *(Path(path) / name / "plugins" for path in data if path),
        home / f"Library/Application Support/io.{name}/plugins",
        Path(f"/Library/Application Support/io.{name}/plugins"),
    ]


def system_mirrors(tool: Tool, prefixes: tuple[str, ...] = SYSTEM_PREFIXES) -> Iterator[Path]:
    """Directories below the system prefixes that hold the AWS provider, breadth first."""
    looked_at = 0
    level = [Path(prefix) for prefix in prefixes]
    for _ in range(SEARCH_DEPTH + 1):
        below: list[Path] = []
        for directory in level:
            looked_at += 1
            if looked_at > SEARCH_LIMIT:
                return
            try:
                with os.scandir(directory) as entries:
                    names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
            except OSError:
                # Not there, or not ours to read: then no mirror of ours either.
                continue
            if tool.registry in names and provider_versions(directory, tool):
                yield directory
            below.extend(directory / name for name in names)
        level = below


def registry_answers(host: str) -> bool:
    """Whether the registry can be reached, through a proxy too if one is configured."""
    try:
        with urllib.request.urlopen(
            f"https://{host}/.well-known/terraform.json", timeout=REGISTRY_PROBE_SECONDS
        ) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, ValueError):
        return False


def user_configuration(tool: Tool, environ: Mapping[str, str]) -> Path | None:
    """The CLI configuration file that the tool would read by itself, if it exists."""
    home = Path(environ.get("HOME") or Path.home())
    own = environ.get("XDG_CONFIG_HOME") or str(home / ".config")
    candidates = [environ.get("TF_CLI_CONFIG_FILE", "")]
    if tool.name == "OpenTofu":
        candidates += [str(home / ".tofurc"), f"{own}/opentofu/tofurc"]
    candidates.append(str(home / ".terraformrc"))
    return next((Path(name) for name in candidates if name and Path(name).is_file()), None)


def find_providers(
    tool: Tool,
    environ: Mapping[str, str],
    prefixes: tuple[str, ...] = SYSTEM_PREFIXES,
    build: Path = BUILD,
) -> Providers:
    """Decide where the provider comes from; see the module's description for the order.

    Args:
        tool: Terraform or OpenTofu.
        environ: The environment the tool would be called with.
        prefixes: Where to look for registry trees when the registry does not answer.
        build: Where the project's own configuration file and provider cache go.

    Raises:
        ToolError: `TF_PLUGIN_DIR` is set and holds no AWS provider for this platform.
    """
    configuration = user_configuration(tool, environ)
    wanted = environ.get("TF_PLUGIN_DIR")
    if wanted:
        mirror = Path(wanted).absolute()
        if not provider_versions(mirror, tool):
            raise ToolError(
                f"TF_PLUGIN_DIR is '{wanted}', and there is no {PROVIDER} provider for"
                f" {tool.platform} below {wanted}/{tool.registry}: correct it or unset it."
            )
        return _from_mirror(tool, mirror, configuration, build)
    if configuration and "provider_installation" in configuration.read_text(encoding="utf-8"):
        return Providers(f"as {configuration} says", {"TF_CLI_CONFIG_FILE": str(configuration)})
    for mirror in implied_mirrors(tool, environ):
        if provider_versions(mirror, tool):
            return _from_mirror(tool, mirror.absolute(), configuration, build)
    if not registry_answers(tool.registry):
        mirrors = list(system_mirrors(tool, prefixes))
        if mirrors:
            newest = max(mirrors, key=lambda path: provider_versions(path, tool)[-1])
            return _from_mirror(tool, newest, configuration, build)
    return _from_registry(tool, environ, configuration, build)


def _from_mirror(tool: Tool, mirror: Path, configuration: Path | None, build: Path) -> Providers:
    origin = f"from the mirror {mirror}"
    if configuration is not None:
        return Providers(
            origin,
            {
                "TF_CLI_CONFIG_FILE": str(configuration),
                "TF_CLI_ARGS_init": shlex.quote(f"-plugin-dir={mirror}"),
            },
        )
    source = f"{tool.registry}/{PROVIDER}"
    text = (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {_quoted(mirror)}\n"
        f"    include = [{_quoted(source)}]\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = [{_quoted(source)}]\n"
        "  }\n"
        "}\n"
        "disable_checkpoint = true\n"
    )
    # Named by what it holds: another process may have found another mirror meanwhile.
    name = f"mirror-{hashlib.sha256(text.encode()).hexdigest()[:12]}.tfrc"
    return Providers(origin, {"TF_CLI_CONFIG_FILE": str(_write(build / name, text))})


def _from_registry(
    tool: Tool, environ: Mapping[str, str], configuration: Path | None, build: Path
) -> Providers:
    file = configuration or _write(build / "registry.tfrc", "disable_checkpoint = true\n")
    variables = {"TF_CLI_CONFIG_FILE": str(file)}
    if "TF_PLUGIN_CACHE_DIR" not in environ:
        # The provider is some 700 MB, and every test that applies a module runs `init`. There is
        # no lock file to protect: the modules are libraries, and tests work on copies.
        cache = build / "providers"
        cache.mkdir(parents=True, exist_ok=True)
        variables["TF_PLUGIN_CACHE_DIR"] = str(cache)
        variables["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "true"
    return Providers(f"from {tool.registry}", variables)


def _quoted(value: Path | str) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    # `${` and `%{` start a template in this syntax.
    return '"' + text.replace("${", "$${").replace("%{", "%%{") + '"'


def _write(path: Path, text: str) -> Path:
    with contextlib.suppress(OSError):
        if path.read_text(encoding="utf-8") == text:
            return path
    path.parent.mkdir(parents=True, exist_ok=True)
    # In one step, as another process may be reading the file.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
    return path


@functools.cache
def _found() -> tuple[Tool, Providers]:
    tool = find_tool(os.environ.get("TERRAFORM") or "terraform")
    return tool, find_providers(tool, os.environ)


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment to call Terraform with.

    Args:
        base: What to start from; the process's own environment when not given.

    Returns:
        `base` without a broken `TF_CLI_CONFIG_FILE`, with the variables that find the provider.
        `TERRAFORM` is the path of the executable.

    Raises:
        ToolError: Terraform is missing or too old, or `TF_PLUGIN_DIR` is wrong.
    """
    tool, providers = _found()
    return {
        **(os.environ if base is None else base),
        "TERRAFORM": tool.path,
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        # Most of a short command's time goes into reading the provider's schema, and a fifth of
        # that into collecting the garbage of a process that is about to end.
        "GOGC": os.environ.get("GOGC", "400"),
        **providers.variables,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run Terraform with the provider found, or show what was found."""
    parser = argparse.ArgumentParser(prog="python -m tools.terraform_env", description=main.__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("check", help="print the version and where the provider comes from")
    actions.add_parser("env", help="print the variables as shell assignments")
    run = actions.add_parser("run", help="run Terraform: run -- fmt -recursive")
    run.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    try:
        tool, providers = _found()
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    if options.action == "check":
        version = ".".join(map(str, tool.version))
        print(f"{tool.name} {version}, AWS provider {providers.origin}")
        return 0
    if options.action == "env":
        for name, value in sorted(environment({}).items()):
            print(f"export {name}={shlex.quote(value)}")
        return 0
    command = [tool.path, *options.arguments[options.arguments[:1] == ["--"] :]]
    return subprocess.run(command, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
