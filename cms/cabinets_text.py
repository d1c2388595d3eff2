"""Cabinets as a text that can be taken to another place: YAML, JSON or CSV (contract, section 7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from cms.cabinet import Cabinet
from cms.cabinets_csv import cabinet_row, compose_csv, csv_text
from cms.cabinets_file import parse_cabinets
from cms.yaml_node import Node, Problems, compose

MEDIA: Mapping[str, str] = {"yaml": "application/yaml", "json": "application/json", "csv": "text/csv"}
"""The formats, and what HTTP calls each."""

_FIRST = ("id", "relayId", "name", "location", "assetNumber", "serialNumber", "game")
_NOT_TAKEN = ("revision", "updatedAt")


def written(cabinets: Iterable[Cabinet], form: str, *, secrets: bool = False) -> str:
    """``cabinets`` as text; secrets are ``***`` unless they are wanted."""
    documents = [_document(cabinet, secrets) for cabinet in cabinets]
    if form == "csv":
        rows = [cabinet_row(document) for document in documents]
        names = {name for row in rows for name in row if name not in _FIRST}
        return csv_text((*_FIRST, *sorted(names)), rows)
    if form == "json":
        return json.dumps({"cabinets": documents}, ensure_ascii=False, indent=1) + "\n"
    return yaml.safe_dump({"cabinets": documents}, sort_keys=False, allow_unicode=True)


def read(text: str, form: str, name: str) -> list[Cabinet]:
    """The cabinets in ``text``; ``name`` is what errors call it. CabinetsError with every fault at once."""
    return parse_cabinets(text, name, _COMPOSE[form])


def form_of(file: str) -> str | None:
    """The format that a file's name promises."""
    ending = file.rpartition(".")[2].lower()
    return "yaml" if ending == "yml" else ending if ending in MEDIA else None


def _document(cabinet: Cabinet, secrets: bool) -> dict[str, Any]:
    document = cabinet.to_document()
    if secrets:
        document["smibConfig"] = {part: dict(values) for part, values in cabinet.smib_config.items()}
    return {name: value for name, value in document.items() if value and name not in _NOT_TAKEN}


def _compose_json(text: str, problems: Problems) -> Node | None:
    """JSON is YAML but for tabs between, and escapes inside, its texts."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        problems.note(exc.lineno, "file", f"JSON was wanted: {exc.msg}")
        return None
    except (ValueError, RecursionError):
        problems.note(1, "file", "JSON was wanted: it is nested too deep, or a number in it is too long")
        return None
    if "\t" in text or "\\" in text:
        text = json.dumps(value, ensure_ascii=False, indent=1)
    return compose(text, problems)


_COMPOSE: Mapping[str, Callable[[str, Problems], Node | None]] = {
    "yaml": compose,
    "json": _compose_json,
    "csv": compose_csv,
}
