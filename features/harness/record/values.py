"""A JSON object of a record, read field by field: every value of another kind is a RecordError that names
it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from features.harness.errors import RecordError

T = TypeVar("T")

SHOWN = 60


class Values:
    """``where`` names the object in a sentence. A field that is not there has its default; without one it is
    wanted. Fields that nobody reads are left alone: a newer harness may have written them."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise RecordError(f"{where}: a JSON object was wanted, not {_short(value)}")
        self._value = value
        self._where = where

    def text(self, name: str, default: str | None = None) -> str:
        found: str = self._of(name, str, "text", default)
        return found

    def flag(self, name: str, default: bool | None = None) -> bool:
        found: bool = self._of(name, bool, "true or false", default)
        return found

    def whole(self, name: str, default: int | None = None) -> int:
        found: int = self._of(name, int, "a whole number", default)
        if isinstance(found, bool):
            self._refuse(name, "a whole number")
        return found

    def number(self, name: str, default: float | None = None) -> float:
        found = self._of(name, (int, float), "a number", default)
        if isinstance(found, bool) or not math.isfinite(found):
            self._refuse(name, "a number")
        return float(found)

    def texts(self, name: str) -> tuple[str, ...]:
        found = self._of(name, list, "a list of texts", [])
        if not all(isinstance(item, str) for item in found):
            self._refuse(name, "a list of texts")
        return tuple(found)

    def mapping(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._of(name, dict, "an object", {})
        return found

    def parts(self, name: str, make: Callable[[Values], T]) -> tuple[T, ...]:
        """A list of objects, each read by ``make``."""
        found = self._of(name, list, "a list", [])
        return tuple(make(Values(item, f"{self._where}.{name}[{at}]")) for at, item in enumerate(found))

    def part(self, name: str, make: Callable[[Values], T]) -> T:
        """An object, read by ``make``; an empty one where there is none."""
        return make(Values(self.mapping(name), f"{self._where}.{name}"))

    def _of(self, name: str, kind: Any, wanted: str, default: Any) -> Any:
        found = self._value.get(name, default)
        return found if isinstance(found, kind) else self._refuse(name, wanted)

    def _refuse(self, name: str, wanted: str) -> Any:
        found = _short(self._value[name]) if name in self._value else "nothing"
        raise RecordError(f"{self._where}.{name}: {wanted} was wanted, not {found}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
