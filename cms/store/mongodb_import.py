"""Adding many cabinets to MongoDB, all or none: what is to be done is stored first, in one document.

Then it is done; where that stops half-way, whoever imports or starts next finishes it. One import at a time:
the document is taken with compare-and-set, so that what was decided from what was read stays right.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from cms.actor import Act
from cms.audit import Draft
from cms.cabinet import Cabinet
from cms.errors import StoreBusy
from cms.revision import Revision
from cms.store.document import cabinet_document, cabinet_from, revision_document
from cms.store.importing import Plan
from cms.store.mongodb_chain import AuditChain
from cms.store.mongodb_floor import Floor
from cms.store.mongodb_link import OPERATION_MS, Fields, Link, each, insert_missing
from cms.store.mongodb_machines import HISTORY, MACHINES, Machines
from cms.store.mongodb_orders import describe
from cms.store.mongodb_record import Machine, Note, machine_document, note_document, note_from
from cms.store.mongodb_schema import META

Decide = Callable[[Mapping[str, Cabinet]], tuple[Plan, Draft | None]]
"""From what is stored to what is to be done; without a draft nothing is done."""

_ID = "import"


class Imports:
    """Imports, one after the other, whichever process they come from."""

    def __init__(self, link: Link, floor: Floor, machines: Machines, chain: AuditChain) -> None:
        self._link = link
        self._floor = floor
        self._machines = machines
        self._chain = chain

    async def run(self, decide: Decide, now_ms: int) -> Plan:
        """Decide, and do it. What ``decide`` raises is raised, and nothing is done."""
        deadline = time.monotonic() + 2 * OPERATION_MS / 1000
        while time.monotonic() < deadline:
            step = await self.finish()
            plan, draft = decide({cabinet.id: cabinet for cabinet in await self._floor.cabinets()})
            if draft is None:
                return plan
            work = {
                "added": [cabinet_document(cabinet) for cabinet in plan.added],
                "updated": [cabinet_document(cabinet) for cabinet in plan.updated],
                "note": note_document(Note.of(draft, now_ms)),
            }
            sealed = self._link.vault.sealed(work)
            wanted = {"_id": _ID, "step": step}
            taken = await self._link[META].update_one(wanted, {"$set": {"step": step + 1, "work": sealed}})
            if taken.matched_count == 1:
                await self.finish()
                return plan
        raise StoreBusy(f"The database {self._link.address} is busy with another import, try again later")

    async def finish(self) -> int:
        """Do what is left of an import that was stored, and tell the number of the last one."""
        meta = self._link[META]
        await meta.update_one({"_id": _ID}, {"$setOnInsert": {"step": 0}}, upsert=True)
        found = await meta.find_one({"_id": _ID}) or {"step": 0}
        work, step = found.get("work"), int(found["step"])
        if work:
            await self._do(self._link.vault.opened(work))
            await meta.update_one({"_id": _ID, "step": step}, {"$unset": {"work": ""}})
        return step

    async def _do(self, work: Fields) -> None:
        """All of it may have been done before: a second time changes nothing."""
        note, vault = note_from(work["note"]), self._link.vault
        added = [cabinet_from(document) for document in work["added"]]
        history = [_revision(cabinet, note.draft.act) for cabinet in added]
        await insert_missing(self._link[HISTORY], vault.sealed(history))
        await insert_missing(self._link[MACHINES], vault.sealed([_machine(cabinet) for cabinet in added]))
        updated = [cabinet_from(document) for document in work["updated"]]

        async def take_over(cabinet: Cabinet) -> None:
            await self._machines.change(cabinet.id, describe(cabinet, note.draft.act, cabinet.updated_ms))

        await each(updated, take_over)
        await self._chain.append([note])


def _revision(cabinet: Cabinet, act: Act) -> Fields:
    revision = Revision.of(cabinet, act)
    return {"_id": f"{cabinet.id}/{revision.number}", **revision_document(revision)}


def _machine(cabinet: Cabinet) -> Fields:
    fields, _ = machine_document(Machine(cabinet))
    return {"_id": cabinet.id, "step": 1, "stamps": [], **fields}
