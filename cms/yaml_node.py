"""A place in a YAML file that knows its line and its name, and where to say what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

MAX_CHARACTERS = 8 * 1024 * 1024
MAX_TEXT = 256

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast


@dataclass(slots=True)
class Problems:
    """What is wrong with one file, each as ``file:line: field: wanted``."""

    file: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def note(self, line: int, place: str, wanted: str) -> None:
        self.found.append((line, f"{self.file}:{line}: {place}: {wanted}"))

    @property
    def sentences(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(sentence for _, sentence in sorted(self.found))


@dataclass(frozen=True, slots=True)
class Node:
    """One value. A method that wants something else than it finds notes it and gives None, or nothing."""

    node: yaml.Node
    place: str
    problems: Problems
    key_line: int | None = None

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1 if self.key_line is None else self.key_line

    def note(self, wanted: str) -> None:
        self.problems.note(self.line, self.place or "file", wanted)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def mapping(self, known: Sequence[str] | None = None) -> dict[str, Node]:
        """The values of a mapping by their keys; unknown and repeated keys are noted and left out."""
        if not isinstance(self.node, yaml.MappingNode):
            self.note(f"a mapping was wanted, not {self._kind()}")
            return {}
        found: dict[str, Node] = {}
        for key, value in self.node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            place = f"{self.place}.{name}" if self.place else name
            child = Node(value, place, self.problems, int(key.start_mark.line) + 1)
            if known is not None and name not in known:
                child.note(f"unknown, one of {', '.join(known)} was wanted")
            elif name in found:
                child.note(f"to be given once was wanted, it is given in line {found[name].line} too")
            else:
                found[name] = child
        return found

    def items(self) -> Iterator[Node]:
        """The items of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.note(f"a list was wanted, not {self._kind()}")
            return
        for index, item in enumerate(self.node.value):
            yield Node(item, f"{self.place}[{index}]", self.problems)

    def text(self) -> str | None:
        """Text as it is written, quoted or not: the relay id 012345678901 is no number."""
        if isinstance(self.node, yaml.ScalarNode) and self.value() is not None:
            text = self.written()
            if len(text) <= MAX_TEXT and text.isprintable():
                return text
        self.note(f"text of at most {MAX_TEXT} printable characters was wanted")
        return None

    def written(self) -> str:
        """A scalar as the file spells it."""
        return str(self.node.value)

    def value(self) -> Any:
        """What YAML reads a scalar as; a list or a mapping as an empty one."""
        if not isinstance(self.node, yaml.ScalarNode):
            return [] if isinstance(self.node, yaml.SequenceNode) else {}
        try:
            return SafeConstructor().construct_object(self.node)
        except (ValueError, yaml.YAMLError):
            return str(self.node.value)

    def _kind(self) -> str:
        if isinstance(self.node, yaml.ScalarNode):
            return "nothing" if self.value() is None else "a single value"
        return "a list" if isinstance(self.node, yaml.SequenceNode) else "a mapping"


def compose(text: str, problems: Problems) -> Node | None:
    """The root of the YAML in ``text``; None, and a problem noted, where it is none."""
    if len(text) > MAX_CHARACTERS:
        problems.note(1, "file", f"at most {MAX_CHARACTERS} characters were wanted, not {len(text)}")
        return None
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        problems.note(1 if mark is None else mark.line + 1, "file", f"YAML was wanted: {exc.problem}")
        return None
    except (yaml.YAMLError, RecursionError) as exc:
        problems.note(1, "file", f"YAML was wanted: {' '.join(str(exc).split())}")
        return None
    if root is None:
        problems.note(1, "file", "a mapping was wanted, not an empty file")
        return None
    return Node(root, "", problems)
