"""The embedded storage: one SQLite file, WAL, one thread that writes and one that reads.

An answer means that the order is on the disk (``synchronous=FULL``); group commit makes that affordable.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cms.account import Accounts, Credential, User
from cms.actor import SYSTEM, Act
from cms.audit import AuditEntry, AuditFilter, Draft, order_draft
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import EditConflict, StoreError
from cms.mask import resolve_mask
from cms.revision import Revision
from cms.sheet import Kind, Sheet
from cms.standing import Standing, settable
from cms.store import (
    sqlite_accounts,
    sqlite_audit,
    sqlite_cabinets,
    sqlite_outbox,
    sqlite_seals,
    sqlite_sheets,
)
from cms.store.entry import CommandOrder, OutboxEntry, OutboxFilter, Settlement, entries_of
from cms.store.migrations import migrate
from cms.store.store import NO_LIMIT, Imported, Ordered, Outcome, RelayReport, Renewed
from cms.store.worker import Worker
from cms.vault import PLAIN, Vault
from wire.relay import canonical_relay_id

MEMORY = ":memory:"
BUSY_SECONDS = 2.0
"""How long an order waits for another program that holds the file."""

GIVEN, SEEDED = Act(), Act(SYSTEM, "seed")


class SqliteStore:
    """A Store in the file ``path``, which is made, with its folder, where it is missing.

    ``:memory:`` is gone with ``close()``. ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(self, path: str | Path, *, clock_ms: Callable[[], int], vault: Vault = PLAIN) -> None:
        self._path = str(path)
        self._vault = vault
        self._clock_ms = clock_ms
        self._writer = Worker(self._connect_writer, self._path, writes=True)
        # A database in memory exists in one connection only.
        in_memory = self._path == MEMORY
        self._reader = self._writer if in_memory else Worker(self._connect_reader, self._path, writes=False)

    @property
    def shared(self) -> bool:
        return False

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
        return await self._reader.run(lambda db: sqlite_cabinets.find(db, cabinet_id))

    async def cabinets(self) -> list[Cabinet]:
        return await self._reader.run(sqlite_cabinets.every)

    async def cabinet_of_relay(self, relay_id: str) -> Cabinet | None:
        canonical = canonical_relay_id(relay_id)
        return await self._reader.run(lambda db: sqlite_cabinets.of_relay(db, canonical))

    async def add_cabinets(self, cabinets: Sequence[Cabinet], act: Act = SEEDED) -> int:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_cabinets.add(db, cabinets, act, now_ms))

    async def import_cabinets(
        self, cabinets: Sequence[Cabinet], act: Act, *, update: bool, dry_run: bool
    ) -> Imported:
        now_ms = self._clock_ms()
        return await self._writer.run(
            lambda db: sqlite_cabinets.take_in(db, cabinets, act, now_ms, update=update, dry_run=dry_run)
        )

    async def order(
        self,
        cabinet_id: str,
        change: ConfigChange,
        command: CommandOrder | None = None,
        expected_revision: int | None = None,
        act: Act = GIVEN,
    ) -> Ordered:
        now_ms = self._clock_ms()
        return await self._writer.run(
            lambda db: _order(db, now_ms, cabinet_id, change, command, expected_revision, act)
        )

    async def resend(self, cabinet_id: str, components: Sequence[str] | None, act: Act) -> Ordered:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: _resend(db, now_ms, cabinet_id, components, act))

    async def pending(self, limit: int) -> list[OutboxEntry]:
        return await self._reader.run(lambda db: sqlite_outbox.pending(db, limit))

    async def due(self, now_ms: int | None, limit: int) -> list[OutboxEntry]:
        return await self._reader.run(lambda db: sqlite_outbox.due(db, now_ms, limit))

    async def claim(self, limit: int) -> list[OutboxEntry]:
        return await self.pending(limit)  # a file is for one process

    async def claim_due(self, now_ms: int, limit: int) -> list[OutboxEntry]:
        return await self.due(now_ms, limit)

    async def turn(self, what: str, for_ms: int) -> bool:  # noqa: ARG002 - it is always this one's
        return True

    async def sent(self, entry_id: str, version: int, now_ms: int) -> bool:
        return await self._writer.run(lambda db: sqlite_outbox.sent(db, entry_id, version, now_ms))

    async def settle(self, entry_id: str, version: int, settlement: Settlement, act: Act) -> bool:
        now_ms = self._clock_ms()
        return await self._writer.run(
            lambda db: sqlite_outbox.settle(db, entry_id, version, settlement, act, now_ms)
        )

    async def revive(self, returned: Mapping[str, int]) -> list[OutboxEntry]:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_outbox.revive(db, returned, now_ms))

    async def expire(self, now_ms: int) -> list[OutboxEntry]:
        return await self._writer.run(lambda db: sqlite_outbox.expire(db, now_ms))

    async def outbox(self, wanted: OutboxFilter) -> list[OutboxEntry]:
        return await self._reader.run(lambda db: sqlite_outbox.find(db, wanted))

    async def outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        return await self._reader.run(lambda db: sqlite_outbox.outcomes(db, entry_ids))

    async def report(self, reports: Sequence[RelayReport]) -> list[Standing]:
        return await self._writer.run(lambda db: sqlite_cabinets.report(db, reports))

    async def standing(self, cabinet_id: str) -> Standing | None:
        return await self._reader.run(lambda db: sqlite_cabinets.standing(db, cabinet_id))

    async def standings(self) -> list[Standing]:
        return await self._reader.run(sqlite_cabinets.standings)

    async def history(self, cabinet_id: str, before: int | None, limit: int) -> list[Revision]:
        return await self._reader.run(lambda db: sqlite_cabinets.history(db, cabinet_id, before, limit))

    async def revision(self, cabinet_id: str, number: int) -> Revision | None:
        return await self._reader.run(lambda db: sqlite_cabinets.revision(db, cabinet_id, number))

    async def forget_revisions(self, kept: int) -> int:
        return await self._writer.run(lambda db: sqlite_cabinets.forget_revisions(db, kept))

    async def record(self, draft: Draft) -> AuditEntry:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_audit.append(db, draft, now_ms))

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        return await self._reader.run(lambda db: sqlite_audit.find(db, wanted))

    async def audit_chain(self, after: int, limit: int) -> list[AuditEntry]:
        return await self._reader.run(lambda db: sqlite_audit.chain(db, after, limit))

    async def put_sheet(self, sheet: Sheet, draft: Draft | None = None) -> bool:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_sheets.put(db, sheet, draft, now_ms))

    async def sheet(self, kind: Kind, sheet_id: str) -> Sheet | None:
        return await self._reader.run(lambda db: sqlite_sheets.find(db, kind, sheet_id))

    async def sheets(self, kind: Kind, *, limit: int = NO_LIMIT, lacking: str | None = None) -> list[Sheet]:
        return await self._reader.run(lambda db: sqlite_sheets.every(db, kind, limit, lacking))

    async def remove_sheet(self, sheet: Sheet, draft: Draft) -> bool:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_sheets.remove(db, sheet, draft, now_ms))

    async def accounts(self) -> Accounts:
        return await self._reader.run(sqlite_accounts.every)

    async def put_user(self, user: User, draft: Draft) -> None:
        now_ms = self._clock_ms()
        await self._writer.run(lambda db: sqlite_accounts.put_user(db, user, draft, now_ms))

    async def remove_user(self, name: str, draft: Draft) -> bool:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_accounts.remove_user(db, name, draft, now_ms))

    async def put_credential(self, credential: Credential, draft: Draft) -> bool:
        now_ms = self._clock_ms()
        return await self._writer.run(
            lambda db: sqlite_accounts.put_credential(db, credential, draft, now_ms)
        )

    async def use_credential(self, key: str, now_ms: int) -> None:
        await self._writer.run(lambda db: sqlite_accounts.use_credential(db, key, now_ms))

    async def remove_credential(self, key: str, draft: Draft) -> bool:
        now_ms = self._clock_ms()
        return await self._writer.run(lambda db: sqlite_accounts.remove_credential(db, key, draft, now_ms))

    async def renew_secrets(self, place: str | None, limit: int) -> Renewed:
        return await self._writer.run(lambda db: sqlite_seals.renew(db, self._vault, place, limit))

    async def forget_keys(self) -> None:
        await self._writer.run(lambda db: sqlite_seals.forget(db, self._vault))
        if self._path != MEMORY:
            await asyncio.to_thread(sqlite_seals.wipe, self._path)

    def _connect_writer(self) -> sqlite3.Connection:
        if self._path != MEMORY:
            _make_private(Path(self._path))
        db = self._connect()
        try:
            _switch_to_wal(db)
            db.execute("PRAGMA synchronous = FULL")
            migrate(db, self._path)
            sqlite_seals.admit(db, self._vault, self._path)
        except BaseException:
            db.close()
            raise
        return db

    def _connect_reader(self) -> sqlite3.Connection:
        db = self._connect()
        db.execute("PRAGMA query_only = 1")
        return db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        sqlite_seals.give_functions(db, self._vault)
        return db


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


def _order(
    db: sqlite3.Connection,
    now_ms: int,
    cabinet_id: str,
    change: ConfigChange,
    command: CommandOrder | None,
    expected_revision: int | None,
    act: Act,
) -> Ordered:
    before = cabinet = sqlite_cabinets.need(db, cabinet_id)
    if expected_revision is not None and expected_revision != cabinet.revision:
        raise EditConflict(cabinet_id, cabinet.revision, expected_revision)
    plain = ConfigChange(resolve_mask(change.config, cabinet.smib_config), change.version)
    cabinet = cabinet.merge(plain, now_ms)
    ordered = _send(db, cabinet, entries_of(cabinet, plain.config, command, now_ms), now_ms)
    if cabinet is not before:
        sqlite_cabinets.change(db, cabinet)
        sqlite_cabinets.keep_revision(db, Revision.of(cabinet, act, ordered.entries))
    if plain or command is not None:
        name = None if command is None else command.name
        sqlite_audit.append(db, order_draft(act, before, cabinet, name, ordered.entries), now_ms)
    return ordered


def _resend(
    db: sqlite3.Connection, now_ms: int, cabinet_id: str, components: Sequence[str] | None, act: Act
) -> Ordered:
    cabinet = sqlite_cabinets.need(db, cabinet_id)
    config = settable(cabinet.smib_config)
    wanted = {name: values for name, values in config.items() if components is None or name in components}
    ordered = _send(db, cabinet, entries_of(cabinet, wanted, None, now_ms), now_ms)
    sqlite_audit.append(db, order_draft(act, cabinet, cabinet, None, ordered.entries), now_ms)
    return ordered


def _send(db: sqlite3.Connection, cabinet: Cabinet, entries: Sequence[OutboxEntry], now_ms: int) -> Ordered:
    """Put ``entries`` into the outbox; where they name the same fields, those sent before give way."""
    reduced = [one for entry in entries if entry.values for one in sqlite_outbox.reduce(db, entry, now_ms)]
    return Ordered(cabinet, tuple(sqlite_outbox.enqueue(db, entry) for entry in entries), tuple(reduced))
