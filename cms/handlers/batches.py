"""Gives one order to many cabinets, and follows it until its end at each of them (contract, section 7).

What can be known beforehand is refused as a whole, before anything is stored. Each cabinet's order is one
transaction of its own, and from then on as good as one that was given alone: it is in the outbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cms.actor import Act, Actor
from cms.audit import Draft
from cms.batch import MAX_AGE_MS, Batch, Part, Sent, batch_from
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import CmsError, KeyReused, StoreError, TooManyRequests, UnknownBatch
from cms.handlers.installs import Installs
from cms.handlers.orders import OrderRequest, Orders
from cms.handlers.selection import Selector
from cms.handlers.wish import Wish
from cms.log import event
from cms.sheet import Kind
from cms.store.entry import CommandOrder, State
from cms.store.store import Outcome, Store

MAX_OPEN = 100
"""How many batches may be under way; the next one waits its turn with 429."""

AT_ONCE = 500
ASKED_AT_ONCE = 500
FIRST_LOOK_S = 0.2
LAST_LOOK_S = 10.0
INSTALLING_LOOK_S = 1.0
TURN_MS = 60_000
RENEW_S = 20.0
"""For how long a process follows a batch alone unless it says so again, and how often it does."""

SAVE_S = 2.0
"""How often at most a batch that moves is stored, so that a restart of the service knows how far it was."""

ORPHANED_MS = 60_000
"""After how long a batch that is not stored is one whose process ended."""


Charge = Callable[[int], Awaitable[None]]


async def free(_: int) -> None:
    """Costs nothing."""


class Batches:
    """``run()`` follows what is under way. ``announce`` tells a summary to those who read the whole floor.

    ``store`` is the whole one: a caller is shown of a batch what it sees of the floor.
    """

    def __init__(
        self,
        store: Store,
        selector: Selector,
        orders: Orders,
        installs: Installs,
        announce: Callable[[Mapping[str, Any]], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._selector = selector
        self._orders = orders
        self._installs = installs
        installs.on_moved = self._wake
        self._announce = announce
        self._clock_ms = clock_ms
        self._open: dict[str, tuple[int, Batch]] = {}
        self._elsewhere: set[str] = set()
        self._storing: list[str] = []
        self._renewed_s: dict[str, float] = {}
        self._saved_s: dict[str, float] = {}
        self._woken = asyncio.Event()
        self.total = 0

    @property
    def open(self) -> int:
        """How many are under way."""
        return len(self._open)

    async def preview(self, wish: Wish) -> list[Cabinet]:
        """The cabinets that it would be given to. RequestError, as give() would raise it."""
        cabinets = await self._selector.found(wish.selection)
        wish.changes(cabinets)
        return cabinets

    async def give(self, wish: Wish, actor: Actor, charge: Charge = free) -> Batch:
        """Store the order at every cabinet; ``charge`` is told first at how many, and may raise.

        RequestError, KeyReused, TooManyRequests: nothing of it happened.
        """
        if (known := await self._known(wish, actor)) is not None:
            return known
        if len(self._open) >= MAX_OPEN:
            raise TooManyRequests("batches under way", round(LAST_LOOK_S))
        cabinets = await self._selector.found(wish.selection)
        changes = wish.changes(cabinets)
        await charge(len(cabinets))
        now_ms = self._clock_ms()
        parts = wish.parts(cabinets)
        about = wish.document(), wish.selection.to_document()
        batch = Batch(wish.batch_id(actor, now_ms), actor, now_ms, *about, parts, wish.digest())
        facts = {"batch": batch.id, "cabinets": len(parts), "order": about[0], "selection": about[1]}
        self._storing.append(batch.id)
        try:
            await self._store.turn(_turn(batch.id), TURN_MS)  # before another process can see it
            if not await self._store.put_sheet(batch.sheet(1), Draft(Act(actor, "batch"), facts=facts)):
                known = await self._known(wish, actor)
                assert known is not None
                return known
            return await self._store_orders(batch, wish.order, changes)
        finally:
            self._storing.remove(batch.id)

    async def one(self, batch_id: str) -> Batch:
        """As it stands now, as far as the caller sees its cabinets. UnknownBatch."""
        sheet = await self._store.sheet(Kind.BATCH, batch_id)
        if sheet is None:
            raise UnknownBatch(batch_id)
        _, open_batch = self._open.get(batch_id, (0, None))
        batch = (open_batch or batch_from(sheet)).only(await self._selector.seen())
        if not batch.parts:
            raise UnknownBatch(batch_id)
        return batch.with_outcomes(await self._outcomes(batch.open_ids()))

    async def last(self, limit: int) -> list[Batch]:
        """The newest of the last ``limit``, newest first, those under way as they were a moment ago."""
        seen = await self._selector.seen()
        found = []
        for sheet in await self._store.sheets(Kind.BATCH, limit=limit):
            _, batch = self._open.get(sheet.id, (0, None))
            found.append((batch or batch_from(sheet)).only(seen))
        return [batch for batch in found if batch.parts]

    async def run(self) -> None:
        """Follow what is under way, for ever."""
        pause_s = FIRST_LOOK_S
        loaded_s: float | None = None
        while True:
            try:
                now_s = asyncio.get_running_loop().time()
                if loaded_s is None or (self._store.shared and now_s - loaded_s > TURN_MS / 1000):
                    await self._load()
                    loaded_s = now_s
                pause_s = FIRST_LOOK_S if await self._look() else min(pause_s * 2, self._longest_s())
            except StoreError as exc:
                event("!", "batches wait", reason=str(exc))
                pause_s = LAST_LOOK_S
            with suppress(TimeoutError):
                idle = loaded_s is not None and not self._open and not self._elsewhere
                async with asyncio.timeout(self._idle_s() if idle else pause_s):
                    await self._woken.wait()
                await asyncio.sleep(FIRST_LOOK_S)  # one look for much that moves
                pause_s = FIRST_LOOK_S
            self._woken.clear()

    def _wake(self) -> None:
        self._woken.set()

    def _idle_s(self) -> float | None:
        """How long nothing is looked at while nothing is under way here: another process may end."""
        return TURN_MS / 1000 if self._store.shared else None

    def _longest_s(self) -> float:
        """How long nothing need be looked at: what installs has deadlines of its own."""
        installing = any("firmware" in batch.order for _, batch in self._open.values())
        return INSTALLING_LOOK_S if installing else LAST_LOOK_S

    async def _known(self, wish: Wish, actor: Actor) -> Batch | None:
        """What was made of an earlier request with this key."""
        if wish.key is None:
            return None
        sheet = await self._store.sheet(Kind.BATCH, wish.batch_id(actor, 0))
        if sheet is None:
            return None
        batch = batch_from(sheet)
        if batch.digest != wish.digest():
            raise KeyReused(wish.key)
        batch = batch.only(await self._selector.seen())
        return batch.with_outcomes(await self._outcomes(batch.open_ids()))

    async def _store_orders(
        self, batch: Batch, order: OrderRequest, changes: Sequence[ConfigChange]
    ) -> Batch:
        act = Act(batch.actor, "order", {"batch": batch.id})
        command = None if order.command is None else CommandOrder(order.command, batch.at_ms)
        jobs = [*zip(batch.parts, changes, strict=True)]
        parts: list[Part] = []
        for start in range(0, len(jobs), AT_ONCE):
            some = jobs[start : start + AT_ONCE]
            parts += await asyncio.gather(*(self._place(one, change, command, act) for one, change in some))
            with suppress(StoreError):  # nobody else is to think that this process ended
                await self._store.turn(_turn(batch.id), TURN_MS)
        stored = replace(batch, parts=tuple(parts), stored=True)
        self._open[batch.id] = await self._noted(stored), stored
        self.total += 1
        event("=", "batch stored", batch=batch.id, cabinets=len(parts))
        self._announce(stored.summary())
        self._woken.set()
        return stored

    async def _noted(self, batch: Batch) -> int:
        """The number of the sheet, which says that every order is stored, or will say so at the end."""
        try:
            await self._store.put_sheet(batch.sheet(2))
        except StoreError as exc:  # its orders are on their way all the same
            event("!", "batch not noted", batch=batch.id, reason=str(exc))
            return 1
        return 2

    async def _place(self, part: Part, change: ConfigChange, command: CommandOrder | None, act: Act) -> Part:
        try:
            ordered = await self._orders.place(part.cabinet_id, change, command, act)
        except CmsError as exc:  # it was fine a moment ago: somebody was faster, or the storage is busy
            return replace(part, error=str(exc))
        waiting = Outcome(State.WAITING, self._clock_ms())
        return replace(part, sent=tuple(Sent(one.id, one.what, waiting) for one in ordered.entries))

    async def _load(self) -> None:
        """Find what is under way, and is not followed here."""
        found = await self._store.sheets(Kind.BATCH, lacking="endedAt")
        followed = {*self._open, *self._storing}
        self._elsewhere.update(sheet.id for sheet in found if sheet.id not in followed)

    async def _look(self) -> bool:
        """Whether something moved."""
        moved = False
        for batch_id in list(self._elsewhere):
            await self._take_over(batch_id)
        for batch_id in list(self._open):
            if await self._is_ours(batch_id):
                moved = await self._look_at(batch_id) or moved
        return moved

    async def _take_over(self, batch_id: str) -> None:
        """Follow a batch whose process ended; of several processes one does."""
        if not await self._store.turn(_turn(batch_id), TURN_MS):
            return
        self._elsewhere.discard(batch_id)
        sheet = await self._store.sheet(Kind.BATCH, batch_id)
        if sheet is not None and "endedAt" not in sheet.document:
            self._renewed_s[batch_id] = asyncio.get_running_loop().time()
            self._open[batch_id] = sheet.number, self._installs.adopted(batch_from(sheet))

    async def _is_ours(self, batch_id: str) -> bool:
        """Whether this process still follows it: one that stood still for long may find that another does."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._renewed_s.get(batch_id, -RENEW_S) < RENEW_S:
            return True
        if await self._store.turn(_turn(batch_id), TURN_MS):
            self._renewed_s[batch_id] = now_s
            return True
        self._forget(batch_id)
        self._elsewhere.add(batch_id)
        return False

    async def _look_at(self, batch_id: str) -> bool:
        number, batch = self._open[batch_id]
        now_ms = self._clock_ms()
        known = batch.with_outcomes(await self._outcomes(batch.open_ids()))
        known = await self._installs.advanced(known)
        age_ms = now_ms - batch.at_ms
        if age_ms > (MAX_AGE_MS if batch.stored else ORPHANED_MS):
            known = known.given_up()
        self._open[batch_id] = number, known  # whatever fails from here on: this has happened
        if known.over or age_ms > MAX_AGE_MS:
            await self._end(number, replace(known, ended_ms=now_ms))
        elif known is not batch:
            self._announce(known.summary())
            self._open[batch_id] = await self._saved(number, known), known
        return known is not batch

    async def _saved(self, number: int, batch: Batch) -> int:
        """The number of the sheet with ``batch``, which is stored anew now and then where it installs."""
        now_s = asyncio.get_running_loop().time()
        if "firmware" not in batch.order or now_s - self._saved_s.get(batch.id, 0.0) < SAVE_S:
            return number
        self._saved_s[batch.id] = now_s
        return number + 1 if await self._store.put_sheet(batch.sheet(number + 1)) else number

    async def _end(self, number: int, batch: Batch) -> None:
        if await self._store.put_sheet(batch.sheet(number + 1)):
            facts = {state: count for state, count in batch.counts().items() if count}
            event("=", "batch done", batch=batch.id, cabinets=len(batch.parts), **facts)
        self._forget(batch.id)
        self._announce(batch.summary())

    def _forget(self, batch_id: str) -> None:
        self._open.pop(batch_id, None)
        self._saved_s.pop(batch_id, None)
        self._renewed_s.pop(batch_id, None)

    async def _outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        for start in range(0, len(entry_ids), ASKED_AT_ONCE):
            found |= await self._store.outcomes(entry_ids[start : start + ASKED_AT_ONCE])
        return found


def _turn(batch_id: str) -> str:
    return f"batch {batch_id}"
