"""A JSON object or a query, read field by field; whatever is wrong is a RequestError that names the field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request

from cms.cabinet import CABINET_ID_WANTED, is_cabinet_id
from cms.errors import RequestError
from wire.components import COMPONENTS
from wire.errors import MessageError, Problem, RelayIdError
from wire.jsontext import json_type
from wire.relay import canonical_relay_id
from wire.timestamps import parse_timestamp

WAIT_LIMIT_S = 30.0


class Form:
    """What a caller sent, by field. Only the fields in ``known`` may be there, whatever they hold."""

    def __init__(self, fields: Mapping[str, Any], known: Iterable[str]) -> None:
        names = tuple(known)
        unknown = [name for name in fields if name not in names]
        if unknown:
            wanted = f"unknown, {', '.join(names)} can be given"
            raise RequestError.of([Problem(bare(name), wanted) for name in unknown[:10]])
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def relay_id(self, name: str = "relayId", default: str | None = None) -> str:
        """The relay id in its canonical form (section 1)."""
        if name not in self._fields and default is not None:
            return default
        try:
            return canonical_relay_id(self.text(name))
        except RelayIdError as exc:
            raise RequestError(name, str(exc).partition(": ")[2]) from exc

    def component(self, name: str = "component") -> str:
        """The name of one of the five components (section 3)."""
        return self.one_of(name, COMPONENTS)

    def one_of(self, name: str, words: Iterable[str]) -> str:
        """One of ``words``, spelled exactly so."""
        value = self._fields.get(name)
        if isinstance(value, str) and value in words:
            return value
        raise RequestError(name, f"one of {', '.join(words)} was wanted{self._not(name)}")

    def text(self, name: str) -> str:
        """A string, of any length."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise RequestError(name, f"a string was wanted{self._not(name)}")
        return value

    def flag(self, name: str) -> bool:
        value = self._fields.get(name)
        if not isinstance(value, bool):
            raise RequestError(name, f"true or false was wanted{self._not(name)}")
        return value

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._fields.get(name)
        if type(value) is not int or not low <= value <= high:
            raise RequestError(name, f"a whole number from {low} to {high} was wanted{self._not(name)}")
        return value

    def list(self, name: str) -> list[Any]:
        """A list, of any content."""
        value = self._fields.get(name)
        if not isinstance(value, list):
            raise RequestError(name, f"a list was wanted{self._not(name)}")
        return value

    def object(self, name: str) -> dict[str, Any]:
        """An object, of any content."""
        value = self._fields.get(name)
        if not isinstance(value, dict):
            raise RequestError(name, f"an object was wanted{self._not(name)}")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self else None

    def cabinet_id(self, name: str = "cabinetId") -> str:
        """A cabinet's id; it may be well-formed and yet nobody's."""
        if name not in self:
            raise RequestError(name, f"{CABINET_ID_WANTED} were wanted, not nothing")
        return cabinet_id(self.text(name), name)

    def _not(self, name: str) -> str:
        if name not in self._fields:
            return ", not nothing"
        value = self._fields[name]
        return f", not {shown(value)}" if isinstance(value, str) else f", not {json_type(value)}"


class Query(Form):
    """The query of a request; strict.py refuses what an endpoint does not know."""

    def __init__(self, request: Request, known: Iterable[str]) -> None:
        names = tuple(known)
        given = [(name, value) for name, value in request.query_params.multi_items() if name in names]
        fields = dict(given)
        if len(fields) != len(given):
            twice = next(name for name in fields if sum(name == other for other, _ in given) > 1)
            raise RequestError(twice, "it was wanted once, not several times")
        super().__init__(fields, names)

    def seconds(self, name: str) -> float | None:
        """More than 0 and at most 30 seconds, None where the query does not say."""
        if name not in self:
            return None
        try:
            value = float(self.text(name))
        except ValueError:
            value = math.nan
        if not 0 < value <= WAIT_LIMIT_S:
            raise RequestError(
                name, f"seconds, more than 0 and at most {WAIT_LIMIT_S:g}, were wanted{self._not(name)}"
            )
        return value

    def boolean(self, name: str) -> bool | None:
        """``true`` or ``false``, None where the query does not say."""
        return self.one_of(name, ("true", "false")) == "true" if name in self else None

    def number(self, name: str, low: int, high: int) -> int | None:
        """A whole number from ``low`` to ``high``, None where the query does not say."""
        if name not in self:
            return None
        text = self.text(name)
        if not (text.isascii() and text.isdecimal() and len(text) <= 18 and low <= int(text) <= high):
            raise RequestError(name, f"a whole number from {low} to {high} was wanted{self._not(name)}")
        return int(text)

    def moment(self, name: str) -> int | None:
        """A moment in ISO 8601 with its zone, in milliseconds since 1970; None where the query has none."""
        if name not in self:
            return None
        try:
            return parse_timestamp(self.text(name).replace(" ", "+"))  # an unescaped + arrives as a blank
        except (MessageError, OverflowError) as exc:
            wanted = "ISO 8601 with a time zone was wanted, as 2025-10-26T10:30:00.000Z"
            raise RequestError(name, f"{wanted}{self._not(name)}") from exc


def cabinet_id(text: str, name: str = "cabinetId") -> str:
    """``text``, where it can be the id of a cabinet (section 1)."""
    if not is_cabinet_id(text):
        raise RequestError(name, f"{CABINET_ID_WANTED} were wanted, not {shown(text)}")
    return text


def bare(name: str) -> str:
    """The name of a field as it may stand in a sentence."""
    return name if name.isidentifier() and len(name) <= 64 else shown(name)


def shown(text: str) -> str:
    """``text`` as it may stand in a sentence: in ASCII, quoted, not too long."""
    return json.dumps(text) if len(text) <= 80 else f"{len(text)} characters"
