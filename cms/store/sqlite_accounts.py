"""The tables of users and of what they sign in with, as statements on one connection."""

from __future__ import annotations

import json
import sqlite3

from cms.account import Accounts, Credential, User
from cms.audit import Draft
from cms.store import sqlite_audit

DB = sqlite3.Connection


def every(db: DB) -> Accounts:
    users = [User.from_document(json.loads(text)) for (text,) in db.execute("SELECT document FROM users")]
    rows = db.execute("SELECT document FROM credentials")
    credentials = [Credential.from_document(json.loads(text)) for (text,) in rows]
    return Accounts({one.name: one for one in users}, {one.key: one for one in credentials})


def put_user(db: DB, user: User, draft: Draft, now_ms: int) -> None:
    """Add or replace a user, and end the sessions that were begun with the password before."""
    row = (user.name, json.dumps(user.to_document()))
    db.execute("INSERT OR REPLACE INTO users VALUES (?, ?)", row)
    db.execute("DELETE FROM credentials WHERE user = ? AND kind = 'session'", (user.name,))
    sqlite_audit.append(db, draft, now_ms)


def remove_user(db: DB, name: str, draft: Draft, now_ms: int) -> bool:
    if db.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount == 0:
        return False
    db.execute("DELETE FROM credentials WHERE user = ?", (name,))
    sqlite_audit.append(db, draft, now_ms)
    return True


def put_credential(db: DB, credential: Credential, draft: Draft, now_ms: int) -> bool:
    """Add a credential of a user who is there; those whose time is over go."""
    db.execute("DELETE FROM credentials WHERE expires_ms <= ?", (now_ms,))
    if db.execute("SELECT 1 FROM users WHERE name = ?", (credential.user,)).fetchone() is None:
        return False
    row = (credential.key, json.dumps(credential.to_document()))
    db.execute("INSERT INTO credentials (key, document) VALUES (?, ?)", row)
    sqlite_audit.append(db, draft, now_ms)
    return True


def use_credential(db: DB, key: str, now_ms: int) -> None:
    statement = "UPDATE credentials SET document = json_set(document, '$.usedMs', ?) WHERE key = ?"
    db.execute(statement, (now_ms, key))


def remove_credential(db: DB, key: str, draft: Draft, now_ms: int) -> bool:
    if db.execute("DELETE FROM credentials WHERE key = ?", (key,)).rowcount == 0:
        return False
    sqlite_audit.append(db, draft, now_ms)
    return True
