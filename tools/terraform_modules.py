"""Where `terraform init` found each module that a configuration calls, directly or not.

The list is Terraform's own: a relative source is where it says, anything else was fetched. The
format is not documented, and has been the same since Terraform 0.12; OpenTofu has it too.
"""

import json
from pathlib import Path

LIST = ".terraform/modules/modules.json"


def directories(configuration: Path) -> dict[str, str]:
    """Return the directory of each module, by the names of the calls with dots between.

    Args:
        configuration: directory of the root module, which is `""` in the result.

    Returns:
        Relative to the configuration, or absolute; empty where it calls none or is not initialised.
    """
    path = configuration / LIST
    if not path.exists():
        return {}
    listed = json.loads(path.read_text(encoding="utf-8"))["Modules"]
    return {one["Key"]: one["Dir"] for one in listed}
