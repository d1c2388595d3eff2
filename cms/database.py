"""Which storage engine CMS_DATABASE means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from limits.aio.storage import MemoryStorage, Storage

from cms.store.file_lock import locked
from cms.store.mongodb_address import is_mongodb, mongo_address
from cms.store.sqlite import MEMORY, SqliteStore
from cms.store.store import Store
from cms.vault import Vault


def store_at(database: str, *, clock_ms: Callable[[], int], keys: Sequence[bytes] = ()) -> Store:
    """The store that ``database`` names, not open yet: mongodb://…/name, a SQLite file, ``:memory:``.

    ``keys`` seal and open the secrets in it. SettingError for a MongoDB URI without a database.
    """
    vault = Vault(keys)
    if is_mongodb(database):
        from cms.store.mongodb import MongoStore  # a quarter of a second of libraries: SQLite does without

        return MongoStore(database, clock_ms=clock_ms, vault=vault)
    return SqliteStore(database, clock_ms=clock_ms, vault=vault)


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is, and with which keys to its secrets."""

    uri: str = field(repr=False)
    keys: tuple[bytes, ...] = field(default=(), repr=False)

    def store(self, clock_ms: Callable[[], int]) -> Store:
        return store_at(self.uri, clock_ms=clock_ms, keys=self.keys)


def counters_of(store: Store) -> Storage:
    """Where limits are counted: by all processes that share ``store`` together, else in this one alone."""
    if not store.shared:
        return MemoryStorage()
    from cms.store.mongodb import MongoStore
    from cms.store.mongodb_counters import Counters

    assert isinstance(store, MongoStore)
    return Counters(store.link)


def shown(database: str) -> str:
    """``database`` as anybody may see it: without credentials."""
    return str(mongo_address(database)) if is_mongodb(database) else database


def file_of(database: str) -> Path | None:
    """The file that it is, None where it is none of this machine."""
    return None if is_mongodb(database) or database == MEMORY else Path(database)


def held(database: str) -> AbstractContextManager[None]:
    """While inside, no other service uses a ``database`` that is for one; StoreError where one does."""
    file = file_of(database)
    return nullcontext() if file is None else locked(file)
