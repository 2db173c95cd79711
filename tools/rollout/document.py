"""A YAML file as values that know their lines, and every mistake that YAML itself lets pass.

YAML takes the second of two equal keys, reads `012` as ten and `no` as false. Each of these is told
here or by the schema, with the line and the text that the file has there.
"""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tools.rollout.mistakes import Mistake

Place = tuple[str | int, ...]

_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class Document:
    """What a file says.

    Attributes:
        value: dictionaries, lists, texts, numbers, booleans and None.
        mistakes: what cannot be meant, whatever the schema says.
    """

    value: Any = None
    mistakes: list[Mistake] = field(default_factory=list)
    _lines: dict[Place, int] = field(default_factory=dict)
    _texts: dict[Place, str] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line of a key or a list's item; of what is around it, where it is missing."""
        while place not in self._lines and place:
            place = place[:-1]
        return self._lines.get(place, 1)

    def name(self, place: Place) -> str:
        """Return a place as people say it: an item of a list by its own name, if it has one."""
        around, parts = self.value, []
        for part in place:
            try:
                around = around[part]
            except (IndexError, KeyError, TypeError):
                around = None
            own = around.get("name") if isinstance(around, dict) and isinstance(part, int) else None
            parts.append(own if isinstance(own, str) and own else part)
        return name(tuple(parts))

    def text(self, place: Place) -> str | None:
        """Return a scalar as it is written in the file; None for what is no scalar."""
        return self._texts.get(place)


def read(path: Path) -> Document:
    """Read a file. A file that is no YAML is a document without a value and with one mistake."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        return _unreadable(1, f"The file cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        return _unreadable(1, f"The file is not UTF-8 (byte {error.start}): save it as UTF-8.")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return _unreadable(line, f"This is not YAML: {error.problem or error.context}.")
    except yaml.YAMLError as error:
        return _unreadable(1, f"This is not YAML: {' '.join(str(error).split())}.")
    if node is None:
        return _unreadable(1, "The file is empty: it has to say version, accounts and waves.")
    reader = _Reader()
    value = reader.value(node, ())
    return Document(value, reader.mistakes, reader.lines, reader.texts)


def _unreadable(line: int, sentence: str) -> Document:
    return Document(mistakes=[Mistake(line, sentence)])


class _Reader:
    """Walks the nodes of a document once."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.lines: dict[Place, int] = {}
        self.texts: dict[Place, str] = {}
        self._constructor = yaml.constructor.SafeConstructor()
        self._around: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if any(node is outer for outer in self._around):
            self._tell(node, f"{name(place)} holds itself by an alias: write it out.")
            return None
        self._around.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return dict(self._entries(node, place))
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*place, n)) for n, item in enumerate(node.value)]
            return self._scalar(node, place)
        finally:
            self._around.pop()

    def _entries(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        self._tell_repeated(node, place)
        try:
            self._constructor.flatten_mapping(node)
        except yaml.constructor.ConstructorError as error:
            self._tell(node, f"{name(place)}: {error.problem}.")
        for key, value in node.value:
            if key.tag == _STRING:
                inner = (*place, str(key.value))
                # A merged key is overruled by the mapping's own, whose line is then the last.
                self.lines[inner] = key.start_mark.line + 1
                yield str(key.value), self.value(value, inner)
            elif key.tag != _MERGE:
                self._tell(
                    key,
                    f"The key {_shown(key)} in {name(place)} is not a text to YAML: put it in "
                    "quotes.",
                )

    def _tell_repeated(self, node: yaml.MappingNode, place: Place) -> None:
        first: dict[Hashable, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = first.setdefault(key.value, key.start_mark.line + 1)
            if line != key.start_mark.line + 1:
                inner = name((*place, str(key.value)))
                self._tell(
                    key,
                    f"{inner} is given twice, first in line {line}; YAML would take the second "
                    "silently. Keep one.",
                )

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        self.texts[place] = str(node.value)
        try:
            value = self._constructor.construct_object(node)
        except yaml.constructor.ConstructorError:
            self._tell(
                node, f"{name(place)} has the YAML tag {node.tag}, which means nothing here."
            )
            return None
        except ValueError:
            self._tell(node, f"{name(place)} is {_shown(node)}, which YAML cannot read: quote it.")
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self._tell(node, f"{name(place)} is {_shown(node)}, and JSON has no such number.")
            return None
        if value is None or isinstance(value, str | bool | int | float):
            return value
        self._tell(
            node,
            f"{name(place)} is {_shown(node)}, which YAML reads as a {type(value).__name__}: put "
            "it in quotes.",
        )
        return None

    def _tell(self, node: yaml.Node, sentence: str) -> None:
        self.mistakes.append(Mistake(node.start_mark.line + 1, sentence))


def _shown(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else "a list or a mapping"


def name(place: Place) -> str:
    """Return a place as people say it: `accounts.pilot.regions.#2`."""
    if not place:
        return "The manifest"
    return ".".join(f"#{part + 1}" if isinstance(part, int) else part for part in place)
