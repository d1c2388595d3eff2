"""The schema of the SQLite file, step by step; ``PRAGMA user_version`` says how many steps were taken."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from cms.errors import StoreError, StoreTooNew

Step = Sequence[str]

MIGRATIONS: Sequence[Step] = (
    (
        """CREATE TABLE cabinets (
            id TEXT PRIMARY KEY,
            relay_id TEXT NOT NULL UNIQUE,
            document TEXT NOT NULL
        )""",
        """CREATE TABLE outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: a sender knows entries by it
            version INTEGER NOT NULL,
            relay_id TEXT NOT NULL,
            component TEXT,                         -- NULL: a command
            expires_ms INTEGER,
            document TEXT NOT NULL
        )""",
        "CREATE UNIQUE INDEX outbox_update ON outbox (relay_id, component) WHERE component IS NOT NULL",
        "CREATE INDEX outbox_expiry ON outbox (expires_ms) WHERE expires_ms IS NOT NULL",
    ),
)


def migrate(db: sqlite3.Connection, path: str, steps: Sequence[Step] = MIGRATIONS) -> None:
    """Take the steps that are missing, all or none; StoreTooNew, and no change, for a newer schema."""
    db.execute("BEGIN IMMEDIATE")
    try:
        _take(db, path, steps)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _take(db: sqlite3.Connection, path: str, steps: Sequence[Step]) -> None:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > len(steps):
        raise StoreTooNew(path, found, len(steps))
    if found == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StoreError(
            f"The database {path} belongs to another program: choose another file with CMS_DATABASE"
        )
    for step in steps[found:]:
        for statement in step:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(steps)}")
