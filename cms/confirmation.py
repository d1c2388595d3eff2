"""Whether devices did what was sent to them (contract, sections 3, 4 and 6).

Every order is watched from the moment in which it is sent. What the device says decides it, once and for all:
a device that falls back later is out of step, and its order stays confirmed (INT-63). What devices decided is
stored by one task, many decisions in one commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from cms.actor import SYSTEM, Act, Actor, device
from cms.audit import OUTCOME
from cms.errors import StoreError
from cms.hub import Delivery
from cms.log import event
from cms.store.entry import OutboxEntry, Settlement, State
from cms.store.store import Store
from cms.verdict import ANNOUNCEMENTS, verdict
from wire.orders import Command

BATCH = 256
LOOK_S = 5.0
"""How often it is looked what another process sent, where there may be one."""

RETRY_S = 1.0
"""How long to wait for a storage that does not take what devices decided."""

ALL = 1_000_000
"""More than there can be: for each cabinet at most one entry a field."""


@dataclass(slots=True)
class _Watch:
    """An entry that is on its way; ``acknowledged`` once the broker has it."""

    entry: OutboxEntry
    acknowledged: bool
    verdict: Settlement | None = None


class Confirmations:
    """Hand ``note`` to the hub as an observer. Used from one event loop only.

    ``last_seen`` gives when anything came from a relay, 0 for never; ``on_due`` is called when something is
    to be sent again, ``on_settled`` with each entry that ended without its device having done what it says.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock_ms: Callable[[], int],
        last_seen: Callable[[str], int] = lambda _: 0,
        on_settled: Callable[[OutboxEntry], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._last_seen = last_seen
        self._on_settled = on_settled
        self.on_due: Callable[[], None] = lambda: None
        self._watched: dict[str, dict[str, _Watch]] = {}
        self._decided: dict[str, _Watch] = {}
        self._returned: dict[str, int] = {}
        self._woken = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._watched.values()))

    def note(self, delivery: Delivery) -> None:
        """Take in one message of a device. What a broker kept from earlier decides nothing."""
        watched = self._watched.get(delivery.relay_id)
        if not watched or delivery.retained:
            return
        announced = delivery.fields.get("typ") in ANNOUNCEMENTS
        for watch in watched.values():
            self._judge(watch, delivery)
            is_update = not isinstance(watch.entry.order, Command)
            if watch.entry.absent or (announced and watch.acknowledged and is_update and not watch.verdict):
                self._returned[delivery.relay_id] = delivery.received_ms
                self._woken.set()

    def expect(self, entry: OutboxEntry) -> None:
        """``entry`` is about to be sent."""
        self._watched.setdefault(entry.relay_id, {})[entry.id] = _Watch(entry, entry.state is State.SENT)

    def dismiss(self, entry: OutboxEntry) -> bool:
        """``entry`` was perhaps not sent, and waits; whether its device did it all the same."""
        watch = self._watched.get(entry.relay_id, {}).get(entry.id)
        if watch is not None and watch.verdict is not None:
            return True
        self._forget(entry)
        return False

    def learn(self, entries: Iterable[OutboxEntry]) -> None:
        """These entries have other values now, because a newer order names some of their fields."""
        for entry in entries:
            watch = self._watched.get(entry.relay_id, {}).get(entry.id)
            if watch is not None and not entry.open:
                self._forget(entry)
            elif watch is not None:
                watch.verdict = watch.verdict if entry.version == watch.entry.version else None
                watch.entry = entry

    async def acknowledged(self, entry: OutboxEntry) -> None:
        """Store that the broker has ``entry``, and what its device has said of it meanwhile. StoreError."""
        if not await self._store.sent(entry.id, entry.version, self._clock_ms()):
            self._forget(entry)  # newer values were merged into it, and will be sent
            return
        watch = self._watched.setdefault(entry.relay_id, {}).setdefault(entry.id, _Watch(entry, True))
        watch.acknowledged = True
        if watch.verdict is not None:
            self._decide(watch)

    async def give_up(self, entry: OutboxEntry, settlement: Settlement) -> None:
        """End an entry that no device decided. StoreError."""
        await self._settle(entry, settlement, SYSTEM)

    async def unanswered(self, entry: OutboxEntry) -> None:
        """End an entry that was sent as often as it may be. StoreError."""
        absent = False
        if isinstance(entry.order, Command):
            detail = "the device did not say that it did it"
        elif self._last_seen(entry.relay_id) >= entry.created_ms:
            detail = f"the device was heard, and did not answer {entry.tries} tries with these values"
        else:
            absent = True
            detail = f"the device was not heard in {entry.tries} tries; it is sent again when it comes"
        await self.give_up(entry, Settlement(State.UNCONFIRMED, detail, absent))

    async def run(self) -> None:
        """Store what devices decide, for ever. A storage that fails can't end it."""
        await self._persist(self._load)
        while True:
            try:
                async with asyncio.timeout(LOOK_S if self._store.shared else None):
                    await self._woken.wait()
            except TimeoutError:
                await self._persist(self._load)
            self._woken.clear()
            await self._persist(self._store_decisions)

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` until the storage takes it."""
        failures = 0
        while True:
            try:
                return await work()
            except StoreError as exc:
                failures += 1
                if failures & (failures - 1) == 0:
                    event("!", "confirmations wait", reason=str(exc), failures=failures)
                await asyncio.sleep(RETRY_S)

    async def _load(self) -> None:
        """Watch what another process sent, or this one before it was started; forget what ended meanwhile."""
        known = [w.entry for watched in self._watched.values() for w in watched.values() if w.acknowledged]
        entries = {entry.id: entry for entry in await self._store.due(None, ALL)}
        self.learn(entries.values())
        for entry in entries.values():
            self._watched.setdefault(entry.relay_id, {}).setdefault(entry.id, _Watch(entry, True))
        for entry in known:
            if entry.id not in entries:
                self._forget(entry)

    async def _store_decisions(self) -> None:
        while self._decided:
            watches = list(self._decided.values())[:BATCH]
            await asyncio.gather(*(self._store_decision(watch) for watch in watches))
        if self._returned:
            returned, self._returned = self._returned, {}
            try:
                revived = await self._store.revive(returned)
            except StoreError:
                self._returned = {**returned, **self._returned}
                raise
            for entry in revived:
                self._watched.setdefault(entry.relay_id, {})[entry.id] = _Watch(entry, True)
            self.on_due()

    async def _store_decision(self, watch: _Watch) -> None:
        assert watch.verdict is not None
        await self._settle(watch.entry, watch.verdict, device(watch.entry.relay_id))
        self._decided.pop(watch.entry.id, None)

    async def _settle(self, entry: OutboxEntry, settlement: Settlement, actor: Actor) -> None:
        if not await self._store.settle(entry.id, entry.version, settlement, Act(actor, OUTCOME)):
            self._forget(entry)  # somebody else ended or changed it
            return
        failed = settlement.state is not State.CONFIRMED
        facts = {"what": entry.what, "relay": entry.relay_id, "cabinet": entry.cabinet_id}
        event("!" if failed else "=", f"order {settlement.state}", **facts, reason=settlement.detail or None)
        self._forget(entry)
        if settlement.absent:
            self.expect(entry.settled(settlement, self._clock_ms()))
        if failed:
            self._on_settled(entry)

    def _judge(self, watch: _Watch, delivery: Delivery) -> None:
        found = verdict(watch.entry, delivery.fields)
        if found is not None and watch.verdict is None:
            watch.verdict = found
            if watch.acknowledged:
                self._decide(watch)

    def _decide(self, watch: _Watch) -> None:
        self._decided[watch.entry.id] = watch
        self._woken.set()

    def _forget(self, entry: OutboxEntry) -> None:
        watched = self._watched.get(entry.relay_id)
        if watched is not None and watched.pop(entry.id, None) is not None and not watched:
            del self._watched[entry.relay_id]
