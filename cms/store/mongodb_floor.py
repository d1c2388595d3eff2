"""What is read of machines: cabinets, their entries on the way and those that ended, their history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cms.cabinet import Cabinet, is_cabinet_id, natural_key
from cms.revision import Revision
from cms.standing import Standing
from cms.store.document import entry_from, revision_from
from cms.store.entry import OutboxEntry, OutboxFilter, State
from cms.store.mongodb_chain import AuditChain
from cms.store.mongodb_link import Fields, Link, one_of
from cms.store.mongodb_machines import ENDED, HISTORY, MACHINES
from cms.store.mongodb_record import PLUMBING, Machine, lease_from, machine_from, stored_cabinet
from cms.store.mongodb_reports import Reports
from cms.store.store import Outcome
from wire.timestamps import parse_timestamp

_CABINET = dict.fromkeys(PLUMBING, 0)
_BUSY_ONES = {"$or": [{"waiting": {"$gt": 0}}, {"unanswered": {"$gt": 0}}, {"unmoved": 1}]}
"""The machines that hold entries at all."""


class Floor:
    """Reads only."""

    def __init__(self, link: Link, reports: Reports, chain: AuditChain) -> None:
        self._link = link
        self._reports = reports
        self._chain = chain

    async def cabinet(self, cabinet_id: str) -> Cabinet | None:
        if not is_cabinet_id(cabinet_id):  # nor would BSON take every text
            return None
        found = await self._link[MACHINES].find_one({"_id": cabinet_id}, _CABINET)
        return None if found is None else self._cabinet(found)

    async def cabinets(self) -> list[Cabinet]:
        found = [self._cabinet(one) async for one in self._link[MACHINES].find({}, _CABINET)]
        return sorted(found, key=lambda cabinet: natural_key(cabinet.id))

    async def of_relay(self, relay_id: str) -> Cabinet | None:
        found = await self._link[MACHINES].find_one({"relayId": relay_id}, _CABINET)
        return None if found is None else self._cabinet(found)

    async def ids(self, wanted: Fields) -> list[str]:
        """The ids of the machines that fit."""
        return [one["_id"] async for one in self._link[MACHINES].find(wanted, {"_id": 1})]

    async def holder(self, entry_id: str) -> str | None:
        """The id of the machine that holds an entry."""
        held = await self.ids({"entryIds": {"$in": [int(entry_id)]}})
        return held[0] if held else None

    async def pending(self, limit: int) -> list[OutboxEntry]:
        found = [one for one in await self._first("waiting", None, limit) if one.state is State.WAITING]
        return sorted(found, key=_number)[:limit]

    async def unclaimed(
        self, mark: str, until: int | None, holder: str, now_ms: int, limit: int
    ) -> list[str]:
        """The first machines by ``mark`` that nobody but ``holder`` sends to."""
        wanted = {mark: {"$gt": 0} if until is None else {"$lte": until}}
        ids: list[str] = []
        async for one in self._link[MACHINES].find(wanted, {"lease": 1}).sort(mark, 1):
            if not lease_from(one.get("lease")).is_of_another(holder, now_ms):
                ids.append(one["_id"])
            if len(ids) == limit:
                break
        return ids

    async def due(self, now_ms: int | None, limit: int) -> list[OutboxEntry]:
        if now_ms is None:
            every = await self._first("unanswered", None, limit)
            return sorted((e for e in every if e.open and e.state is not State.WAITING), key=_number)[:limit]
        late = [
            (one.next_ms, _number(one), one)
            for one in await self._first("due", now_ms, limit)
            if one.next_ms is not None and one.next_ms <= now_ms
        ]
        return [entry for *_, entry in sorted(late, key=lambda one: one[:2])[:limit]]

    async def outbox(self, wanted: OutboxFilter) -> list[OutboxEntry]:
        """Entries, newest first, those that ended too."""
        state = None if wanted.state is None else str(wanted.state)
        before = None if wanted.before is None else {"$lt": wanted.before}
        held = _given({"outbox.state": state, "outbox.seq": before})
        which = one_of(wanted.cabinet_id, wanted.cabinet_ids)
        stages: list[dict[str, Any]] = [
            {"$match": {**(_given({"_id": which})), **({} if wanted.cabinet_id else _BUSY_ONES)}},
            {"$unwind": "$outbox"},
            *([{"$match": held}] if held else []),
            {"$sort": {"outbox.seq": -1}},
            {"$limit": wanted.limit},
            {"$project": {"outbox": 1}},
        ]
        cursor = await self._link[MACHINES].aggregate(stages)
        here = [self._entry(one["outbox"]) async for one in cursor]
        gone = _given({"cabinetId": which, "state": state, "seq": before})
        ended = self._link[ENDED].find(gone).sort("seq", -1).limit(wanted.limit)
        found = {entry.id: entry for entry in [self._entry(one) async for one in ended] + here}
        return sorted(found.values(), key=_number, reverse=True)[: wanted.limit]

    async def outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        """From the audit trail where an entry is gone from the outbox."""
        found = {}
        for sealed in await self._chain.outcomes(entry_ids):
            said = sealed.document
            at_ms = parse_timestamp(said["at"])
            found[said["order"]] = Outcome(State(said["outcome"]), at_ms, said.get("detail", ""))
        numbers = {"$in": [int(entry_id) for entry_id in entry_ids]}
        ended = [self._entry(one) async for one in self._link[ENDED].find({"_id": numbers})]
        held = self._link[MACHINES].find({"entryIds": numbers}, {"outbox": 1})
        here = [self._entry(one) async for machine in held for one in machine["outbox"]]
        for entry in ended + [entry for entry in here if entry.id in entry_ids]:
            at_ms = entry.ended_ms or entry.sent_ms or entry.created_ms
            found[entry.id] = Outcome(entry.state, at_ms, entry.detail)
        return found

    async def history(self, cabinet_id: str, before: int | None, limit: int) -> list[Revision]:
        wanted: Fields = {"cabinetId": cabinet_id}
        if before is not None:
            wanted["revision"] = {"$lt": before}
        found = self._link[HISTORY].find(wanted).sort("revision", -1).limit(limit)
        return [self._revision(one) async for one in found]

    async def revision(self, cabinet_id: str, number: int) -> Revision | None:
        found = await self._link[HISTORY].find_one({"cabinetId": cabinet_id, "revision": number})
        return None if found is None else self._revision(found)

    async def standings(self, wanted: Fields) -> list[Standing]:
        """How the machines that fit stand, by id."""
        found = [self._machine(one) async for one in self._link[MACHINES].find(wanted)]
        reports = await self._reports.of([machine.cabinet.relay_id for machine in found])
        standings = (
            Standing(one.cabinet, reports.get(one.cabinet.relay_id, {}), one.on_their_way()) for one in found
        )
        return sorted(standings, key=lambda standing: natural_key(standing.cabinet.id))

    def _cabinet(self, document: Fields) -> Cabinet:
        return stored_cabinet(self._link.vault.opened(document))

    def _entry(self, document: Fields) -> OutboxEntry:
        return entry_from(self._link.vault.opened(document))

    def _revision(self, document: Fields) -> Revision:
        return revision_from(self._link.vault.opened(document))

    def _machine(self, document: Fields) -> Machine:
        return machine_from(self._link.vault.opened(document))

    async def _first(self, mark: str, until: int | None, limit: int) -> Iterable[OutboxEntry]:
        """The entries of the first ``limit`` machines by ``mark``: the first of all are among them."""
        bound = {"$gt": 0} if until is None else {"$lte": until}
        found = self._link[MACHINES].find({mark: bound}, {"outbox": 1}).sort(mark, 1).limit(limit)
        return [self._entry(one) async for machine in found for one in machine["outbox"]]


def _number(entry: OutboxEntry) -> int:
    return int(entry.id)


def _given(conditions: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in conditions.items() if value is not None}
