"""The embedded storage: one SQLite file, WAL, one thread that writes and one that reads.

An answer means that the order is on the disk (``synchronous=FULL``); group commit makes that affordable.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cms.cabinet import Cabinet, ConfigChange, is_cabinet_id, natural_key
from cms.errors import EditConflict, RelayTaken, StoreError, UnknownCabinet
from cms.mask import resolve_mask
from cms.store.document import cabinet_document, cabinet_from, entry_document, entry_from
from cms.store.entry import CommandOrder, OutboxEntry, entries_of
from cms.store.migrations import migrate
from cms.store.store import Ordered
from cms.store.worker import Worker
from wire.jsontext import to_bytes
from wire.orders import ConfigUpdate
from wire.relay import canonical_relay_id

MEMORY = ":memory:"
BUSY_SECONDS = 2.0
"""How long an order waits for another program that holds the file."""


class SqliteStore:
    """A Store in the file ``path``, which is made, with its folder, where it is missing.

    ``:memory:`` is gone with ``close()``. ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(self, path: str | Path, *, clock_ms: Callable[[], int]) -> None:
        self._path = str(path)
        self._clock_ms = clock_ms
        self._writer = Worker(self._connect_writer, self._path, writes=True)
        # A database in memory exists in one connection only.
        in_memory = self._path == MEMORY
        self._reader = self._writer if in_memory else Worker(self._connect_reader, self._path, writes=False)

    async def open(self) -> None:
        await self._writer.start()
        if self._reader is self._writer:
            return
        try:
            await self._reader.start()
        except BaseException:
            await self._writer.stop()
            raise

    async def close(self) -> None:
        await self._reader.stop()
        await self._writer.stop()

    async def cabinet(self, cabinet_id: str) -> Cabinet | None:
        return await self._reader.run(lambda db: _cabinet(db, cabinet_id))

    async def cabinets(self) -> list[Cabinet]:
        found = await self._reader.run(_cabinets)
        return sorted(found, key=lambda cabinet: natural_key(cabinet.id))

    async def cabinet_of_relay(self, relay_id: str) -> Cabinet | None:
        canonical = canonical_relay_id(relay_id)
        return await self._reader.run(lambda db: _cabinet_of_relay(db, canonical))

    async def add_cabinets(self, cabinets: Sequence[Cabinet]) -> int:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sum(_add(db, cabinet, now_ms) for cabinet in cabinets))

    async def order(
        self,
        cabinet_id: str,
        change: ConfigChange,
        command: CommandOrder | None = None,
        expected_revision: int | None = None,
    ) -> Ordered:
        now_ms = self._clock_ms()
        return await self._writer.run(
            lambda db: _order(db, now_ms, cabinet_id, change, command, expected_revision)
        )

    async def pending(self, limit: int) -> list[OutboxEntry]:
        return await self._reader.run(lambda db: _pending(db, limit))

    async def sent(self, entry_id: str, version: int) -> None:
        await self._writer.run(
            lambda db: db.execute(
                "DELETE FROM outbox WHERE seq = ? AND version = ?", (int(entry_id), version)
            )
        )

    async def expire(self, now_ms: int) -> list[OutboxEntry]:
        return await self._writer.run(lambda db: _expire(db, now_ms))

    def _connect_writer(self) -> sqlite3.Connection:
        if self._path != MEMORY:
            _make_private(Path(self._path))
        db = self._connect()
        try:
            _switch_to_wal(db)
            db.execute("PRAGMA synchronous = FULL")
            migrate(db, self._path)
        except BaseException:
            db.close()
            raise
        return db

    def _connect_reader(self) -> sqlite3.Connection:
        db = self._connect()
        db.execute("PRAGMA query_only = 1")
        return db

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """While others open the same file SQLite refuses this at once, whatever time-out it was given."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _make_private(path: Path) -> None:
    """Make the file, readable by its owner alone, because it holds the passwords of the floor."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as exc:
        raise StoreError(f"The database {path} can't be opened: {exc.strerror}") from exc


def _cabinet(db: sqlite3.Connection, cabinet_id: str) -> Cabinet | None:
    if not is_cabinet_id(cabinet_id):  # nor would SQLite take every text
        return None
    row = db.execute("SELECT document FROM cabinets WHERE id = ?", (cabinet_id,)).fetchone()
    return None if row is None else cabinet_from(json.loads(row[0]))


def _cabinets(db: sqlite3.Connection) -> list[Cabinet]:
    return [cabinet_from(json.loads(row[0])) for row in db.execute("SELECT document FROM cabinets")]


def _cabinet_of_relay(db: sqlite3.Connection, relay_id: str) -> Cabinet | None:
    row = db.execute("SELECT document FROM cabinets WHERE relay_id = ?", (relay_id,)).fetchone()
    return None if row is None else cabinet_from(json.loads(row[0]))


def _add(db: sqlite3.Connection, cabinet: Cabinet, now_ms: int) -> bool:
    """Whether ``cabinet`` was new."""
    if _cabinet(db, cabinet.id) is not None:
        return False
    owner = _cabinet_of_relay(db, cabinet.relay_id)
    if owner is not None:
        raise RelayTaken(cabinet.id, cabinet.relay_id, owner.id)
    stamped = replace(cabinet, updated_ms=cabinet.updated_ms or now_ms)
    row = (cabinet.id, cabinet.relay_id, _text(cabinet_document(stamped)))
    db.execute("INSERT INTO cabinets (id, relay_id, document) VALUES (?, ?, ?)", row)
    return True


def _order(
    db: sqlite3.Connection,
    now_ms: int,
    cabinet_id: str,
    change: ConfigChange,
    command: CommandOrder | None,
    expected_revision: int | None,
) -> Ordered:
    cabinet = _cabinet(db, cabinet_id)
    if cabinet is None:
        raise UnknownCabinet(cabinet_id)
    if expected_revision is not None and expected_revision != cabinet.revision:
        raise EditConflict(cabinet_id, cabinet.revision, expected_revision)
    plain = ConfigChange(resolve_mask(change.config, cabinet.smib_config), change.version)
    if plain:
        cabinet = cabinet.merge(plain, now_ms)
        document = _text(cabinet_document(cabinet))
        db.execute("UPDATE cabinets SET document = ? WHERE id = ?", (document, cabinet_id))
    entries = (_enqueue(db, entry) for entry in entries_of(cabinet, plain.config, command, now_ms))
    return Ordered(cabinet, tuple(entries))


def _enqueue(db: sqlite3.Connection, entry: OutboxEntry) -> OutboxEntry:
    """``entry`` as it waits now: with its id, or merged into the one that waits already."""
    if isinstance(entry.order, ConfigUpdate):
        row = db.execute(
            f"SELECT {_ENTRY} FROM outbox WHERE relay_id = ? AND component = ?",
            (entry.relay_id, entry.order.component),
        ).fetchone()
        if row is not None:
            return _replace(db, _entry(row).merged(entry.order.values))
    component = entry.order.component if isinstance(entry.order, ConfigUpdate) else None
    document = _text(entry_document(entry))
    cursor = db.execute(
        "INSERT INTO outbox (version, relay_id, component, expires_ms, document) VALUES (?, ?, ?, ?, ?)",
        (entry.version, entry.relay_id, component, entry.expires_ms, document),
    )
    return replace(entry, id=str(cursor.lastrowid))


def _replace(db: sqlite3.Connection, entry: OutboxEntry) -> OutboxEntry:
    row = (entry.version, _text(entry_document(entry)), int(entry.id))
    db.execute("UPDATE outbox SET version = ?, document = ? WHERE seq = ?", row)
    return entry


def _pending(db: sqlite3.Connection, limit: int) -> list[OutboxEntry]:
    return [_entry(row) for row in db.execute(f"SELECT {_ENTRY} FROM outbox ORDER BY seq LIMIT ?", (limit,))]


def _expire(db: sqlite3.Connection, now_ms: int) -> list[OutboxEntry]:
    rows = db.execute(f"SELECT {_ENTRY} FROM outbox WHERE expires_ms <= ? ORDER BY seq", (now_ms,)).fetchall()
    db.execute("DELETE FROM outbox WHERE expires_ms <= ?", (now_ms,))
    return [_entry(row) for row in rows]


_ENTRY = "seq, version, document"


def _entry(row: tuple[int, int, str]) -> OutboxEntry:
    return entry_from({**json.loads(row[2]), "id": str(row[0]), "version": row[1]})


def _text(document: dict[str, Any]) -> str:
    return to_bytes(document).decode()
