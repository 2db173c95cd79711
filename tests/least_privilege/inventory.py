"""All rights of all stacks, each once: what several hold for the same purpose is one entry."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.least_privilege import policy_files
from tests.least_privilege.documented import Documented
from tests.least_privilege.documents import Kind, Right
from tests.least_privilege.flows.flow import Flow
from tests.least_privilege.holders import Holder, plain, short
from tests.support.stack import Stack


@dataclass(frozen=True, order=True)
class Key:
    """What makes a right the same right wherever it is found.

    Attributes:
        file: The policy file.
        group: Who holds it.
        sid: The statement.
        name: The right, without what differs between holders and runs.
    """

    file: str
    group: str
    sid: str
    name: str


@dataclass
class Entry:
    """A right, everybody who holds it, and what speaks for it.

    Attributes:
        key: What it is.
        kind: Action, condition, resource or denial.
        resources: What it is about, without what differs from run to run.
        held: By stack, the holders and the right in each one's document.
        flows: Those that say they need it.
        documented: The documentation that demands it.
    """

    key: Key
    kind: Kind
    resources: tuple[str, ...]
    held: dict[str, list[tuple[Holder, Right]]] = field(default_factory=lambda: defaultdict(list))
    flows: tuple[Flow, ...] = ()
    documented: Documented | None = None


def take(
    found: Mapping[str, tuple[Stack | None, Iterable[Holder]]],
    flows: Iterable[Flow],
    documented: Iterable[Documented],
) -> list[Entry]:
    """Gather the rights of all holders, by stack; None for a stack that is only planned."""
    entries: dict[Key, Entry] = {}
    for name, (stack, holders) in found.items():
        for holder in holders:
            for right in holder.rights():
                key = _key(stack, holder, right)
                resources = tuple(_name(stack, holder, each) for each in right.resources)
                entry = entries.setdefault(key, Entry(key, right.kind, resources))
                entry.held[name].append((holder, right))
    flows, documented = tuple(flows), tuple(documented)
    for key, entry in entries.items():
        entry.flows = tuple(
            flow
            for flow in flows
            if flow.stack in entry.held and flow.covers(key.group, key.file, key.name)
        )
        if not entry.flows:
            fitting = [one for one in documented if one.covers(key.group, key.file, key.name)]
            entry.documented = fitting[0] if fitting else None
    return [entries[key] for key in sorted(entries)]


def _key(stack: Stack | None, holder: Holder, right: Right) -> Key:
    # The name of a permission's statement names what calls; its group says of which kind that is.
    sid = "" if holder.file == policy_files.PERMISSION else right.sid
    return Key(holder.file, holder.group, sid, _name(stack, holder, right.name))


def _name(stack: Stack | None, holder: Holder, text: str) -> str:
    if stack is None:
        return plain(text)
    own = holder.name.partition("-claim")[0]
    return (
        plain(text, stack)
        .replace(f"/{own}/", "/NAME/")
        .replace(f"/PREFIX-{short(stack, own)}/", "/NAME/")
    )
