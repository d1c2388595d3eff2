"""Machines in MongoDB: each change is one write of one document, taken only where nobody else was faster.

What a change leaves to be told elsewhere, revisions, ended entries, the audit trail, is written with it and
moved right behind it. Where that fails, because the server went away meanwhile, say, it is moved with the
next change, the next look at the trail, or the next start; moving twice does no harm.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from cms import log
from cms.errors import CmsError, StoreBusy, StoreError, UnknownCabinet
from cms.store.document import entry_document, revision_document
from cms.store.entry import OutboxEntry
from cms.store.line import Line, Waiting
from cms.store.mongodb_chain import AuditChain
from cms.store.mongodb_errors import UNSTORABLE, is_busy
from cms.store.mongodb_link import OPERATION_MS, Fields, Link, insert_missing
from cms.store.mongodb_orders import Job
from cms.store.mongodb_record import Machine, machine_document, machine_from
from cms.store.mongodb_schema import META

MACHINES, HISTORY, ENDED = "machines", "history", "outbox"
MAX_WAITING = 10_000
"""How many changes may wait; the next one is refused with StoreBusy."""

KEPT = 10_000
"""How many entries are kept after their end; what became of older ones is in the audit trail."""

_PRUNE_EVERY = 256
_STAMPS = 8
"""How many of the last writes a document knows, for a writer whose connection broke before the answer."""

Outcomes = list[tuple[Waiting[Job], Any]]

NOTHING = Job(lambda machine, _: (machine, None))
"""Changes nothing, and has moved what was left to be moved."""


class Machines:
    """One line for each cabinet: within this process nobody is ever beaten to a document."""

    def __init__(self, link: Link, chain: AuditChain) -> None:
        self._link = link
        self._chain = chain
        self._lines: dict[str, Line[Job]] = {}
        self._waiting = 0

    async def change(self, cabinet_id: str, job: Job) -> Any:
        """Do ``job`` on a machine and tell what it tells. UnknownCabinet; whatever the job raises."""
        if self._waiting >= MAX_WAITING:
            raise StoreBusy(f"The database {self._link.address} is busy: {MAX_WAITING} orders wait for it")
        line = self._lines.get(cabinet_id)
        if line is None:
            line = self._lines[cabinet_id] = Line(
                lambda group: self._change(cabinet_id, group), lambda: self._lines.pop(cabinet_id)
            )
        self._waiting += 1
        try:
            return await line.submit(job)
        finally:
            self._waiting -= 1

    async def sweep(self) -> None:
        """Have moved what another process, or a broken connection, left to be moved."""
        left = await self._link[MACHINES].find({"unmoved": 1}, {"_id": 1}).limit(MAX_WAITING).to_list()
        for document in left:
            await self.change(document["_id"], NOTHING)

    async def drained(self) -> None:
        """When everything that was asked for is done."""
        for line in list(self._lines.values()):
            await line.drained()

    async def _change(self, cabinet_id: str, group: Sequence[Waiting[Job]]) -> None:
        try:
            await self._commit(cabinet_id, group)
        except UNSTORABLE:
            if len(group) == 1:
                raise
            for waiting in group:  # only whose value it is shall be refused
                try:
                    await self._commit(cabinet_id, [waiting])
                except (CmsError, PyMongoError, *UNSTORABLE) as exc:
                    waiting.fail(exc)

    async def _commit(self, cabinet_id: str, group: Sequence[Waiting[Job]]) -> None:
        tried: dict[str, Outcomes] = {}
        deadline = time.monotonic() + OPERATION_MS / 1000
        while time.monotonic() < deadline:
            document = await self._read(cabinet_id, unsure=bool(tried))
            machine, step = machine_from(self._link.vault.opened(document)), document["step"]
            outcomes = next((tried[one] for one in document["stamps"] if one in tried), None)
            if outcomes is None:
                before = machine
                machine, outcomes = await self._apply(before, group)
                if machine is not before:
                    stamp = secrets.token_hex(6)
                    tried[stamp] = outcomes
                    if not await self._swap(document, machine, stamp):
                        continue
                    step += 1
            await self._move(cabinet_id, machine, step)
            return _settle(outcomes)
        raise self._uncertain() if tried else StoreBusy(f"The database {self._link.address} is busy")

    async def _read(self, cabinet_id: str, *, unsure: bool) -> Fields:
        try:
            document = await self._link[MACHINES].find_one({"_id": cabinet_id})
        except PyMongoError as exc:
            if unsure and is_busy(exc):
                raise self._uncertain() from exc
            raise
        if document is None:
            raise UnknownCabinet(cabinet_id)
        return document

    def _uncertain(self) -> StoreBusy:
        return StoreBusy(
            f"The database {self._link.address} did not answer in time: what was ordered may be stored all "
            "the same, look before you order it again"
        )

    async def _apply(self, machine: Machine, group: Sequence[Waiting[Job]]) -> tuple[Machine, Outcomes]:
        ids = await self._new_ids(sum(waiting.job.ids for waiting in group))
        outcomes: Outcomes = []
        for waiting in group:
            try:
                machine, outcome = waiting.job.change(machine, ids)
            except Exception as exc:  # noqa: BLE001 - it belongs to whoever waits, and is raised there
                outcome = exc
            outcomes.append((waiting, outcome))
        return machine, outcomes

    async def _new_ids(self, count: int) -> Iterator[int]:
        """Ids that were never used, and never will be again; higher than all that the document knows."""
        if count == 0:
            return iter(())
        counter = await self._link[META].find_one_and_update(
            {"_id": "entries"}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        last = int(counter["last"]) if counter else 0
        return iter(range(last - count + 1, last + 1))

    async def _swap(self, document: Fields, machine: Machine, stamp: str) -> bool:
        """False where another process was faster, and where no answer came: it is to be looked for."""
        stamps = [stamp, *document["stamps"]][:_STAMPS]
        try:
            return await self._write(document["_id"], document["step"], machine, {"stamps": stamps})
        except PyMongoError as exc:
            if is_busy(exc):
                return False
            raise

    async def _write(self, cabinet_id: str, step: int, machine: Machine, more: Fields) -> bool:
        fields, absent = machine_document(machine)
        sealed = self._link.vault.sealed(fields)
        update: Fields = {"$set": {**sealed, **more, "step": step + 1}}
        if absent:
            update["$unset"] = dict.fromkeys(absent, "")
        done = await self._link[MACHINES].update_one({"_id": cabinet_id, "step": step}, update)
        return done.matched_count == 1

    async def _move(self, cabinet_id: str, machine: Machine, step: int) -> None:
        """Tell elsewhere what ``machine`` holds for that; the change itself is stored already."""
        ended = machine.ended()
        if not (machine.notes or machine.revisions or ended):
            return
        vault = self._link.vault
        history = [
            {"_id": f"{cabinet_id}/{one.number}", **revision_document(one)} for one in machine.revisions
        ]
        try:
            await asyncio.gather(
                insert_missing(self._link[HISTORY], vault.sealed(history)),
                insert_missing(self._link[ENDED], vault.sealed([_ended(one) for one in ended])),
                self._chain.append(machine.notes),
            )
            await self._write(cabinet_id, step, machine.moved(), {})
            if any(int(entry.id) % _PRUNE_EVERY == 0 for entry in ended):
                await self._prune()
        except (PyMongoError, StoreError) as exc:
            log.event("!", "store move put off", cabinet=cabinet_id, reason=type(exc).__name__)

    async def _prune(self) -> None:
        ended = self._link[ENDED]
        oldest = await ended.find({}, {"seq": 1}).sort("seq", -1).skip(KEPT).limit(1).to_list()
        if oldest:
            await ended.delete_many({"seq": {"$lte": oldest[0]["seq"]}})


def _ended(entry: OutboxEntry) -> Fields:
    return {"_id": int(entry.id), "seq": int(entry.id), **entry_document(entry)}


def _settle(outcomes: Outcomes) -> None:
    for waiting, outcome in outcomes:
        if isinstance(outcome, Exception):
            waiting.fail(outcome)
        else:
            waiting.settle(outcome)
