"""Tables as CSV, safe to open in a spreadsheet, and cabinets in one.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, which reading takes away. The
columns of a cabinet are its texts, ``smibVersion.NAME`` and ``smibConfig.COMPONENT.FIELD``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from cms.yaml_node import MAX_CHARACTERS, Node, Problems
from wire.components import COMPONENTS

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_MAP, _SEQ, _STR, _INT = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int"))


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table with a line of ``columns``; what a row does not have is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([safe_cell(name) for name in columns])
    writer.writerows([safe_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def safe_cell(value: Any) -> str:
    """``value`` as a spreadsheet shows it and never computes it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) or _is_escaped(text) else text


def plain_cell(text: str) -> str:
    """What safe_cell() was given."""
    return text[1:] if _is_escaped(text) else text


def _is_escaped(text: str) -> bool:
    return text.startswith("'") and text.lstrip("'").startswith(FORMULA)


def cabinet_row(document: Mapping[str, Any]) -> dict[str, Any]:
    """A cabinet's document as a flat row."""
    row = {name: value for name, value in document.items() if not isinstance(value, Mapping)}
    versions = {f"smibVersion.{name}": value for name, value in document.get("smibVersion", {}).items()}
    config = {
        f"smibConfig.{part}.{name}": value
        for part, values in document.get("smibConfig", {}).items()
        for name, value in values.items()
    }
    return {**row, **versions, **config}


def compose_csv(text: str, problems: Problems) -> Node | None:
    """The cabinets in a table, as the tree that the YAML of the same cabinets gives."""
    if len(text) > MAX_CHARACTERS:
        problems.note(1, "file", f"at most {MAX_CHARACTERS} characters were wanted, not {len(text)}")
        return None
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=_delimiter(text))
    items: list[yaml.Node] = []
    try:
        header = [plain_cell(name.strip()) for name in next(reader, [])]
        if "id" not in header or len(set(header)) < len(header):
            problems.note(1, "file", "a first line that names each column once, id among them, was wanted")
            return None
        line = reader.line_num
        for cells in reader:
            if any(cells):
                items.append(_row(header, cells, line, problems))
            line = reader.line_num
    except csv.Error as exc:
        problems.note(reader.line_num, "file", f"CSV was wanted: {exc}")
        return None
    listed = yaml.SequenceNode(_SEQ, items, _mark(0), _mark(0))
    root = yaml.MappingNode(_MAP, [(_scalar(_STR, "cabinets", 0), listed)], _mark(0), _mark(0))
    return Node(root, "", problems)


def _delimiter(text: str) -> str:
    """Spreadsheets in half the world separate by semicolons."""
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _row(header: Sequence[str], cells: Sequence[str], line: int, problems: Problems) -> yaml.Node:
    if len(cells) > len(header):
        problems.note(line + 1, "line", f"{len(header)} cells were wanted, not {len(cells)}")
    tree: dict[str, Any] = {}
    for name, cell in zip(header, map(plain_cell, cells), strict=False):
        if cell:
            _put(tree, name, cell)
    return _node(tree, (), line)


def _put(tree: dict[str, Any], name: str, cell: str) -> None:
    *parents, leaf = name.split(".", 1 if name.startswith("smibVersion.") else 2)
    for parent in parents:
        below = tree.setdefault(parent, {})
        tree = below if isinstance(below, dict) else {}
    tree[leaf] = cell


def _node(value: Any, place: tuple[str, ...], line: int) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [(_scalar(_STR, name, line), _node(v, (*place, name), line)) for name, v in value.items()]
        return yaml.MappingNode(_MAP, pairs, _mark(line), _mark(line))
    return _scalar(_INT if _is_number(place) and value.isdecimal() else _STR, value, line)


def _is_number(place: tuple[str, ...]) -> bool:
    component = COMPONENTS.get(place[1]) if len(place) == 3 else None
    field = None if component is None else component.field(place[2])
    return field is not None and field.type is int


def _scalar(tag: str, value: str, line: int) -> yaml.ScalarNode:
    return yaml.ScalarNode(tag, value, _mark(line), _mark(line))


def _mark(line: int) -> yaml.Mark:
    return yaml.Mark("table", 0, line, 0, None, 0)
