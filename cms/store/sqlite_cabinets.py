"""The tables of cabinets, their history and their reports, as statements on one connection.

``sealed`` and ``opened`` are functions of the connection: see sqlite_seals.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from cms.actor import Act
from cms.audit import Draft
from cms.cabinet import Cabinet, is_cabinet_id, natural_key
from cms.errors import RelayTaken, UnknownCabinet
from cms.revision import Revision
from cms.standing import FieldReport, Standing
from cms.store import sqlite_audit, sqlite_outbox
from cms.store.document import (
    cabinet_document,
    cabinet_from,
    reported_document,
    reported_from,
    revision_document,
    revision_from,
)
from cms.store.importing import plan_import
from cms.store.store import Imported, RelayReport
from wire.jsontext import to_bytes

DB = sqlite3.Connection


def find(db: DB, cabinet_id: str) -> Cabinet | None:
    if not is_cabinet_id(cabinet_id):  # nor would SQLite take every text
        return None
    row = db.execute("SELECT opened(document) FROM cabinets WHERE id = ?", (cabinet_id,)).fetchone()
    return None if row is None else cabinet_from(json.loads(row[0]))


def need(db: DB, cabinet_id: str) -> Cabinet:
    cabinet = find(db, cabinet_id)
    if cabinet is None:
        raise UnknownCabinet(cabinet_id)
    return cabinet


def every(db: DB) -> list[Cabinet]:
    found = (cabinet_from(json.loads(row[0])) for row in db.execute("SELECT opened(document) FROM cabinets"))
    return sorted(found, key=lambda cabinet: natural_key(cabinet.id))


def of_relay(db: DB, relay_id: str) -> Cabinet | None:
    row = db.execute("SELECT opened(document) FROM cabinets WHERE relay_id = ?", (relay_id,)).fetchone()
    return None if row is None else cabinet_from(json.loads(row[0]))


def change(db: DB, cabinet: Cabinet) -> None:
    """Store ``cabinet`` in the place of what was stored of it."""
    document = _text(cabinet_document(cabinet))
    db.execute("UPDATE cabinets SET document = sealed(?) WHERE id = ?", (document, cabinet.id))


def add(db: DB, cabinets: Sequence[Cabinet], act: Act, now_ms: int) -> int:
    """Add the new ones and say how many; one audit entry for all of them."""
    new = [cabinet for cabinet in cabinets if find(db, cabinet.id) is None]
    for cabinet in new:
        owner = of_relay(db, cabinet.relay_id)
        if owner is not None:
            raise RelayTaken(cabinet.id, cabinet.relay_id, owner.id)
        _insert(db, cabinet, act, now_ms)
    if new:
        sqlite_audit.append(db, Draft(act, facts={"added": [cabinet.id for cabinet in new]}), now_ms)
    return len(new)


def take_in(
    db: DB, cabinets: Sequence[Cabinet], act: Act, now_ms: int, *, update: bool, dry_run: bool
) -> Imported:
    """Import; with ``dry_run`` nothing is written, and the same is told."""
    stored = {cabinet.id: cabinet for cabinet in every(db)}
    plan = plan_import(cabinets, stored, now_ms, update=update)
    done = plan.told()
    if not dry_run:
        _write(db, plan.added, plan.updated, act, now_ms)
        facts = {"added": list(done.added), "updated": list(done.updated), "skipped": len(done.skipped)}
        sqlite_audit.append(db, Draft(act, facts=facts), now_ms)
    return done


def keep_revision(db: DB, revision: Revision) -> None:
    row = (revision.cabinet_id, revision.number, _text(revision_document(revision)))
    db.execute("INSERT INTO history (cabinet_id, revision, document) VALUES (?, ?, sealed(?))", row)


def history(db: DB, cabinet_id: str, before: int | None, limit: int) -> list[Revision]:
    rows = db.execute(
        "SELECT opened(document) FROM history"
        " WHERE cabinet_id = ? AND revision < ? ORDER BY revision DESC LIMIT ?",
        (cabinet_id, sqlite_outbox.NO_LIMIT if before is None else before, limit),
    )
    return [revision_from(json.loads(row[0])) for row in rows]


def revision(db: DB, cabinet_id: str, number: int) -> Revision | None:
    key = (cabinet_id, number)
    row = db.execute(
        "SELECT opened(document) FROM history WHERE cabinet_id = ? AND revision = ?", key
    ).fetchone()
    return None if row is None else revision_from(json.loads(row[0]))


def forget_revisions(db: DB, kept: int) -> int:
    newest = "(SELECT MAX(revision) FROM history AS every WHERE every.cabinet_id = history.cabinet_id)"
    return db.execute(f"DELETE FROM history WHERE revision <= {newest} - ?", (kept,)).rowcount


def report(db: DB, reports: Sequence[RelayReport]) -> list[Standing]:
    """Merge ``reports`` into what is stored, and tell how their cabinets stand."""
    by_relay: dict[str, list[RelayReport]] = {}
    for one in reports:
        by_relay.setdefault(one.relay_id, []).append(one)
    found = []
    for relay_id, parts in by_relay.items():
        cabinet = of_relay(db, relay_id)
        if cabinet is not None:
            reported = _reported(db, relay_id)
            if any(part.fields for part in parts):
                _keep_reported(db, relay_id, _merge(reported, parts))
            found.append(Standing(cabinet, reported, sqlite_outbox.on_their_way(db, relay_id)))
    return found


def standing(db: DB, cabinet_id: str) -> Standing | None:
    cabinet = find(db, cabinet_id)
    if cabinet is None:
        return None
    relay_id = cabinet.relay_id
    return Standing(cabinet, _reported(db, relay_id), sqlite_outbox.on_their_way(db, relay_id))


def standings(db: DB) -> list[Standing]:
    rows = db.execute("SELECT relay_id, opened(document) FROM reports")
    reports = {relay_id: reported_from(json.loads(document)) for relay_id, document in rows}
    pending = sqlite_outbox.on_their_way_by_relay(db)
    return [
        Standing(cabinet, reports.get(cabinet.relay_id, {}), pending.get(cabinet.relay_id, frozenset()))
        for cabinet in every(db)
    ]


def _write(db: DB, added: Iterable[Cabinet], updated: Iterable[Cabinet], act: Act, now_ms: int) -> None:
    for cabinet in added:
        _insert(db, cabinet, act, now_ms)
    for cabinet in updated:
        change(db, cabinet)
        keep_revision(db, Revision.of(cabinet, act))


def _insert(db: DB, cabinet: Cabinet, act: Act, now_ms: int) -> None:
    stamped = replace(cabinet, updated_ms=cabinet.updated_ms or now_ms)
    row = (cabinet.id, cabinet.relay_id, _text(cabinet_document(stamped)))
    db.execute("INSERT INTO cabinets (id, relay_id, document) VALUES (?, ?, sealed(?))", row)
    keep_revision(db, Revision.of(stamped, act))


def _reported(db: DB, relay_id: str) -> dict[str, dict[str, FieldReport]]:
    row = db.execute("SELECT opened(document) FROM reports WHERE relay_id = ?", (relay_id,)).fetchone()
    return {} if row is None else reported_from(json.loads(row[0]))


def _merge(
    reported: dict[str, dict[str, FieldReport]], parts: Iterable[RelayReport]
) -> dict[str, dict[str, FieldReport]]:
    for part in parts:
        if part.fields:
            reported.setdefault(part.component, {}).update(part.fields)
    return reported


def _keep_reported(db: DB, relay_id: str, reported: dict[str, dict[str, FieldReport]]) -> None:
    db.execute(
        "INSERT INTO reports (relay_id, document) VALUES (?, sealed(?))"
        " ON CONFLICT (relay_id) DO UPDATE SET document = excluded.document",
        (relay_id, _text(reported_document(reported))),
    )


def _text(document: dict[str, Any]) -> str:
    return to_bytes(document).decode()
