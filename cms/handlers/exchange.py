"""Cabinets in and out, whole (contract, section 7)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cms import cabinets_text
from cms.actor import Act, Actor
from cms.errors import CabinetsError, RelayTaken, RequestError
from cms.handlers.records import Records
from cms.store.store import Imported, Store
from wire.errors import Problem

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Parcel:
    """A text with cabinets, in one of the formats; ``name`` is what errors call it."""

    text: str
    form: str
    name: str


class Exchange:
    """Exports and imports. One text is read at a time: each may be some megabytes."""

    def __init__(self, store: Store, records: Records) -> None:
        self._store = store
        self._records = records
        self._one = asyncio.Lock()

    async def export(self, form: str, actor: Actor) -> str:
        """All cabinets as text, secrets masked; the export is in the audit trail before it is given."""
        cabinets = await self._store.cabinets()
        await self._records.note(Act(actor, "export"), what="cabinets", format=form, count=len(cabinets))
        return await asyncio.to_thread(cabinets_text.written, cabinets, form)

    async def take_in(self, parcel: Parcel, actor: Actor, *, update: bool, dry_run: bool) -> Imported:
        """Import; RequestError with everything that is wrong with it, and then nothing was imported."""
        async with self._one:
            try:
                cabinets = await asyncio.to_thread(cabinets_text.read, parcel.text, parcel.form, parcel.name)
                act = Act(actor, "import", {"format": parcel.form})
                return await self._store.import_cabinets(cabinets, act, update=update, dry_run=dry_run)
            except CabinetsError as exc:
                raise RequestError.of([_problem(text) for text in exc.problems[:MAX_PROBLEMS]]) from exc
            except RelayTaken as exc:
                raise RequestError.of(exc.problems[:MAX_PROBLEMS]) from exc


def _problem(sentence: str) -> Problem:
    """``file:3: cabinets[0].id: wanted`` in its two parts."""
    line, place, wanted = [*sentence.split(": ", 2), "", ""][:3]
    return Problem(f"{line}: {place}", wanted)
