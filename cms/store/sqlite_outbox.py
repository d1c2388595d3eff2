"""The table of the outbox, as statements on one connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cms.actor import SYSTEM, Act
from cms.audit import OUTCOME, outcome_draft
from cms.store import sqlite_audit
from cms.store.document import entry_document, entry_from
from cms.store.entry import OutboxEntry, OutboxFilter, Settlement, State
from cms.store.store import Outcome
from wire.jsontext import to_bytes
from wire.orders import ConfigUpdate
from wire.timestamps import parse_timestamp

DB = sqlite3.Connection
NO_LIMIT = 2**62

KEPT = 10_000
"""How many entries are kept after their end; what became of older ones is in the audit trail."""

_PRUNE_EVERY = 256
_EXPIRED = Settlement(State.EXPIRED, "the broker was not there for 30 s")


def enqueue(db: DB, entry: OutboxEntry) -> OutboxEntry:
    """``entry`` as it waits now: with its id, or merged into the one that waits already."""
    component = entry.order.component if isinstance(entry.order, ConfigUpdate) else None
    if component is not None:
        row = db.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE relay_id = ? AND component = ? AND state = 'waiting'",
            (entry.relay_id, component),
        ).fetchone()
        if row is not None:
            return _replace(db, _entry(row).merged(entry.values))
    cursor = db.execute(
        "INSERT INTO outbox (version, relay_id, component, expires_ms, document)"
        " VALUES (?, ?, ?, ?, sealed(?))",
        (entry.version, entry.relay_id, component, entry.expires_ms, _text(entry_document(entry))),
    )
    return replace(entry, id=str(cursor.lastrowid))


def reduce(db: DB, entry: OutboxEntry, now_ms: int) -> Iterator[OutboxEntry]:
    """Take the fields of ``entry`` out of those that were sent before it and are not confirmed."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox"
        " WHERE relay_id = ? AND open AND state != 'waiting' AND component = ? ORDER BY seq",
        (entry.relay_id, entry.what),
    ).fetchall()
    for older in map(_entry, rows):
        left = older.without(entry.values, now_ms)
        if left is not older:
            yield _replace(db, left)


def pending(db: DB, limit: int) -> list[OutboxEntry]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM outbox WHERE state = 'waiting' ORDER BY seq LIMIT ?", (limit,))
    return [_entry(row) for row in rows]


def due(db: DB, now_ms: int | None, limit: int) -> list[OutboxEntry]:
    if now_ms is None:
        query = f"SELECT {_COLUMNS} FROM outbox WHERE open AND state != 'waiting' ORDER BY seq LIMIT ?"
        return [_entry(row) for row in db.execute(query, (limit,))]
    query = f"SELECT {_COLUMNS} FROM outbox WHERE next_ms <= ? ORDER BY next_ms, seq LIMIT ?"
    return [_entry(row) for row in db.execute(query, (now_ms, limit))]


def sent(db: DB, entry_id: str, version: int, now_ms: int) -> bool:
    entry = _at(db, entry_id, version)
    if entry is None or entry.state not in (State.WAITING, State.SENT):
        return False
    _replace(db, entry.acknowledged(now_ms))
    return True


def settle(db: DB, entry_id: str, version: int, settlement: Settlement, act: Act, now_ms: int) -> bool:
    entry = _at(db, entry_id, version)
    if entry is None or not entry.open:
        return False
    _end(db, entry, settlement, act, now_ms)
    return True


def revive(db: DB, returned: Mapping[str, int], now_ms: int) -> list[OutboxEntry]:
    """Of commands nothing is revived: a command is sent once."""
    revived = []
    for relay_id, returned_ms in returned.items():
        rows = db.execute(
            f"SELECT {_COLUMNS} FROM outbox"
            " WHERE relay_id = ? AND open AND state != 'waiting' AND component IS NOT NULL ORDER BY seq",
            (relay_id,),
        ).fetchall()
        missed = (entry for entry in map(_entry, rows) if entry.was_sent_before(returned_ms))
        revived += [_replace(db, entry.revived(now_ms)) for entry in missed]
    return revived


def expire(db: DB, now_ms: int) -> list[OutboxEntry]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE state = 'waiting' AND expires_ms <= ? ORDER BY seq", (now_ms,)
    ).fetchall()
    return [_end(db, _entry(row), _EXPIRED, Act(SYSTEM, OUTCOME), now_ms) for row in rows]


def find(db: DB, wanted: OutboxFilter) -> list[OutboxEntry]:
    conditions: dict[str, object] = {
        "state = ?": None if wanted.state is None else str(wanted.state),
        "cabinet_id = ?": wanted.cabinet_id,
        "seq < ?": wanted.before,
        "cabinet_id IN (SELECT value FROM json_each(?))": sqlite_audit.id_list(wanted.cabinet_ids),
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    where = f"WHERE {' AND '.join(given)}" if given else ""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox {where} ORDER BY seq DESC LIMIT ?", (*given.values(), wanted.limit)
    )
    return [_entry(row) for row in rows]


def outcomes(db: DB, entry_ids: Sequence[str]) -> dict[str, Outcome]:
    """From the audit trail where an entry is gone from the outbox."""
    found = {}
    for sealed in sqlite_audit.outcomes(db, entry_ids):
        said = sealed.document
        at_ms = parse_timestamp(said["at"])
        found[said["order"]] = Outcome(State(said["outcome"]), at_ms, said.get("detail", ""))
    marks = ", ".join("?" * len(entry_ids))
    rows = db.execute(f"SELECT {_COLUMNS} FROM outbox WHERE seq IN ({marks})", tuple(map(int, entry_ids)))
    for entry in map(_entry, rows):
        at_ms = entry.ended_ms or entry.sent_ms or entry.created_ms
        found[entry.id] = Outcome(entry.state, at_ms, entry.detail)
    return found


def on_their_way(db: DB, relay_id: str) -> frozenset[tuple[str, str]]:
    """The fields that one relay is still to be sent, or to answer."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE relay_id = ? AND open AND component IS NOT NULL", (relay_id,)
    )
    return frozenset((entry.what, name) for entry in map(_entry, rows) for name in entry.values)


def on_their_way_by_relay(db: DB) -> dict[str, frozenset[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for row in db.execute(f"SELECT {_COLUMNS} FROM outbox WHERE open AND component IS NOT NULL"):
        entry = _entry(row)
        found.setdefault(entry.relay_id, set()).update((entry.what, name) for name in entry.values)
    return {relay_id: frozenset(fields) for relay_id, fields in found.items()}


def _end(db: DB, entry: OutboxEntry, settlement: Settlement, act: Act, now_ms: int) -> OutboxEntry:
    ended = _replace(db, entry.settled(settlement, now_ms))
    sqlite_audit.append(db, outcome_draft(act, ended), now_ms)
    if int(ended.id) % _PRUNE_EVERY == 0:
        db.execute(
            "DELETE FROM outbox WHERE NOT open AND seq <="
            " (SELECT seq FROM outbox WHERE NOT open ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (KEPT,),
        )
    return ended


def _at(db: DB, entry_id: str, version: int) -> OutboxEntry | None:
    row = db.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE seq = ? AND version = ?", (int(entry_id), version)
    ).fetchone()
    return None if row is None else _entry(row)


def _replace(db: DB, entry: OutboxEntry) -> OutboxEntry:
    document = _text(entry_document(entry))
    db.execute(
        "UPDATE outbox SET version = ?, state = ?, open = ?, next_ms = ?, document = sealed(?) WHERE seq = ?",
        (entry.version, str(entry.state), entry.open, entry.next_ms, document, int(entry.id)),
    )
    return entry


_COLUMNS = "seq, version, opened(document)"


def _entry(row: tuple[int, int, str]) -> OutboxEntry:
    return entry_from({**json.loads(row[2]), "id": str(row[0]), "version": row[1]})


def _text(document: dict[str, Any]) -> str:
    return to_bytes(document).decode()
