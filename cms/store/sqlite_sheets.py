"""The table of sheets, as statements on one connection."""

from __future__ import annotations

import json
import sqlite3

from cms.audit import Draft
from cms.sheet import KEPT, Kind, Sheet
from cms.store import sqlite_audit
from wire.jsontext import to_bytes

DB = sqlite3.Connection


def put(db: DB, sheet: Sheet, draft: Draft | None, now_ms: int) -> bool:
    row = (sheet.number, to_bytes(sheet.document).decode(), sheet.kind, sheet.id)
    if sheet.number == 1:
        done = db.execute(
            "INSERT INTO sheets (number, document, kind, id, at_ms) VALUES (?, sealed(?), ?, ?, ?)"
            " ON CONFLICT (kind, id) DO NOTHING",
            (*row, sheet.at_ms),
        )
    else:
        done = db.execute(
            "UPDATE sheets SET number = ?, document = sealed(?) WHERE kind = ? AND id = ? AND number = ?",
            (*row, sheet.number - 1),
        )
    if done.rowcount == 0:
        return False
    if sheet.number == 1 and sheet.kind in KEPT:
        _prune(db, sheet.kind)
    if draft is not None:
        sqlite_audit.append(db, draft, now_ms)
    return True


def find(db: DB, kind: Kind, sheet_id: str) -> Sheet | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM sheets WHERE kind = ? AND id = ?", (kind, sheet_id)).fetchone()
    return None if row is None else _sheet(row)


def every(db: DB, kind: Kind, limit: int, lacking: str | None) -> list[Sheet]:
    """Newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM sheets WHERE kind = ?1"
        " AND (?2 IS NULL OR json_type(document, '$.' || ?2) IS NULL) ORDER BY at_ms DESC, id DESC LIMIT ?3",
        (kind, lacking, limit),
    )
    return [_sheet(row) for row in rows]


def remove(db: DB, sheet: Sheet, draft: Draft, now_ms: int) -> bool:
    where = "WHERE kind = ? AND id = ? AND number = ?"
    if db.execute(f"DELETE FROM sheets {where}", (sheet.kind, sheet.id, sheet.number)).rowcount == 0:
        return False
    sqlite_audit.append(db, draft, now_ms)
    return True


def _prune(db: DB, kind: Kind) -> None:
    db.execute(
        "DELETE FROM sheets WHERE kind = ? AND id IN"
        " (SELECT id FROM sheets WHERE kind = ? ORDER BY at_ms DESC, id DESC LIMIT -1 OFFSET ?)",
        (kind, kind, KEPT[kind]),
    )


_COLUMNS = "kind, id, number, at_ms, opened(document)"


def _sheet(row: tuple[str, str, int, int, str]) -> Sheet:
    kind, sheet_id, number, at_ms, text = row
    return Sheet(Kind(kind), sheet_id, number, at_ms, json.loads(text))
