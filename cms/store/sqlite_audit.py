"""The table of the audit trail, as statements on one connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from cms.audit import GENESIS, AuditEntry, AuditFilter, Draft, canonical, seal
from wire.timestamps import format_timestamp

DB = sqlite3.Connection


def append(db: DB, draft: Draft, now_ms: int) -> AuditEntry:
    """Seal ``draft`` behind the last entry. One transaction at a time writes, so that no two meet here."""
    last = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (0, GENESIS) if last is None else last
    entry = seal(draft, seq + 1, now_ms, previous)
    row = (entry.seq, canonical(entry.document).decode(), entry.hash)
    db.execute("INSERT INTO audit (seq, document, hash) VALUES (?, ?, ?)", row)
    return entry


def find(db: DB, wanted: AuditFilter) -> list[AuditEntry]:
    """Entries, newest first."""
    conditions: dict[str, object] = {
        "cabinet_id = ?": wanted.cabinet_id,
        "user = ?": wanted.user,
        "at >= ?": None if wanted.since_ms is None else format_timestamp(wanted.since_ms),
        "at <= ?": None if wanted.until_ms is None else format_timestamp(wanted.until_ms),
        "seq < ?": wanted.before,
        "cabinet_id IN (SELECT value FROM json_each(?))": id_list(wanted.cabinet_ids),
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    where = f"WHERE {' AND '.join(given)}" if given else ""
    rows = db.execute(
        f"SELECT document, hash FROM audit {where} ORDER BY seq DESC LIMIT ?", (*given.values(), wanted.limit)
    )
    return [_entry(row) for row in rows]


def id_list(ids: Iterable[str] | None) -> str | None:
    """``ids`` as one value of a statement."""
    return None if ids is None else json.dumps(sorted(ids))


def chain(db: DB, after: int, limit: int) -> list[AuditEntry]:
    rows = db.execute("SELECT document, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
    return [_entry(row) for row in rows]


def outcomes(db: DB, entry_ids: Sequence[str]) -> list[AuditEntry]:
    """The entries that say what became of these orders, oldest first."""
    marks = ", ".join("?" * len(entry_ids))
    rows = db.execute(
        f"SELECT document, hash FROM audit WHERE order_id IN ({marks}) ORDER BY seq", tuple(entry_ids)
    )
    return [_entry(row) for row in rows]


def _entry(row: tuple[str, str]) -> AuditEntry:
    """What is no JSON any more was tampered with: it is given as an entry that nothing fits."""
    try:
        document = json.loads(row[0])
    except ValueError:
        document = {}
    return AuditEntry(document if isinstance(document, dict) else {}, row[1])
