"""How far a caller sees: the locations whose cabinets are there for it (issue 4, "scope by location").

The gate sets the scope of a request, ``cms/store/fenced.py`` and the views of the floor keep to it. What no
request caused, such as the outbox, sees everything. Locations are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """``locations`` are in lower case; None means all of them, and cabinets without a location as well."""

    locations: frozenset[str] | None = None

    @classmethod
    def of(cls, names: Iterable[str]) -> Scope:
        """The scope of somebody who is limited to ``names``; without any, of somebody who is not limited."""
        folded = frozenset(name.casefold() for name in names)
        return cls(folded) if folded else EVERYWHERE

    @property
    def whole(self) -> bool:
        return self.locations is None

    def holds(self, location: str) -> bool:
        return self.locations is None or location.casefold() in self.locations

    def within(self, other: Scope) -> Scope:
        """What both see: nothing where they have no location in common."""
        if self.locations is None or other.locations is None:
            return self if other.locations is None else other
        return Scope(self.locations & other.locations)


EVERYWHERE = Scope()
NOWHERE = Scope(frozenset())

_SCOPE: ContextVar[Scope] = ContextVar("scope", default=EVERYWHERE)


def scope() -> Scope:
    """That of the request under way."""
    return _SCOPE.get()


@contextmanager
def seeing(limits: Scope) -> Iterator[None]:
    """Inside, and in tasks that begin inside, nobody sees further than ``limits``."""
    token = _SCOPE.set(limits)
    try:
        yield
    finally:
        _SCOPE.reset(token)
