"""Reads subject files (YAML), strictly: every problem at once, with its file, line and field."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from features.harness.errors import SubjectFileError
from features.harness.floor import Cabinet
from features.harness.process import ROOT
from features.harness.subject import (
    CAPABILITIES,
    CMS,
    PLACEHOLDERS,
    ROLES,
    SMIB,
    Subject,
    Timing,
    placeholders,
)
from wire.errors import RelayIdError
from wire.relay import canonical_relay_id

LARGEST = 1024 * 1024
"""Bytes of a file that are read."""

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    field: str
    sentence: str


Problems = Iterator[Problem]


def read_subject(path: Path) -> Subject:
    """The subject in ``path``; SubjectFileError, naming all that is wrong, where it can't be one."""
    node = _parsed(path)
    found = list(_FILE.problems(node, ""))
    if isinstance(node, MappingNode) and not found:
        found = list(_together(node))
    if found:
        raise SubjectFileError(path, [(one.line, one.field, one.sentence) for one in found])
    return _made(path, _value(node))


def _parsed(path: Path) -> Node:
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise SubjectFileError(path, [(0, "", f"it can't be read: {exc.strerror or exc}")]) from exc
    if len(raw) > LARGEST:
        raise SubjectFileError(path, [(0, "", f"at most {LARGEST} bytes were wanted, not {len(raw)}")])
    try:
        node = yaml.compose(raw.decode("utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 0
        raise SubjectFileError(path, [(line, "", f"no YAML: {exc.problem}")]) from exc
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        raise SubjectFileError(path, [(0, "", f"no YAML: {str(exc) or 'nested too deep'}")]) from exc
    if node is None:
        raise SubjectFileError(path, [(1, "", "it is empty; subject: cms or subject: smib was wanted")])
    return node


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a node must be. ``check`` gives the sentence of what is wrong with its value, empty where
    nothing is."""

    words: str
    check: Callable[[Any], str]

    def problems(self, node: Node, field: str) -> Problems:
        sentence = f"{self.words} was wanted" if isinstance(node, MappingNode | SequenceNode) else ""
        sentence = sentence or self.check(_value(node))
        if sentence:
            yield Problem(_line(node), field, sentence)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of ``item``; ``least`` of them."""

    item: Wanted | Table
    least: int = 1

    def problems(self, node: Node, field: str) -> Problems:
        if not isinstance(node, SequenceNode):
            yield Problem(_line(node), field, f"a list was wanted, not {_short(node)}")
            return
        if len(node.value) < self.least:
            yield Problem(_line(node), field, "a list that is not empty was wanted")
        for at, item in enumerate(node.value):
            yield from self.item.problems(item, f"{field}[{at}]")


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping. ``fields`` None allows any name, each value as ``other``."""

    fields: Mapping[str, Wanted | Listed | Table] | None = None
    other: Wanted | None = None
    required: tuple[str, ...] = ()

    def problems(self, node: Node, field: str) -> Problems:
        if not isinstance(node, MappingNode):
            yield Problem(_line(node), field, f"a mapping was wanted, not {_short(node)}")
            return
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            place = f"{field}.{name}" if field else name
            if name in seen:
                yield Problem(_line(key), place, "it stands twice")
            seen.add(name)
            yield from self._of(name, key, value, place)
        for name in self.required:
            if name not in seen:
                yield Problem(_line(node), f"{field}.{name}" if field else name, "it is missing")

    def _of(self, name: str, key: Node, value: Node, place: str) -> Problems:
        wanted = self.other if self.fields is None else self.fields.get(name)
        if wanted is None:
            known = ", ".join(self.fields or ())
            yield Problem(_line(key), place, f"it is unknown; known are {known}")
        else:
            yield from wanted.problems(value, place)


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else f"text was wanted, not {_shown(value)}"


def _setting(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return f"text or a whole number was wanted, not {_shown(value)}"
    return _unfilled(str(value))


def _unfilled(text: str) -> str:
    unknown = [name for name in placeholders(text) if name not in PLACEHOLDERS]
    return f"{{{unknown[0]}}} is unknown; known are {', '.join(PLACEHOLDERS)}" if unknown else ""


def _command(value: Any) -> str:
    if sentence := _text(value):
        return sentence
    try:
        shlex.split(value)
    except ValueError as exc:
        return f"a command line was wanted: {exc}"
    return _unfilled(value)


def _url(value: Any) -> str:
    if sentence := _text(value) or _unfilled(str(value)):
        return sentence
    try:
        parts = urlsplit(value.replace("{port}", "1").replace("{host}", "h"))
        good = parts.scheme == "http" and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    return "" if good else f"a URL such as http://127.0.0.1:{{port}} was wanted, not {_shown(value)}"


def _path(value: Any) -> str:
    return (
        "" if isinstance(value, str) and value.startswith("/") else f"a path was wanted, not {_shown(value)}"
    )


def _relay(value: Any) -> str:
    if not isinstance(value, str):
        return f"a relay id in quotes was wanted, not {_shown(value)}"
    try:
        canonical_relay_id(value)
    except RelayIdError as exc:
        return str(exc)
    return ""


def _capability(value: Any) -> str:
    if value in CAPABILITIES:
        return ""
    return f"a capability was wanted, not {_shown(value)}; known are {', '.join(CAPABILITIES)}"


def _role(value: Any) -> str:
    return "" if value in ROLES else f"cms or smib was wanted, not {_shown(value)}"


def _seconds(value: Any) -> str:
    good = not isinstance(value, bool) and isinstance(value, int | float) and 0 < value < math.inf
    return "" if good else f"a number above 0 was wanted, not {_shown(value)}"


_TEXT = Wanted("text", _text)
_RELAY = Wanted("a relay id", _relay)
_SECONDS = Wanted("a number above 0", _seconds)
_FILE = Table(
    {
        "subject": Wanted("cms or smib", _role),
        "name": _TEXT,
        "url": Wanted("a URL", _url),
        "relays": Listed(_RELAY),
        "start": Wanted("a command line", _command),
        "env": Table(other=Wanted("text", _setting)),
        "ready": Wanted("a path", _path),
        "headers": Table(other=_TEXT),
        "cabinets": Listed(Table({"id": _RELAY, "relayId": _RELAY}, required=("id", "relayId"))),
        "capabilities": Listed(Wanted("a capability", _capability)),
        "timing": Table({"answer_s": _SECONDS, "heartbeat_s": _SECONDS, "slack": _SECONDS}),
    },
    required=("subject", "name"),
)
_OF_CMS = ("url", "ready", "headers", "cabinets")
_OF_SMIB = ("relays",)


def _together(node: MappingNode) -> Problems:
    """What only shows when the fields are seen together."""
    lines = {key.value: _line(key) for key, _ in node.value}
    content = _value(node)
    role, other = content["subject"], {CMS: _OF_SMIB, SMIB: _OF_CMS}[content["subject"]]
    for name in other:
        if name in content:
            yield Problem(lines[name], name, f"a {role} has no {name}")
    if role == CMS and "url" not in content:
        yield Problem(_line(node), "url", "it is missing: a cms is found by its url")
    if role == SMIB and "relays" not in content and not _gets_relays(content):
        yield Problem(_line(node), "relays", "it is missing: SMIBs are found by their relay ids")
    if "start" not in content:
        for name in ("env",):
            if name in content:
                yield Problem(lines[name], name, "only what is started (start) can be told it")
        if any(placeholders(content.get("url", ""))):
            yield Problem(lines["url"], "url", "only what is started (start) can be given a port")
    if "core" not in content.get("capabilities", ["core"]):
        yield Problem(lines["capabilities"], "capabilities", "core was wanted among them")


def _gets_relays(content: Mapping[str, Any]) -> bool:
    told = [content.get("start", ""), *map(str, content.get("env", {}).values())]
    return any(name in ("relay", "relays", "fleet") for text in told for name in placeholders(text))


def _made(path: Path, content: Mapping[str, Any]) -> Subject:
    seats = tuple(
        Cabinet(one["id"], canonical_relay_id(one["relayId"])) for one in content.get("cabinets", ())
    )
    folder = path.resolve().parent
    return Subject(
        role=content["subject"],
        name=content["name"],
        url=content.get("url", "").rstrip("/"),
        relays=tuple(canonical_relay_id(one) for one in content.get("relays", ())),
        start=content.get("start", ""),
        env={name: str(value) for name, value in content.get("env", {}).items()},
        ready=content.get("ready", ""),
        headers=content.get("headers", {}),
        cabinets=seats,
        capabilities=tuple(dict.fromkeys(content.get("capabilities", ("core",)))),
        timing=Timing(**{name: float(value) for name, value in content.get("timing", {}).items()}),
        folder="" if folder.is_relative_to(ROOT) else str(folder),
    )


def _value(node: Node) -> Any:
    """What a node that was composed means."""
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as exc:
        return exc
    finally:
        loader.dispose()


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _short(node: Node) -> str:
    return _shown(_value(node))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
