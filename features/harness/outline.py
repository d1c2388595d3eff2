"""The scenarios of one feature file as the Gherkin parser sees them, each example row rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"<([^<>\n]+)>")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One step: ``kind`` is Context, Action or Outcome, inherited by And and But. ``attached`` names what
    stands below it, ``docstring`` or ``datatable``, whose texts ``below`` holds."""

    line: int
    kind: str
    text: str
    attached: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text, *self.below)


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario or outline. ``own`` are its steps, ``sentences`` those of its backgrounds before them."""

    name: str
    line: int
    tags: tuple[str, ...]
    own: tuple[Sentence, ...]
    sentences: tuple[Sentence, ...]
    outline: bool
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    example_tags: tuple[str, ...]

    def rendered(self) -> Iterator[Sentence]:
        """Every step of every example row, as pytest-bdd will look for it."""
        for row in self.rows or ({},):
            for one in self.sentences:
                yield Sentence(one.line, one.kind, _render(one.text, row), one.attached, one.below)


def cases(feature: Mapping[str, Any]) -> Iterator[Case]:
    """Every scenario of a parsed feature, those inside rules too."""
    yield from _cases(feature, tuple(_tag_names(feature)), ())


def _cases(parent: Mapping[str, Any], tags: tuple[str, ...], before: tuple[Sentence, ...]) -> Iterator[Case]:
    for child in parent["children"]:
        if "background" in child:
            before = (*before, *_sentences(child["background"]))
        elif "rule" in child:
            yield from _cases(child["rule"], (*tags, *_tag_names(child["rule"])), before)
        else:
            yield _case(child["scenario"], tags, before)


def _case(scenario: Mapping[str, Any], tags: tuple[str, ...], before: tuple[Sentence, ...]) -> Case:
    own = tuple(_sentences(scenario))
    tables = scenario["examples"]
    heads = [
        [cell["value"] for cell in table["tableHeader"]["cells"]]
        for table in tables
        if table.get("tableHeader")
    ]
    return Case(
        name=scenario["name"],
        line=scenario["location"]["line"],
        tags=(*tags, *_tag_names(scenario)),
        own=own,
        sentences=(*before, *own),
        outline=bool(tables) or scenario["keyword"].strip() in ("Scenario Outline", "Scenario Template"),
        columns=tuple(dict.fromkeys(name for head in heads for name in head)),
        rows=tuple(row for table in tables for row in _rows(table)),
        example_tags=tuple(name for table in tables for name in _tag_names(table)),
    )


def _rows(table: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    if table.get("tableHeader"):
        names = [cell["value"] for cell in table["tableHeader"]["cells"]]
        for row in table.get("tableBody", ()):
            yield dict(zip(names, (cell["value"] for cell in row["cells"]), strict=True))


def _sentences(parent: Mapping[str, Any]) -> Iterator[Sentence]:
    kind = "Context"
    for step in parent["steps"]:
        kind = kind if step["keywordType"] == "Conjunction" else step["keywordType"]
        attached, below = [], []
        if "docString" in step:
            attached.append("docstring")
            below.append(step["docString"]["content"])
        if "dataTable" in step:
            attached.append("datatable")
            below += [cell["value"] for row in step["dataTable"]["rows"] for cell in row["cells"]]
        yield Sentence(step["location"]["line"], kind, step["text"], tuple(attached), tuple(below))


def _tag_names(node: Mapping[str, Any]) -> Iterator[str]:
    return (tag["name"].removeprefix("@") for tag in node["tags"])


def _render(text: str, row: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: row.get(match[1], match[0]), text)
