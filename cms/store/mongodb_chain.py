"""The audit trail in MongoDB: a document for each entry, its number the ``_id``.

Whoever appends inserts the number behind the last one that he knows: where another process was faster the
number is taken, and he seals anew behind that one. So the chain never forks, without a transaction. Nobody
can keep an administrator of the server from changing entries: the hashes show it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from pymongo.errors import BulkWriteError, ConnectionFailure

from cms.audit import GENESIS, AuditEntry, AuditFilter, seal
from cms.errors import StoreBusy
from cms.store.line import Line, Waiting
from cms.store.mongodb_errors import only_duplicates
from cms.store.mongodb_link import OPERATION_MS, Fields, Link, one_of
from cms.store.mongodb_record import Note
from wire.timestamps import format_timestamp

AUDIT = "audit"

Notes = Sequence[Note]


class AuditChain:
    """Appends in groups: under load many entries share one operation."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._line: Line[Notes] = Line(self._append_all)
        self._head: tuple[int, str] | None = None

    async def append(self, notes: Notes) -> None:
        """Seal ``notes`` behind the last entry; those that are in the chain already stay where they are."""
        if notes:
            await self._line.submit(notes)

    async def entry_of(self, note: Note) -> AuditEntry:
        """The entry that ``note`` became."""
        found = await self._link[AUDIT].find_one({"key": note.key})
        return _entry(found or {})

    async def drained(self) -> None:
        await self._line.drained()

    async def find(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Entries, newest first."""
        conditions: dict[str, Any] = {
            "entry.cabinet": one_of(wanted.cabinet_id, wanted.cabinet_ids),
            "entry.user": wanted.user,
            "ms": _given({"$gte": wanted.since_ms, "$lte": wanted.until_ms}) or None,
            "seq": None if wanted.before is None else {"$lt": wanted.before},
        }
        found = self._link[AUDIT].find(_given(conditions)).sort("seq", -1).limit(wanted.limit)
        return [_entry(document) async for document in found]

    async def behind(self, after: int, limit: int) -> list[AuditEntry]:
        """The chain in its order, behind the entry number ``after``."""
        found = self._link[AUDIT].find({"seq": {"$gt": after}}).sort("seq", 1).limit(limit)
        return [_entry(document) async for document in found]

    async def outcomes(self, entry_ids: Sequence[str]) -> list[AuditEntry]:
        """The entries that say what became of these orders, oldest first."""
        found = self._link[AUDIT].find({"entry.order": {"$in": list(entry_ids)}}).sort("seq", 1)
        return [_entry(document) async for document in found]

    async def _append_all(self, group: Sequence[Waiting[Notes]]) -> None:
        missing = {note.key: note for waiting in group for note in waiting.job}
        deadline = time.monotonic() + OPERATION_MS / 1000
        while missing:
            if time.monotonic() > deadline:
                raise StoreBusy(f"The audit trail of {self._link.address} is busy, try again later")
            if await self._insert(list(missing.values())):
                break
            for key in await self._known(list(missing)):
                del missing[key]
        for waiting in group:
            waiting.settle(None)

    async def _insert(self, notes: Notes) -> bool:
        """Whether all of them are in the chain now; where not, some of them may be."""
        seq, previous = await self._last() if self._head is None else self._head
        documents: list[Fields] = []
        for note in notes:
            entry = seal(note.draft, seq + 1, note.at_ms, previous)
            seq, previous = entry.seq, entry.hash
            fields = {"key": note.key, "ms": note.at_ms, "entry": dict(entry.document), "hash": previous}
            documents.append({"_id": seq, "seq": seq, **fields})
        self._head = None
        try:
            await self._link[AUDIT].insert_many(documents, ordered=True)
        except ConnectionFailure:
            return False
        except BulkWriteError as exc:
            if not only_duplicates(exc):
                raise
            return False
        self._head = (seq, previous)
        return True

    async def _last(self) -> tuple[int, str]:
        last = await self._link[AUDIT].find({}, {"seq": 1, "hash": 1}).sort("seq", -1).limit(1).to_list()
        return (last[0]["seq"], last[0]["hash"]) if last else (0, GENESIS)

    async def _known(self, keys: Sequence[str]) -> list[str]:
        found = self._link[AUDIT].find({"key": {"$in": list(keys)}}, {"key": 1})
        return [document["key"] async for document in found]


def _entry(document: Fields) -> AuditEntry:
    """What is found by another number or time than was sealed is given as an entry that nothing fits."""
    entry, found = document.get("entry"), document.get("hash")
    if not isinstance(entry, dict) or not isinstance(found, str):
        return AuditEntry({}, "")
    known = entry.get("seq") == document.get("_id") == document.get("seq") and entry.get("at") == _text(
        document.get("ms")
    )
    return AuditEntry(entry if known else {}, found)


def _text(ms: object) -> str | None:
    return format_timestamp(ms) if isinstance(ms, int) else None


def _given(conditions: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in conditions.items() if value is not None}
