"""The cabinets to start with: a YAML file, or ``cab-1=e831cdfa8384,cab-2=e831cdfa8464`` (section 1).

A file says ``cabinets:``, then a list with ``id`` and ``relayId`` (or ``smibBoard``, its old name), and as
much of ``name location assetNumber serialNumber game smibVersion smibConfig`` as is known. It describes what
is there, no SMIB is sent anything: so ``smibConfig`` may hold the read-only fields of ``app`` too, and a
secret that is ``***``, or a URI with ``:***@`` in it, is one that is not known: an export has these.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cms.cabinet import CABINET_ID_WANTED, TEXTS, Cabinet, is_cabinet_id
from cms.errors import CabinetsError
from cms.mask import resolve_mask
from cms.yaml_node import Node, Problems, compose
from wire.address import MASK
from wire.components import COMPONENTS, Component
from wire.errors import RelayIdError
from wire.fields import Field
from wire.relay import canonical_relay_id

SETTING = "CMS_CABINETS"
RESERVED_IDS = ("export", "import")
"""What stands in the API where a cabinet's id stands too."""

INLINE_WANTED = "cabinet=relay,cabinet=relay"

_KEYS = ("id", "relayId", "smibBoard", *TEXTS, "smibVersion", "smibConfig")


def read_cabinets(setting: str) -> list[Cabinet]:
    """The cabinets that CMS_CABINETS names; CabinetsError with everything that is wrong with them."""
    # os.path, since Path.exists raises for a name that is too long for a file, as a long inline list is.
    if "=" in setting and not os.path.exists(setting):
        return inline_cabinets(setting)
    try:
        text = Path(setting).read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise CabinetsError(SETTING, setting, [f"UTF-8 was wanted, byte {exc.start} of it is not"]) from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        wanted = f"a YAML file, or {INLINE_WANTED}, was wanted: {reason}"
        raise CabinetsError(SETTING, setting, [wanted]) from exc
    return parse_cabinets(text, setting)


def parse_cabinets(
    text: str, file: str, read: Callable[[str, Problems], Node | None] = compose
) -> list[Cabinet]:
    """The cabinets in ``text``, YAML unless ``read`` reads something else; errors call it ``file``."""
    problems = Problems(file)
    root = read(text, problems)
    cabinets: list[Cabinet | None] = []
    if root is not None:
        listed = root.mapping(("cabinets",)).get("cabinets")
        if listed is not None:
            taken = _Taken()
            cabinets = [_cabinet(node, taken) for node in listed.items()]
        elif root.is_mapping:
            problems.note(root.line, "cabinets", "a list was wanted, not nothing")
    if problems.found:
        raise CabinetsError(SETTING, file, problems.sentences)
    return [cabinet for cabinet in cabinets if cabinet is not None]


def inline_cabinets(text: str) -> list[Cabinet]:
    """The cabinets in ``id=relay,id=relay``."""
    taken = _Taken()
    problems: list[str] = []
    cabinets: list[Cabinet] = []
    for number, item in enumerate(text.split(","), start=1):
        cabinet_id, _, relay_id = (part.strip() for part in item.partition("="))
        where = f"item {number}"
        wrong = [taken.id_problem(cabinet_id, where), taken.relay_problem(relay_id, where)]
        problems += [f"{where}: {problem}" for problem in wrong if problem is not None]
        if wrong == [None, None]:
            cabinets.append(Cabinet(cabinet_id, canonical_relay_id(relay_id)))
    if problems:
        raise CabinetsError(SETTING, text, problems)
    return cabinets


@dataclass(slots=True)
class _Taken:
    """The ids and relays seen so far, and where."""

    ids: dict[str, str] = field(default_factory=dict)
    relays: dict[str, str] = field(default_factory=dict)

    def id_problem(self, cabinet_id: str, where: str) -> str | None:
        """What is wrong with ``cabinet_id``; it is taken from now on."""
        if not is_cabinet_id(cabinet_id):
            return f"id: {CABINET_ID_WANTED} were wanted"
        if cabinet_id in RESERVED_IDS:
            return f"id: another id was wanted, {cabinet_id} is an endpoint"
        first = self.ids.setdefault(cabinet_id, where)
        return None if first is where else f"id: {cabinet_id} is given in {first} already"

    def relay_problem(self, relay_id: str, where: str) -> str | None:
        """What is wrong with ``relay_id``, in any spelling; it is taken from now on."""
        try:
            canonical = canonical_relay_id(relay_id)
        except RelayIdError as exc:
            return str(exc)
        first = self.relays.setdefault(canonical, where)
        return None if first is where else f"relayId: {canonical} is given in {first} already"


def _cabinet(node: Node, taken: _Taken) -> Cabinet | None:
    fields = node.mapping(_KEYS)
    if not node.is_mapping:
        return None
    cabinet_id = _identity(node, fields, ("id",), taken)
    relay_id = _identity(node, fields, ("relayId", "smibBoard"), taken)
    texts: dict[str, Any] = {name: fields[key].text() or "" for key, name in TEXTS.items() if key in fields}
    version = _version(fields["smibVersion"]) if "smibVersion" in fields else {}
    config = _config(fields["smibConfig"]) if "smibConfig" in fields else {}
    if cabinet_id is None or relay_id is None:
        return None
    return Cabinet(
        cabinet_id, canonical_relay_id(relay_id), **texts, smib_config=config, smib_version=version
    )


def _identity(node: Node, fields: dict[str, Node], names: tuple[str, ...], taken: _Taken) -> str | None:
    """The text of the one of ``names`` that is given."""
    given = [fields[name] for name in names if name in fields]
    if len(given) != 1:
        found = "not both" if given else "not nothing"
        node.problems.note(
            node.line, f"{node.place}.{names[0]}", f"one {' or '.join(names)} was wanted, {found}"
        )
        return None
    text = given[0].text()
    if text is None:
        return None
    judge = taken.id_problem if names == ("id",) else taken.relay_problem
    problem = judge(text, f"line {given[0].line}")
    if problem is not None:
        given[0].note(problem.partition(": ")[2])
    return text if problem is None else None


def _version(node: Node) -> dict[str, Any]:
    texts = {name: child.text() for name, child in node.mapping().items()}
    return {name: text for name, text in texts.items() if text is not None}


def _config(node: Node) -> dict[str, dict[str, Any]]:
    parts = node.mapping(tuple(COMPONENTS)).items()
    config = {name: _component(COMPONENTS[name], child) for name, child in parts}
    return {name: values for name, values in config.items() if values}


def _component(component: Component, node: Node) -> dict[str, Any]:
    children = node.mapping(tuple(row.name for row in component))
    values = {row.name: _value(children[row.name], row) for row in component if row.name in children}
    plain = {name: value for name, value in values.items() if f":{MASK}@" not in str(value)}
    known = resolve_mask({component.name: plain}, {}).get(component.name, {})
    for row in component:
        if row.name in known and (wanted := _problem(row, known[row.name])) is not None:
            children[row.name].note(wanted)
    return known


def _value(node: Node, row: Field) -> Any:
    """What ``node`` says; where text belongs, as it is written: a password of digits is text."""
    value = node.value()
    return node.written() if row.type is str and isinstance(value, int | float) else value


def _problem(row: Field, value: Any) -> str | None:
    """Why a device can't have ``value`` there; what an update may not set, it may have."""
    if row.read_only:
        return None if type(value) is row.type and row.accepts(value) else f"{row.wanted} was wanted"
    return row.problem(value)
