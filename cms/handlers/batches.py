"""Gives one order to many cabinets, and follows it until its end at each of them (contract, section 7).

What can be known beforehand is refused as a whole, before anything is stored. Each cabinet's order is one
transaction of its own, and from then on as good as one that was given alone: it is in the outbox.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cms.actor import Act, Actor
from cms.audit import Draft
from cms.batch import MAX_AGE_MS, Batch, Part, Sent, batch_from, of_cabinets
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import CmsError, KeyReused, RequestError, StoreError, TooManyRequests, UnknownBatch
from cms.handlers.orders import OrderRequest, Orders, checked
from cms.handlers.selection import MAX_PROBLEMS, Selection, Selector
from cms.log import event
from cms.sheet import Kind
from cms.store.entry import CommandOrder, State
from cms.store.store import Outcome, Store
from cms.template import Version
from wire.errors import Problem
from wire.jsontext import to_bytes
from wire.redaction import redacted

MAX_OPEN = 100
"""How many batches may be under way; the next one waits its turn with 429."""

AT_ONCE = 500
ASKED_AT_ONCE = 500
FIRST_LOOK_S = 0.2
LAST_LOOK_S = 10.0
ORPHANED_MS = 60_000
"""After how long a batch that is not stored is one whose process ended."""


@dataclass(frozen=True, slots=True)
class Wish:
    """``key`` is the caller's own name for the request: sent again, it is not done again.

    With a ``template``, of the name ``called``, each cabinet is ordered what it means there.
    """

    selection: Selection
    order: OrderRequest
    key: str | None = None
    template: Version | None = None
    called: str = ""

    def order_for(self, cabinet: Cabinet) -> OrderRequest:
        return (
            self.order if self.template is None else replace(self.order, config=self.template.filled(cabinet))
        )

    def document(self) -> dict[str, Any]:
        """What is ordered, secrets masked."""
        order, template = self.order, self.template
        config = order.config if template is None else template.config
        given = {"smibConfig": config, "smibVersion": order.version, "machineControl": order.command}
        origin = {} if template is None else {"template": self.called, "version": template.number}
        shown: dict[str, Any] = redacted({name: one for name, one in given.items() if one is not None})
        return {**origin, **shown}

    def digest(self) -> str:
        """Of everything that was wanted, under the key: not to be undone by who reads it."""
        if self.key is None:
            return ""
        order, selection = self.order, self.selection
        listed = list(selection.cabinet_ids or ())
        version = 0 if self.template is None else self.template.number
        whole: list[Any] = [selection.to_document(), listed, order.config, order.version, order.command]
        whole += [self.called, version]
        return hashlib.sha256(self.key.encode() + to_bytes({"wish": whole})).hexdigest()


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
        announce: Callable[[Mapping[str, Any]], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._selector = selector
        self._orders = orders
        self._announce = announce
        self._clock_ms = clock_ms
        self._open: dict[str, tuple[int, Batch]] = {}
        self._woken = asyncio.Event()
        self.total = 0

    @property
    def open(self) -> int:
        """How many are under way."""
        return len(self._open)

    async def preview(self, wish: Wish) -> list[Cabinet]:
        """The cabinets that it would be given to. RequestError, as give() would raise it."""
        cabinets = await self._selector.found(wish.selection)
        _checked(wish, cabinets)
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
        changes = _checked(wish, cabinets)
        await charge(len(cabinets))
        now_ms = self._clock_ms()
        parts = of_cabinets([cabinet.id for cabinet in cabinets])
        about = wish.document(), wish.selection.to_document()
        batch = Batch(_batch_id(wish.key, actor, now_ms), actor, now_ms, *about, parts, wish.digest())
        facts = {"batch": batch.id, "cabinets": len(parts), "order": about[0], "selection": about[1]}
        if not await self._store.put_sheet(batch.sheet(1), Draft(Act(actor, "batch"), facts=facts)):
            known = await self._known(wish, actor)
            assert known is not None
            return known
        return await self._store_orders(batch, wish.order, changes)

    async def one(self, batch_id: str) -> Batch:
        """As it stands now, as far as the caller sees its cabinets. UnknownBatch."""
        sheet = await self._store.sheet(Kind.BATCH, batch_id)
        if sheet is None:
            raise UnknownBatch(batch_id)
        batch = batch_from(sheet).only(await self._selector.seen())
        if not batch.parts:
            raise UnknownBatch(batch_id)
        return batch.with_outcomes(await self._outcomes(batch.open_ids()))

    async def all(self) -> list[Batch]:
        """Newest first, those under way as they were a moment ago."""
        seen = await self._selector.seen()
        found = []
        for sheet in await self._store.sheets(Kind.BATCH):
            _, batch = self._open.get(sheet.id, (0, None))
            found.append((batch or batch_from(sheet)).only(seen))
        return [batch for batch in found if batch.parts]

    async def run(self) -> None:
        """Follow what is under way, for ever."""
        pause_s = FIRST_LOOK_S
        loaded = False
        while True:
            try:
                if not loaded:
                    await self._load()
                    loaded = True
                pause_s = FIRST_LOOK_S if await self._look() else min(pause_s * 2, LAST_LOOK_S)
            except StoreError as exc:
                event("!", "batches wait", reason=str(exc))
                pause_s = LAST_LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s if self._open or not loaded else None):
                    await self._woken.wait()
                    pause_s = FIRST_LOOK_S
            self._woken.clear()

    async def _known(self, wish: Wish, actor: Actor) -> Batch | None:
        """What was made of an earlier request with this key."""
        if wish.key is None:
            return None
        sheet = await self._store.sheet(Kind.BATCH, _batch_id(wish.key, actor, 0))
        if sheet is None:
            return None
        batch = batch_from(sheet)
        if batch.digest != wish.digest():
            raise KeyReused(wish.key)
        return batch.with_outcomes(await self._outcomes(batch.open_ids()))

    async def _store_orders(
        self, batch: Batch, order: OrderRequest, changes: Sequence[ConfigChange]
    ) -> Batch:
        act = Act(batch.actor, "order", {"batch": batch.id})
        command = None if order.command is None else CommandOrder(order.command, batch.at_ms)
        jobs = [(part.cabinet_id, change) for part, change in zip(batch.parts, changes, strict=True)]
        parts: list[Part] = []
        for start in range(0, len(jobs), AT_ONCE):
            some = jobs[start : start + AT_ONCE]
            parts += await asyncio.gather(*(self._place(one, change, command, act) for one, change in some))
        stored = replace(batch, parts=tuple(parts), stored=True)
        await self._store.put_sheet(stored.sheet(2))
        self.total += 1
        self._open[batch.id] = 2, stored
        event("=", "batch stored", batch=batch.id, cabinets=len(parts))
        self._announce(stored.summary())
        self._woken.set()
        return stored

    async def _place(
        self, cabinet_id: str, change: ConfigChange, command: CommandOrder | None, act: Act
    ) -> Part:
        try:
            ordered = await self._orders.place(cabinet_id, change, command, act)
        except CmsError as exc:  # it was fine a moment ago: somebody was faster, or the storage is busy
            return Part(cabinet_id, error=str(exc))
        waiting = Outcome(State.WAITING, self._clock_ms())
        return Part(cabinet_id, tuple(Sent(one.id, one.what, waiting) for one in ordered.entries))

    async def _load(self) -> None:
        """Follow what was under way when the service ended."""
        for sheet in await self._store.sheets(Kind.BATCH):
            if "endedAt" not in sheet.document:
                self._open.setdefault(sheet.id, (sheet.number, batch_from(sheet)))

    async def _look(self) -> bool:
        """Whether something moved."""
        moved = False
        for batch_id, (number, batch) in list(self._open.items()):
            now_ms = self._clock_ms()
            known = batch.with_outcomes(await self._outcomes(batch.open_ids()))
            age_ms = now_ms - batch.at_ms
            if age_ms > (MAX_AGE_MS if batch.stored else ORPHANED_MS):
                known = known.given_up()
            if (known.stored and not known.open_ids()) or age_ms > MAX_AGE_MS:
                await self._end(number, replace(known, ended_ms=now_ms))
            elif known is not batch:
                self._open[batch_id] = number, known
                self._announce(known.summary())
            moved = moved or known is not batch
        return moved

    async def _end(self, number: int, batch: Batch) -> None:
        if await self._store.put_sheet(batch.sheet(number + 1)):
            facts = {state: count for state, count in batch.counts().items() if count}
            event("=", "batch done", batch=batch.id, cabinets=len(batch.parts), **facts)
        self._open.pop(batch.id, None)
        self._announce(batch.summary())

    async def _outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        for start in range(0, len(entry_ids), ASKED_AT_ONCE):
            found |= await self._store.outcomes(entry_ids[start : start + ASKED_AT_ONCE])
        return found


def _checked(wish: Wish, cabinets: Sequence[Cabinet]) -> list[ConfigChange]:
    """What it changes at each, or one RequestError for everything that is wrong with it."""
    changes: list[ConfigChange] = []
    wrong: dict[str, tuple[Problem, ...]] = {}
    for cabinet in cabinets:
        try:
            changes.append(checked(wish.order_for(cabinet), cabinet))
        except RequestError as exc:
            wrong[cabinet.id] = exc.problems
    if len(wrong) == len(cabinets) and len(set(wrong.values())) == 1:
        raise RequestError.of(wrong[cabinets[0].id])
    problems = [Problem(f"{key}: {one.field}", one.wanted) for key, some in wrong.items() for one in some]
    if problems:
        raise RequestError.of(problems[:MAX_PROBLEMS])
    return changes


def _batch_id(key: str | None, actor: Actor, now_ms: int) -> str:
    if key is None:
        return f"b-{now_ms:x}-{secrets.token_hex(4)}"
    return f"b-{hashlib.sha256(f'{actor.user} {key}'.encode()).hexdigest()[:24]}"
