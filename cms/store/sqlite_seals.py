"""Secrets in the SQLite file: what seals them, which keys are known to it, and sealing everything anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from cms.errors import KeyWanted
from cms.store.sqlite_errors import store_error
from cms.store.store import Renewed
from cms.vault import Vault

DB = sqlite3.Connection

KEYS: Sequence[tuple[str, str]] = (
    ("cabinets", "id"),
    ("history", "cabinet_id, revision"),
    ("outbox", "seq"),
    ("reports", "relay_id"),
    ("sheets", "kind, id"),
)
"""The tables whose documents hold secrets, in the order in which they are sealed anew, and their keys."""

WAIT_S = 30.0


def give_functions(db: DB, vault: Vault) -> None:
    """``sealed(text)`` and ``opened(text)`` for statements: what goes into a document, and what comes out."""
    db.create_function("sealed", 1, vault.sealed_text)
    db.create_function("opened", 1, vault.opened_text)


def admit(db: DB, vault: Vault, path: str) -> None:
    """Note the first key as one that is in use; KeyWanted where one that is in use is not there."""
    used = [name for (name,) in db.execute("SELECT id FROM keys ORDER BY id")]
    missing = [name for name in used if name not in vault.ids]
    if missing:
        raise KeyWanted(path, missing)
    if vault.ids:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("INSERT OR IGNORE INTO keys VALUES (?)", (vault.ids[0],))


def renew(db: DB, vault: Vault, place: str | None, limit: int) -> Renewed:
    """Seal the next ``limit`` documents behind ``place`` with the first key."""
    number, after = (0, None) if place is None else json.loads(place)
    table, key = KEYS[number]
    rows = _rows(db, table, key, after, limit)
    changed = 0
    for *name, text in rows:
        newer = vault.sealed_text(text, renew=True)
        if newer != text:
            changed += 1
            marks = ", ".join("?" * len(name))
            db.execute(f"UPDATE {table} SET document = ? WHERE ({key}) = ({marks})", (newer, *name))
    if len(rows) == limit:
        return Renewed(json.dumps([number, rows[-1][:-1]]), len(rows), changed)
    following = json.dumps([number + 1, None]) if number + 1 < len(KEYS) else None
    return Renewed(following, len(rows), changed)


def forget(db: DB, vault: Vault) -> None:
    """Only the first key is in use from now on."""
    db.execute("DELETE FROM keys WHERE id IS NOT ?", (vault.ids[0] if vault.ids else None,))


def wipe(path: str) -> None:
    """Write the file anew, without what was deleted from it. StoreError where others hold it for too long."""
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as exc:
        raise store_error(exc, path) from exc


def _rows(db: DB, table: str, key: str, after: Sequence[Any] | None, limit: int) -> list[tuple[Any, ...]]:
    if after is None:
        where, values = "", ()
    else:
        where, values = f"WHERE ({key}) > ({', '.join('?' * len(after))})", tuple(after)
    query = f"SELECT {key}, document FROM {table} {where} ORDER BY {key} LIMIT ?"
    return db.execute(query, (*values, limit)).fetchall()
