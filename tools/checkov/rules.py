"""List every rule there is, as JSON. Runs in checkov's environment, and asks its registries.

    .venv-checkov/bin/python tools/checkov/rules.py policies/checkov

The pack's rules are loaded as checkov loads them: it passes over a file that it cannot import, so
the files of which no rule came are listed, too.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.secrets.runner import CHECK_ID_TO_SECRET_TYPE
from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.module.registry import module_registry
from checkov.terraform.checks.provider.registry import provider_registry
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.version import version


def checks(pack: str) -> Iterator[Any]:
    """Every check of Terraform code, the pack's too."""
    # Loading imports the files, and each registers itself where it belongs.
    resource_registry.load_external_checks(pack)
    for registry in (resource_registry, data_registry, provider_registry, module_registry):
        for _, check in registry.all_checks():
            yield check
    graph = get_graph_checks_registry("terraform")
    graph.load_checks()
    graph.load_external_checks(pack)
    yield from graph.checks


def listed(pack: str) -> dict[str, Any]:
    """The version of checkov, all rules, and the pack's files that brought none."""
    rules = {
        rule: {"id": rule, "name": name, "category": "SECRETS"}
        for rule, name in CHECK_ID_TO_SECRET_TYPE.items()
    }
    directory = Path(pack).resolve()
    silent = {path for path in directory.glob("*.py") if path.name != "__init__.py"}
    for check in checks(pack):
        source = Path(getattr(check, "check_path", None) or inspect.getfile(type(check))).resolve()
        silent.discard(source)
        categories = getattr(check, "categories", None) or [check.category or ""]
        severity = getattr(check, "severity", None)
        rules[check.id] = {
            "id": check.id,
            "name": check.name,
            "own": source.is_relative_to(directory),
            "severity": severity.name if severity else "",
            "category": str(getattr(categories[0], "name", categories[0])),
            "guideline": check.guideline or "",
        }
    return {
        "version": version,
        "rules": [rules[rule] for rule in sorted(rules)],
        "silent": sorted(path.name for path in silent),
    }


if __name__ == "__main__":
    json.dump(listed(sys.argv[1]), sys.stdout)
