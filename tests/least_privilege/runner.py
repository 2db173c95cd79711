"""Tries every right: what breaks without it, and that nothing breaks with it."""

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.least_privilege.documents import Right
from tests.least_privilege.flows.flow import Broken, Flow
from tests.least_privilege.holders import Holder
from tests.least_privilege.inventory import Entry
from tests.support.stack import Stack

Tell = Callable[[str], None]
# A flow that must work is tried again: a busy machine is no missing right.
ATTEMPTS = 3
SERIAL = re.compile(r"\bLP-[0-9a-f]{8}\b")


class NotSufficient(Exception):
    """A flow does not work although every right is there: nothing can be proven."""


@dataclass(frozen=True)
class Proof:
    """A flow that broke, and how."""

    flow: str
    symptom: str


@contextlib.contextmanager
def without(stack: str, entries: Iterable[Entry]) -> Iterator[None]:
    """Take rights away from everybody in one stack who holds them for the same purpose."""
    taken: dict[int, tuple[Holder, list[Right]]] = {}
    for entry in entries:
        for holder, right in entry.held.get(stack, ()):
            taken.setdefault(id(holder), (holder, []))[1].append(right)
    with contextlib.ExitStack() as stacked:
        for holder, rights in taken.values():
            stacked.enter_context(holder.without(*rights))
        yield


def sufficient(stack: Stack, flows: Iterable[Flow], tell: Tell, when: str) -> None:
    """Let every flow run once.

    Raises:
        NotSufficient: One breaks, again and again.
    """
    for flow in flows:
        tell(f"{when}: {flow.name}")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                flow.run(stack)
                break
            except Broken as broken:
                if attempt == ATTEMPTS:
                    raise NotSufficient(f"{when}: {flow.name}: {broken}") from broken
                time.sleep(1)


def prove(stack: Stack, name: str, entry: Entry, tell: Tell) -> Proof | None:
    """Take one right away and see which of its flows breaks; None: none does.

    What merely did not happen has to stay away twice, and the flow has to work as soon as the right
    is back: what a busy machine does for once proves nothing.

    Raises:
        NotSufficient: It stays broken.
    """
    for flow in entry.flows:
        if flow.stack != name:
            continue
        with without(name, [entry]):
            tell(f"{entry.key.file}, without {entry.key.name}: {flow.name}")
            broken = _breaks(flow, stack)
            if broken and not broken.refused:
                broken = _breaks(flow, stack)
        if broken:
            sufficient(stack, [flow], tell, f"with {entry.key.name} again")
            return Proof(flow.name, SERIAL.sub("SERIAL", str(broken)))
    return None


def _breaks(flow: Flow, stack: Stack) -> Broken | None:
    try:
        flow.run(stack)
    except Broken as broken:
        return broken
    return None


def stale(
    stack: Stack, name: str, flows: list[Flow], entries: list[Entry], tell: Tell
) -> list[Entry]:
    """The entries of documentation that a flow proves to be more than that.

    All of them are taken away at once: where no flow breaks without all, none breaks without one.
    """
    with without(name, entries):
        try:
            sufficient(stack, flows, tell, "without what only the documentation demands")
        except NotSufficient as found:
            tell(str(found))
        else:
            return []
    return [entry for entry in entries if _is_stale(stack, name, flows, entry, tell)]


def _is_stale(stack: Stack, name: str, flows: list[Flow], entry: Entry, tell: Tell) -> bool:
    with without(name, [entry]):
        try:
            sufficient(stack, flows, tell, f"without {entry.key.name}")
        except NotSufficient:
            return True
    return False
