"""Errors of SQLite as sentences: what went wrong with which file, and what to do."""

from __future__ import annotations

import sqlite3

from cms.errors import StoreBusy, StoreError

_SENTENCES = {
    sqlite3.SQLITE_READONLY: "can't be written: it, or its folder, is read-only",
    sqlite3.SQLITE_PERM: "can't be used: this user may not read and write it",
    sqlite3.SQLITE_AUTH: "can't be used: this user may not read and write it",
    sqlite3.SQLITE_FULL: "can't be written: the disk is full",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: its folder does not exist, or this user may not use it",
    sqlite3.SQLITE_IOERR: "can't be used: reading or writing the disk failed",
    sqlite3.SQLITE_NOTADB: "can't be used: the file is no SQLite database",
    sqlite3.SQLITE_CORRUPT: "can't be used: the file is damaged, restore a copy of it",
    sqlite3.SQLITE_NOMEM: "can't be used: out of memory",
}
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def store_error(exc: sqlite3.Error, path: str) -> StoreError:
    """``exc`` as what a caller of the store may see; StoreBusy where another program holds the file."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return StoreBusy(
            f"The database {path} is locked by another program; nothing was stored, try again later"
        )
    return StoreError(f"The database {path} {_SENTENCES.get(code, f'refused: {exc}')}")
