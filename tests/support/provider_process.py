"""One AWS provider process for many Terraform commands.

Terraform starts the provider, some 700 MB of it, for every walk over a configuration, and asks it
for its schema: most of what a short command costs. Commands that follow each other, with the same
credentials and endpoint or with none, can share a process.

Follows https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode
"""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools import terraform_env

VARIABLE = "TF_REATTACH_PROVIDERS"
ANNOUNCEMENT = re.compile(rf"{VARIABLE}='(.*)'")


@contextlib.contextmanager
def shared_provider(directory: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run the provider that `terraform init` has installed for a configuration.

    Args:
        directory: Of the initialised configuration.
        environment: Of the provider: what it reads credentials and addresses from.

    Yields:
        The variables that make Terraform use the process.
    """
    (executable,) = directory.glob(".terraform/providers/*/*/aws/*/*/terraform-provider-aws*")
    registry = executable.relative_to(directory / ".terraform/providers").parts[0]
    process = subprocess.Popen(
        [executable, "-debug"],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        announced = next(filter(None, map(ANNOUNCEMENT.search, process.stdout)), None)
        assert announced is not None, f"the provider ended with exit code {process.wait()}"
        # It takes itself for Terraform's, whoever installed it.
        (address,) = json.loads(announced.group(1)).values()
        yield {VARIABLE: json.dumps({f"{registry}/{terraform_env.PROVIDER}": address})}
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
