"""The storage on a MongoDB server, through PyMongo's asynchronous client, for any number of processes.

Nothing here needs a replica set: what belongs together is one document (see mongodb_machines).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from cms.account import Accounts, Credential, User
from cms.actor import SYSTEM, Act
from cms.audit import AuditEntry, AuditFilter, Draft
from cms.cabinet import Cabinet, ConfigChange, is_cabinet_id
from cms.errors import UnknownCabinet
from cms.revision import Revision
from cms.sheet import Kind, Sheet
from cms.standing import Standing
from cms.store import mongodb_orders as orders
from cms.store import mongodb_seals as seals
from cms.store.entry import CommandOrder, OutboxEntry, OutboxFilter, Settlement, State
from cms.store.importing import Plan, plan_import, plan_seed
from cms.store.mongodb_accounts import Users
from cms.store.mongodb_address import mongo_address
from cms.store.mongodb_chain import AuditChain
from cms.store.mongodb_errors import converted
from cms.store.mongodb_floor import Floor
from cms.store.mongodb_import import Imports
from cms.store.mongodb_link import Link, each
from cms.store.mongodb_machines import HISTORY, Machines
from cms.store.mongodb_record import Note
from cms.store.mongodb_reports import Reports
from cms.store.mongodb_schema import prepare
from cms.store.mongodb_sheets import Sheets
from cms.store.mongodb_turns import Turns
from cms.store.store import NO_LIMIT, Imported, Ordered, Outcome, RelayReport, Renewed
from cms.vault import PLAIN, Vault
from wire.relay import canonical_relay_id

GIVEN, SEEDED = Act(), Act(SYSTEM, "seed")

P = ParamSpec("P")
R = TypeVar("R")


def _verb(method: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The border: no error of the driver gets past it."""

    @wraps(method)
    async def converting(*args: P.args, **kwargs: P.kwargs) -> R:
        store = args[0]
        assert isinstance(store, MongoStore)
        with converted(store.link.address):
            return await method(*args, **kwargs)

    return converting


class MongoStore:
    """A Store in the database that ``uri`` names. ``clock_ms`` gives milliseconds since 1970.

    SettingError where ``uri`` names none.
    """

    def __init__(self, uri: str, *, clock_ms: Callable[[], int], vault: Vault = PLAIN) -> None:
        self._clock_ms = clock_ms
        self._holder = secrets.token_hex(6)
        self.link = Link(mongo_address(uri), vault)
        self._chain = AuditChain(self.link)
        self._machines = Machines(self.link, self._chain)
        self._reports = Reports(self.link)
        self._floor = Floor(self.link, self._reports, self._chain)
        self._users = Users(self.link, self._chain)
        self._turns = Turns(self.link)
        self._sheets = Sheets(self.link, self._chain)
        self._imports = Imports(self.link, self._floor, self._machines, self._chain)

    @property
    def shared(self) -> bool:
        return True

    async def open(self) -> None:
        self.link.connect()
        try:
            with converted(self.link.address):
                await prepare(self.link)
                await seals.admit(self.link)
                await self._imports.finish()
                await self._sweep()
        except BaseException:
            await self.link.close()
            raise

    async def close(self) -> None:
        await self._machines.drained()
        await self._chain.drained()
        await self.link.close()

    @_verb
    async def cabinet(self, cabinet_id: str) -> Cabinet | None:
        return await self._floor.cabinet(cabinet_id)

    @_verb
    async def cabinets(self) -> list[Cabinet]:
        return await self._floor.cabinets()

    @_verb
    async def cabinet_of_relay(self, relay_id: str) -> Cabinet | None:
        return await self._floor.of_relay(canonical_relay_id(relay_id))

    @_verb
    async def add_cabinets(self, cabinets: Sequence[Cabinet], act: Act = SEEDED) -> int:
        now_ms = self._clock_ms()

        def decide(stored: Mapping[str, Cabinet]) -> tuple[Plan, Draft | None]:
            plan = plan_seed(cabinets, stored, now_ms)
            facts = {"added": [cabinet.id for cabinet in plan.added]}
            return plan, Draft(act, facts=facts) if plan.added else None

        return len((await self._imports.run(decide, now_ms)).added)

    @_verb
    async def import_cabinets(
        self, cabinets: Sequence[Cabinet], act: Act, *, update: bool, dry_run: bool
    ) -> Imported:
        now_ms = self._clock_ms()

        def decide(stored: Mapping[str, Cabinet]) -> tuple[Plan, Draft | None]:
            plan = plan_import(cabinets, stored, now_ms, update=update)
            done = plan.told()
            facts = {"added": list(done.added), "updated": list(done.updated), "skipped": len(done.skipped)}
            return plan, None if dry_run else Draft(act, facts=facts)

        return (await self._imports.run(decide, now_ms)).told()

    @_verb
    async def order(
        self,
        cabinet_id: str,
        change: ConfigChange,
        command: CommandOrder | None = None,
        expected_revision: int | None = None,
        act: Act = GIVEN,
    ) -> Ordered:
        job = orders.order(change, command, expected_revision, act, self._clock_ms())
        return await self._change(cabinet_id, job)

    @_verb
    async def resend(self, cabinet_id: str, components: Sequence[str] | None, act: Act) -> Ordered:
        return await self._change(cabinet_id, orders.resend(components, act, self._clock_ms()))

    @_verb
    async def pending(self, limit: int) -> list[OutboxEntry]:
        return await self._floor.pending(limit)

    @_verb
    async def due(self, now_ms: int | None, limit: int) -> list[OutboxEntry]:
        return await self._floor.due(now_ms, limit)

    @_verb
    async def claim(self, limit: int) -> list[OutboxEntry]:
        now_ms = self._clock_ms()
        claimed = await self._claim("waiting", None, now_ms, limit)
        return [entry for entry in claimed if entry.state is State.WAITING]

    @_verb
    async def claim_due(self, now_ms: int, limit: int) -> list[OutboxEntry]:
        claimed = await self._claim("due", now_ms, now_ms, limit)
        return [entry for entry in claimed if entry.state is not State.WAITING]

    @_verb
    async def turn(self, what: str, for_ms: int) -> bool:
        return await self._turns.take(what, self._holder, self._clock_ms(), for_ms)

    @_verb
    async def sent(self, entry_id: str, version: int, now_ms: int) -> bool:
        return await self._step(entry_id, orders.sent(entry_id, version, now_ms))

    @_verb
    async def settle(self, entry_id: str, version: int, settlement: Settlement, act: Act) -> bool:
        job = orders.settle(entry_id, version, settlement, act, self._clock_ms())
        return await self._step(entry_id, job)

    @_verb
    async def revive(self, returned: Mapping[str, int]) -> list[OutboxEntry]:
        wanted = {"relayId": {"$in": list(returned)}, "unanswered": {"$gt": 0}}
        return await self._change_each(wanted, orders.revive(returned, self._clock_ms()))

    @_verb
    async def expire(self, now_ms: int) -> list[OutboxEntry]:
        return await self._change_each({"expires": {"$lte": now_ms}}, orders.expire(now_ms))

    @_verb
    async def outbox(self, wanted: OutboxFilter) -> list[OutboxEntry]:
        return await self._floor.outbox(wanted)

    @_verb
    async def outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        return await self._floor.outcomes(entry_ids)

    @_verb
    async def report(self, reports: Sequence[RelayReport]) -> list[Standing]:
        by_relay: dict[str, list[RelayReport]] = {}
        for one in reports:
            by_relay.setdefault(one.relay_id, []).append(one)
        found = await self._floor.standings({"relayId": {"$in": list(by_relay)}})
        known = [one.cabinet.relay_id for one in found]
        await each(known, lambda relay_id: self._reports.merge(relay_id, by_relay[relay_id]))
        return await self._floor.standings({"relayId": {"$in": known}})

    @_verb
    async def standing(self, cabinet_id: str) -> Standing | None:
        found = await self._floor.standings({"_id": cabinet_id}) if is_cabinet_id(cabinet_id) else []
        return found[0] if found else None

    @_verb
    async def standings(self) -> list[Standing]:
        return await self._floor.standings({})

    @_verb
    async def history(self, cabinet_id: str, before: int | None, limit: int) -> list[Revision]:
        await self._machines.sweep()
        return await self._floor.history(cabinet_id, before, limit)

    @_verb
    async def revision(self, cabinet_id: str, number: int) -> Revision | None:
        await self._machines.sweep()
        return await self._floor.revision(cabinet_id, number)

    @_verb
    async def forget_revisions(self, kept: int) -> int:
        return sum(await each(await self._floor.cabinets(), lambda one: self._forget(one, kept)))

    @_verb
    async def record(self, draft: Draft) -> AuditEntry:
        note = Note.of(draft, self._clock_ms())
        await self._chain.append([note])
        return await self._chain.entry_of(note)

    @_verb
    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        await self._sweep()
        return await self._chain.find(wanted)

    @_verb
    async def audit_chain(self, after: int, limit: int) -> list[AuditEntry]:
        await self._sweep()
        return await self._chain.behind(after, limit)

    @_verb
    async def put_sheet(self, sheet: Sheet, draft: Draft | None = None) -> bool:
        note = None if draft is None else Note.of(draft, self._clock_ms())
        return await self._sheets.put(sheet, note)

    @_verb
    async def sheet(self, kind: Kind, sheet_id: str) -> Sheet | None:
        return await self._sheets.find(kind, sheet_id)

    @_verb
    async def sheets(self, kind: Kind, *, limit: int = NO_LIMIT, lacking: str | None = None) -> list[Sheet]:
        return await self._sheets.every(kind, limit, lacking)

    @_verb
    async def remove_sheet(self, sheet: Sheet, draft: Draft) -> bool:
        return await self._sheets.remove(sheet, Note.of(draft, self._clock_ms()))

    @_verb
    async def accounts(self) -> Accounts:
        return await self._users.accounts()

    @_verb
    async def put_user(self, user: User, draft: Draft) -> None:
        await self._users.put_user(user, Note.of(draft, self._clock_ms()))

    @_verb
    async def remove_user(self, name: str, draft: Draft) -> bool:
        return await self._users.remove_user(name, Note.of(draft, self._clock_ms()))

    @_verb
    async def put_credential(self, credential: Credential, draft: Draft) -> bool:
        return await self._users.put_credential(credential, Note.of(draft, self._clock_ms()))

    @_verb
    async def use_credential(self, key: str, now_ms: int) -> None:
        await self._users.use_credential(key, now_ms)

    @_verb
    async def remove_credential(self, key: str, draft: Draft) -> bool:
        return await self._users.remove_credential(key, Note.of(draft, self._clock_ms()))

    async def _claim(self, mark: str, until: int | None, now_ms: int, limit: int) -> list[OutboxEntry]:
        """What is to be sent, of the first machines by ``mark`` that are this process's to send to."""
        ids = await self._floor.unclaimed(mark, until, self._holder, now_ms, limit)
        job = orders.claim(self._holder, now_ms)
        groups = await each(ids, lambda cabinet_id: self._machines.change(cabinet_id, job))
        return sorted((entry for group in groups for entry in group), key=lambda entry: int(entry.id))

    @_verb
    async def renew_secrets(self, place: str | None, limit: int) -> Renewed:
        return await seals.renew(self.link, place, limit)

    @_verb
    async def forget_keys(self) -> None:
        await seals.forget(self.link)

    async def _forget(self, cabinet: Cabinet, kept: int) -> int:
        old = {"cabinetId": cabinet.id, "revision": {"$lte": cabinet.revision - kept}}
        return (await self.link[HISTORY].delete_many(old)).deleted_count

    async def _sweep(self) -> None:
        await self._machines.sweep()
        await self._users.sweep()
        await self._sheets.sweep()

    async def _change(self, cabinet_id: str, job: orders.Job) -> Ordered:
        if not is_cabinet_id(cabinet_id):
            raise UnknownCabinet(cabinet_id)
        ordered: Ordered = await self._machines.change(cabinet_id, job)
        return ordered

    async def _step(self, entry_id: str, job: orders.Job) -> bool:
        cabinet_id = await self._floor.holder(entry_id)
        return cabinet_id is not None and bool(await self._machines.change(cabinet_id, job))

    async def _change_each(self, wanted: dict[str, object], job: orders.Job) -> list[OutboxEntry]:
        ids = await self._floor.ids(wanted)
        groups = await each(ids, lambda cabinet_id: self._machines.change(cabinet_id, job))
        return sorted((entry for group in groups for entry in group), key=lambda entry: int(entry.id))
