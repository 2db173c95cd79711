"""What refers to what, as checkov's graph of a scan knows it.

In a scan of HCL the graph has an edge for every reference, named after the attribute, also into and
out of modules. In a scan of a plan, whose edges come from the plan's `configuration`, references
end at a module's border, and may lead to a resource of the same name in another module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checkov.common.graph.graph_builder import CustomAttributes

from iot_documents.values import is_plan

ADDRESS = CustomAttributes.TF_RESOURCE_ADDRESS
# A plan's edges of the attributes that it has resolved.
PLAN_REFERENCES = "references_"
# Under which name the edges of what only passes a value on are found.
PASSED_ON = {"variable": "default", "output": "value"}


def nodes(graph: Any, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Index and attributes of every resource of a type."""
    for index, node in graph.nodes():
        if node.get(CustomAttributes.RESOURCE_TYPE) == kind:
            yield index, node


def configuration(node: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a resource, as a check of it would get it."""
    found: dict[str, Any]
    (found,) = node[CustomAttributes.CONFIG][node[CustomAttributes.RESOURCE_TYPE]].values()
    return found


def is_node(node: Mapping[str, Any], conf: Mapping[str, Any], entity_path: str) -> bool:
    """Whether a node is the resource that a check is asked about.

    Args:
        node: A node.
        conf: The configuration that the check was given.
        entity_path: The check's attribute of this name. Addresses repeat where one scan covers
            several root modules.
    """
    file = entity_path.partition(":")[0].rpartition("../")[2]
    return node[ADDRESS] == conf[ADDRESS] and node[CustomAttributes.FILE_PATH].endswith(file)


def referred(graph: Any, index: int, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Index and attributes of the resources to which an attribute or a block refers.

    Follows local values, variables of modules and outputs of modules.
    """
    found = dict(graph.nodes())
    plan = is_plan(configuration(found[index]))
    seen: set[tuple[int, str]] = set()
    waiting = [(index, name)]
    while waiting:
        at, label = waiting.pop()
        if (at, label) in seen:
            continue
        seen.add((at, label))
        for _, target, edge in graph.out_edges(at):
            if edge["label"].partition(".")[0] not in {label, PLAN_REFERENCES}:
                continue
            node = found[target]
            kind, block = node[CustomAttributes.BLOCK_TYPE], node[CustomAttributes.BLOCK_NAME]
            if kind == "resource":
                yield from _namesakes(found, found[index], node) if plan else ((target, node),)
            elif kind == "module":
                # Only the argument that gave the variable its value.
                waiting.append((target, found[at][CustomAttributes.BLOCK_NAME]))
            else:
                waiting.append((target, PASSED_ON.get(kind, block)))


def _namesakes(
    found: Mapping[int, dict[str, Any]], source: Mapping[str, Any], target: Mapping[str, Any]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The resources with a target's name in the module of the resource that refers to it."""
    for index, node in found.items():
        same = node[CustomAttributes.BLOCK_NAME] == target[CustomAttributes.BLOCK_NAME]
        if same and module_of(node) == module_of(source):
            yield index, node


def module_of(node: Mapping[str, Any]) -> str:
    """The address of the module in which a resource stands, empty for a root module."""
    address: str = node[ADDRESS]
    return address.rpartition(f"{node[CustomAttributes.RESOURCE_TYPE]}.")[0]
