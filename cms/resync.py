"""Brings SMIBs that come back out of step into step again, where the operator has set that (section 7).

A device that announces itself is asked for what was ordered of it; where its answers differ, what was ordered
is ordered again. A device that does not take it is left alone after ``MAX_TIMES`` of the same revision: a
``net`` that does not stick would have it reconnect for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from cms import log
from cms.actor import SYSTEM, Act
from cms.errors import BrokerUnavailable, StoreError, UnknownCabinet
from cms.hub import Delivery
from cms.standing import Standing
from cms.store.store import Ordered, Store
from cms.verdict import ANNOUNCEMENTS

MAX_TIMES = 3
MAX_ARRIVED = 20_000
AT_ONCE = 32
TURN_MS = 30_000
HEARTBEAT = "heartbeat"
"""The ``pyd`` of an announcement that is one of many (INT-38): only the first since the start may be news."""

ON_CONNECT = Act(SYSTEM, "resync", {"why": "on-connect"})


class Asker(Protocol):
    """The MQTT service, as far as it is needed here."""

    async def request_config(self, relay_id: str, component: str) -> None: ...


class ResyncOnConnect:
    """Hand ``note`` to the hub as an observer, and ``judged`` to the reports."""

    def __init__(self, store: Store, asker: Asker, deliver: Callable[[Ordered], Awaitable[object]]) -> None:
        self._store = store
        self._asker = asker
        self._deliver = deliver
        self._arrived: dict[str, None] = {}
        self._known: dict[str, None] = {}
        self._differing: dict[str, Standing] = {}
        self._times: dict[str, tuple[int, int]] = {}
        self._woken = asyncio.Event()

    def note(self, delivery: Delivery) -> None:
        """Take in one message: has a device come back?"""
        if delivery.retained or delivery.fields.get("typ") not in ANNOUNCEMENTS:
            return
        if delivery.fields.get("pyd") == HEARTBEAT and delivery.relay_id in self._known:
            return
        for relays in (self._arrived, self._known):
            relays[delivery.relay_id] = None
            if len(relays) > MAX_ARRIVED:
                del relays[next(iter(relays))]
        self._woken.set()

    def judged(self, standing: Standing) -> None:
        """Take in how a cabinet stands after its SMIB reported."""
        if standing.in_step:
            self._times.pop(standing.cabinet.id, None)
        elif standing.in_step is False and standing.cabinet.relay_id in self._known:
            self._differing[standing.cabinet.id] = standing
            self._woken.set()

    async def run(self) -> None:
        """Ask and order, for ever. Neither broker nor storage can end it."""
        room = asyncio.Semaphore(AT_ONCE)
        while True:
            await self._woken.wait()
            self._woken.clear()
            arrived, self._arrived = list(self._arrived), {}
            differing, self._differing = list(self._differing.values()), {}
            async with asyncio.TaskGroup() as group:
                for relay_id in arrived:
                    group.create_task(self._careful(room, self._ask(relay_id), relay_id))
                for standing in differing:
                    relay_id = standing.cabinet.relay_id
                    group.create_task(self._careful(room, self._order_again(standing), relay_id))

    async def _careful(self, room: asyncio.Semaphore, work: Awaitable[None], relay_id: str) -> None:
        async with room:
            try:
                await work
            except (BrokerUnavailable, StoreError, UnknownCabinet) as exc:
                log.event("!", "resync not done", relay=relay_id, reason=str(exc))

    async def _ask(self, relay_id: str) -> None:
        cabinet = await self._store.cabinet_of_relay(relay_id)
        if cabinet is None or not await self._is_mine(relay_id):
            return
        for component in Standing(cabinet).settable():
            await self._asker.request_config(relay_id, component)

    async def _is_mine(self, relay_id: str) -> bool:
        """Of several processes, all of whom hear a SMIB come back, one brings it in step."""
        return await self._store.turn(f"resync/{relay_id}", TURN_MS)

    async def _order_again(self, standing: Standing) -> None:
        cabinet = standing.cabinet
        if not await self._is_mine(cabinet.relay_id):
            return
        revision, times = self._times.get(cabinet.id, (cabinet.revision, 0))
        times = times + 1 if revision == cabinet.revision else 1
        if times > MAX_TIMES:
            return
        self._times[cabinet.id] = (cabinet.revision, times)
        components = tuple(dict.fromkeys(one.component for one in standing.differences()))
        log.event("=", "resync", cabinet=cabinet.id, relay=cabinet.relay_id, comps=",".join(components))
        await self._deliver(await self._store.resend(cabinet.id, components, ON_CONNECT))
