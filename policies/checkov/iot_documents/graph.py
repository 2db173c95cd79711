"""What a resource refers to, and what else there is beside it, as checkov's graph knows it.

In a scan of HCL the graph has an edge for every reference, named after the attribute. In a scan of
a plan, whose edges come from the plan's `configuration`, one hop through a local value or through a
module's variable is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checkov.common.graph.graph_builder import CustomAttributes


def nodes(graph: Any, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Index and attributes of every resource of a type."""
    for index, node in graph.nodes():
        if node.get(CustomAttributes.RESOURCE_TYPE) == kind:
            yield index, node


def configuration(node: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a node, as a check of that resource would get it."""
    kind, name = node[CustomAttributes.BLOCK_NAME].removeprefix("data.").split(".", 1)
    found: dict[str, Any] = node[CustomAttributes.CONFIG][kind][name]
    return found
