"""Which storage engine CMS_DATABASE means."""

from __future__ import annotations

from collections.abc import Callable

from cms.store.sqlite import SqliteStore
from cms.store.store import Store


def store_at(database: str, *, clock_ms: Callable[[], int]) -> Store:
    """The store that ``database`` names, not open yet: the path of a SQLite file, or ``:memory:``."""
    return SqliteStore(database, clock_ms=clock_ms)
