"""Sheets in MongoDB, each one document, with the notes that are to be sealed.

A sheet that was removed stays, without its content, until they are in the audit trail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cms.errors import StoreBusy
from cms.sheet import KEPT, Kind, Sheet
from cms.store.mongodb_chain import AuditChain
from cms.store.mongodb_link import OPERATION_MS, Fields, Link, write_step
from cms.store.mongodb_record import Note, note_document, note_from

SHEETS = "sheets"


@dataclass(frozen=True, slots=True)
class Slot:
    """``sheet`` is None before it is there and once it is removed."""

    sheet: Sheet | None = None
    notes: tuple[Note, ...] = ()


Change = Callable[[Slot], Slot | None]


class Sheets:
    """Each change is one write of one document, taken only where nobody else was faster."""

    def __init__(self, link: Link, chain: AuditChain) -> None:
        self._link = link
        self._chain = chain

    async def put(self, sheet: Sheet, note: Note | None) -> bool:
        def change(slot: Slot) -> Slot | None:
            number = 0 if slot.sheet is None else slot.sheet.number
            return Slot(sheet, _with(slot, note)) if number == sheet.number - 1 else None

        done = await self._change(_key(sheet.kind, sheet.id), change)
        if done and sheet.number == 1 and sheet.kind in KEPT:
            await self._prune(sheet.kind)
        return done

    async def remove(self, sheet: Sheet, note: Note) -> bool:
        def change(slot: Slot) -> Slot | None:
            known = slot.sheet is not None and slot.sheet.number == sheet.number
            return Slot(None, _with(slot, note)) if known else None

        return await self._change(_key(sheet.kind, sheet.id), change)

    async def find(self, kind: Kind, sheet_id: str) -> Sheet | None:
        found = await self._link[SHEETS].find_one({"_id": _key(kind, sheet_id)})
        return None if found is None else self._slot(found).sheet

    async def every(self, kind: Kind, limit: int, lacking: str | None) -> list[Sheet]:
        """Newest first."""
        missing = {} if lacking is None else {f"document.{lacking}": {"$exists": False}}
        wanted = {"kind": str(kind), **missing}
        found = self._link[SHEETS].find(wanted).sort([("ms", -1), ("_id", -1)]).limit(limit)
        return [sheet async for one in found if (sheet := self._slot(one).sheet) is not None]

    async def sweep(self) -> None:
        """Seal what a broken connection left to be sealed."""
        async for one in self._link[SHEETS].find({"unmoved": 1}):
            await self._move(one["_id"], one["step"], self._slot(one))

    async def _change(self, key: str, change: Change) -> bool:
        deadline = time.monotonic() + OPERATION_MS / 1000
        while time.monotonic() < deadline:
            found = await self._link[SHEETS].find_one({"_id": key})
            slot = change(Slot() if found is None else self._slot(found))
            if slot is None:
                return False
            step = 0 if found is None else int(found["step"])
            if await self._write(key, step, slot):
                await self._move(key, step + 1, slot)
                return True
        raise StoreBusy(f"The database {self._link.address} is busy: {key} was not changed")

    async def _write(self, key: str, step: int, slot: Slot) -> bool:
        document = self._link.vault.sealed(_document(slot))
        return await write_step(self._link[SHEETS], key, step, document)

    async def _move(self, key: str, step: int, slot: Slot) -> None:
        await self._chain.append(slot.notes)
        if slot.sheet is None:
            await self._link[SHEETS].delete_one({"_id": key, "step": step})
        elif slot.notes:
            await self._write(key, step, Slot(slot.sheet))

    def _slot(self, document: Fields) -> Slot:
        return _slot(self._link.vault.opened(document))

    async def _prune(self, kind: Kind) -> None:
        sheets = self._link[SHEETS]
        newest = sheets.find({"kind": str(kind)}, {"_id": 1}).sort([("ms", -1), ("_id", -1)])
        surplus = [one["_id"] async for one in newest][KEPT[kind] :]
        if surplus:
            await sheets.delete_many({"_id": {"$in": surplus}})


def _with(slot: Slot, note: Note | None) -> tuple[Note, ...]:
    return slot.notes if note is None else (*slot.notes, note)


def _key(kind: Kind, sheet_id: str) -> str:
    return f"{kind}/{sheet_id}"


def _document(slot: Slot) -> Fields:
    sheet = slot.sheet
    content = (
        {}
        if sheet is None
        else {
            "kind": str(sheet.kind),
            "id": sheet.id,
            "number": sheet.number,
            "ms": sheet.at_ms,
            "document": dict(sheet.document),
        }
    )
    marks = {"unmoved": 1} if slot.notes else {}
    return {**content, "drafts": [note_document(note) for note in slot.notes], **marks}


def _slot(document: Fields) -> Slot:
    notes = tuple(note_from(one) for one in document["drafts"])
    if "kind" not in document:
        return Slot(None, notes)
    kind, number, at_ms = Kind(document["kind"]), document["number"], document["ms"]
    return Slot(Sheet(kind, document["id"], number, at_ms, document["document"]), notes)
