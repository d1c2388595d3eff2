"""Functions that are told of something, none of which can disturb another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVarTuple

from cms import log

Arguments = TypeVarTuple("Arguments")


class Listeners(Generic[*Arguments]):
    """Called in the order in which they were added; what one raises is logged, the first time it does."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._entries: list[_Entry[*Arguments]] = []

    def add(self, function: Callable[[*Arguments], object]) -> Callable[[], None]:
        """Add ``function``; calling what this gives removes it again."""
        entry = _Entry(function)
        self._entries.append(entry)

        def remove() -> None:
            if entry in self._entries:
                self._entries.remove(entry)

        return remove

    def tell(self, *arguments: *Arguments) -> None:
        """Call them all. Never raises."""
        for entry in tuple(self._entries):
            try:
                entry.function(*arguments)
            except Exception as exc:  # noqa: BLE001 - a stranger's code; what it raises is its own fault
                if not entry.complained:
                    entry.complained = True
                    log.event("!", f"{self._what} failed", error=type(exc).__name__)


class _Entry(Generic[*Arguments]):
    def __init__(self, function: Callable[[*Arguments], object]) -> None:
        self.function = function
        self.complained = False
