"""One YAML file as nodes that know their line, and everything that is wrong with it, gathered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from simulator.errors import FileProblem, FleetFileError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 16

Scalar = str | int | float | bool | None | date

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: its value, and where the key stands."""

    key: yaml.ScalarNode
    value: yaml.Node


class Document:
    """A YAML file that was composed but not yet understood.

    Each reading method takes a node and the field's name in full (`groups[0].count`); where the node is not
    what was wanted it notes that and returns None, so that a reader goes on and finds everything at once.
    """

    def __init__(self, name: str, root: yaml.Node) -> None:
        self.name = name
        self.root = root
        self._problems: list[FileProblem] = []

    def note(self, node: yaml.Node, field: str, wanted: str) -> None:
        """Remember what is wrong with `node`."""
        self._problems.append(FileProblem(self.name, node.start_mark.line + 1, field, wanted))

    def take_over(self, problems: Iterable[FileProblem]) -> None:
        """Remember what is wrong with another file that this one uses."""
        self._problems += problems

    def refuse(self) -> None:
        """Raise everything that was noted, in the order of the file; nothing if nothing was."""
        if self._problems:
            raise FleetFileError(tuple(sorted(self._problems, key=self._place)))

    def _place(self, problem: FileProblem) -> tuple[bool, str, int]:
        return problem.file != self.name, problem.file, problem.line or 0

    def mapping(self, node: yaml.Node, field: str, known: Iterable[str] | None = None) -> dict[str, Entry]:
        """The entries of a mapping; an unknown key, a repeated one and one that is no text are noted."""
        if not isinstance(node, yaml.MappingNode):
            self.note(node, field or "file", f"a mapping was wanted, not {described(node)}")
            return {}
        names = None if known is None else tuple(known)
        found: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.note(key, field or "file", f"a name was wanted as key, not {described(key)}")
                continue
            full = f"{field}.{key.value}" if field else str(key.value)
            if names is not None and key.value not in names:
                self.note(key, full, f"unknown; {', '.join(names)} can be set")
            elif key.value in found:
                line = found[key.value].key.start_mark.line + 1
                self.note(key, full, f"set once was wanted; line {line} sets it too")
            else:
                found[key.value] = Entry(key, value)
        return found

    def items(self, node: yaml.Node, field: str) -> list[yaml.Node]:
        """The items of a list."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.note(node, field, f"a list was wanted, not {described(node)}")
        return []

    def text(self, node: yaml.Node, field: str, *, longest: int, secret: bool = False) -> str | None:
        """Text of 1 to `longest` characters, taken as it is written: `version: 1.10` is "1.10"."""
        if is_text(node) and 1 <= len(node.value.strip()) <= longest and node.value.isprintable():
            return str(node.value)
        seen = "" if secret else f", not {described(node)}"
        self.note(node, field, f"text of 1 to {longest} characters was wanted{seen}")
        return None

    def whole(self, node: yaml.Node, field: str, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`."""
        value = scalar(node)
        if type(value) is int and low <= value <= high:
            return value
        wanted = f"a whole number from {low} to {high} was wanted, not {described(node)}"
        self.note(node, field, wanted)
        return None


def read_document(path: Path) -> Document:
    """The YAML document in `path`; FleetFileError, with the line where there is one, if it can't be read."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise _unreadable(path, None, exc.strerror or str(exc)) from exc
    if len(data) > MAX_BYTES:
        raise _unreadable(path, None, f"at most {MAX_BYTES // 1024} KiB were wanted, not {len(data)} bytes")
    return compose(str(path), data)


def compose(name: str, data: bytes) -> Document:
    """The document that `data` spells. Anchors, aliases, tags and deep nesting are refused before anything is
    built of them.
    """
    path = Path(name)
    try:
        text = data.decode()
        _refuse_tricks(path, text)
        root = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError as exc:
        raise _unreadable(path, data.count(b"\n", 0, exc.start) + 1, "text in UTF-8 was wanted") from exc
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else None
        raise _unreadable(path, line, f"YAML was wanted: {exc.problem or exc.context}") from exc
    except yaml.YAMLError as exc:
        raise _unreadable(path, None, f"YAML was wanted: {' '.join(str(exc).split())}") from exc
    if root is None:
        raise _unreadable(path, None, "a mapping was wanted, but the file is empty")
    return Document(name, root)


def scalar(node: yaml.Node) -> Scalar | list[object] | dict[str, object]:
    """What YAML reads a plain value as; an empty list or mapping stands for any."""
    if isinstance(node, yaml.ScalarNode):
        try:
            value: Scalar = SafeConstructor().construct_object(node)
        except ValueError:
            return str(node.value)
        return value
    return [] if isinstance(node, yaml.SequenceNode) else {}


def plain(node: yaml.Node) -> Any:
    """What YAML reads `node` as, lists and mappings included."""
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): plain(value) for key, value in node.value}
    return scalar(node)


def is_text(node: yaml.Node) -> bool:
    """Whether `node` can be taken as text: a value of any kind, but for nothing at all."""
    return isinstance(node, yaml.ScalarNode) and scalar(node) is not None


def described(node: yaml.Node) -> str:
    """`node` in words, short."""
    if not isinstance(node, yaml.ScalarNode):
        return "a mapping" if isinstance(node, yaml.MappingNode) else "a list"
    value = scalar(node)
    if value is None:
        return "nothing"
    if len(node.value) > _SHOWN:
        return f"{len(node.value)} characters"
    return ascii(node.value) if isinstance(value, str) else str(node.value)


def _refuse_tricks(path: Path, text: str) -> None:
    """What a fleet file has no use for and a hostile one lives by."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = None if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _unreadable(path, line, "plain values were wanted, not an anchor or alias (& or *)")
        if (tag := getattr(event, "tag", None)) is not None:
            raise _unreadable(path, line, f"plain values were wanted, not the tag {tag!a}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _unreadable(path, line, f"at most {MAX_DEPTH} levels of nesting were wanted")


def _unreadable(path: Path, line: int | None, wanted: str) -> FleetFileError:
    return FleetFileError((FileProblem(str(path), line, "file", wanted),))
