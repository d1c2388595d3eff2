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
    (
        # An entry stays after it was sent, until the device has answered, and a while longer.
        "ALTER TABLE outbox ADD COLUMN state TEXT NOT NULL DEFAULT 'waiting'",
        "ALTER TABLE outbox ADD COLUMN open INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE outbox ADD COLUMN next_ms INTEGER",
        """ALTER TABLE outbox ADD COLUMN cabinet_id TEXT
            GENERATED ALWAYS AS (json_extract(document, '$.cabinetId')) VIRTUAL""",
        "DROP INDEX outbox_update",
        "DROP INDEX outbox_expiry",
        """CREATE UNIQUE INDEX outbox_update ON outbox (relay_id, component)
            WHERE state = 'waiting' AND component IS NOT NULL""",
        "CREATE INDEX outbox_waiting ON outbox (seq) WHERE state = 'waiting'",
        """CREATE INDEX outbox_expiry ON outbox (expires_ms)
            WHERE state = 'waiting' AND expires_ms IS NOT NULL""",
        "CREATE INDEX outbox_due ON outbox (next_ms) WHERE next_ms IS NOT NULL",
        "CREATE INDEX outbox_open ON outbox (relay_id) WHERE open",
        "CREATE INDEX outbox_ended ON outbox (seq) WHERE NOT open",
        "CREATE INDEX outbox_cabinet ON outbox (cabinet_id, seq)",
        # What each SMIB last reported.
        "CREATE TABLE reports (relay_id TEXT PRIMARY KEY, document TEXT NOT NULL)",
        # Every configuration that was ordered; of what is there already, the present one.
        """CREATE TABLE history (
            cabinet_id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (cabinet_id, revision)
        ) WITHOUT ROWID""",
        """INSERT INTO history SELECT id, json_extract(document, '$.revision'), json_object(
            'cabinetId', id,
            'revision', json_extract(document, '$.revision'),
            'at', json_extract(document, '$.updatedAt'),
            'action', 'upgrade', 'user', 'system', 'address', '', 'request', '',
            'smibConfig', json_extract(document, '$.smibConfig'),
            'smibVersion', json_extract(document, '$.smibVersion'),
            'orders', json_array()
        ) FROM cabinets""",
        # The audit trail. What is searched for is read from what was sealed, so that both can't differ.
        """CREATE TABLE audit (
            seq INTEGER PRIMARY KEY,
            document TEXT NOT NULL,
            hash TEXT NOT NULL,
            at TEXT GENERATED ALWAYS AS (json_extract(document, '$.at')) VIRTUAL,
            cabinet_id TEXT GENERATED ALWAYS AS (json_extract(document, '$.cabinet')) VIRTUAL,
            user TEXT GENERATED ALWAYS AS (json_extract(document, '$.user')) VIRTUAL,
            order_id TEXT GENERATED ALWAYS AS (json_extract(document, '$.order')) VIRTUAL
        )""",
        "CREATE INDEX audit_cabinet ON audit (cabinet_id, seq) WHERE cabinet_id IS NOT NULL",
        "CREATE INDEX audit_order ON audit (order_id) WHERE order_id IS NOT NULL",
        "CREATE INDEX audit_at ON audit (at)",
        """CREATE TRIGGER audit_no_change BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
        """CREATE TRIGGER audit_no_removal BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    ),
    (
        "CREATE TABLE users (name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
        # A session or a token, by the hash of its secret.
        """CREATE TABLE credentials (
            key TEXT PRIMARY KEY,
            document TEXT NOT NULL,
            user TEXT GENERATED ALWAYS AS (json_extract(document, '$.user')) VIRTUAL,
            kind TEXT GENERATED ALWAYS AS (json_extract(document, '$.kind')) VIRTUAL,
            expires_ms INTEGER GENERATED ALWAYS AS (json_extract(document, '$.expiresMs')) VIRTUAL
        )""",
        "CREATE INDEX credentials_user ON credentials (user)",
        "CREATE INDEX credentials_expiry ON credentials (expires_ms) WHERE expires_ms IS NOT NULL",
    ),
    (
        # Batches, templates and firmware.
        """CREATE TABLE sheets (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            number INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (kind, id)
        ) WITHOUT ROWID""",
        "CREATE INDEX sheets_at ON sheets (kind, at_ms)",
    ),
    # Users and tokens may be limited to locations: a version that does not know that would let them see all.
    (),
    # The keys that secrets are sealed with.
    ("CREATE TABLE keys (id TEXT PRIMARY KEY) WITHOUT ROWID",),
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
