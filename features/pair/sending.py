"""The orders of the CMS of the pair, its connection to the broker, and what waits while that is away."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

from features.pair import clock, payload
from features.pair.console import log
from features.pair.errors import Unreachable
from features.pair.link import Link
from features.pair.routing import Routing
from features.pair.settings import Settings
from features.pair.store import Store, Waiting

COMMANDS = ("RESTART", "LOCK MACHINE", "UNLOCK MACHINE")
COMMAND_WAITS_S = 30
REQUEST, UPDATE, COMMAND = "request", "update", "command"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0


class Sending(Routing):
    """``link`` is None while the broker is away; it is there once the subscriptions are granted."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.store = self.opened_store()
        self.link: Link | None = None
        self.attempted = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._under_way: Waiting | None = None

    def opened_store(self) -> Store:
        return Store(self.settings.cabinets, self.settings.state)

    # What an order is (contract, sections 2 to 4)

    def request(self, component: str) -> dict[str, Any]:
        return {"typ": "cfg", "comp": component}

    def update(self, component: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"typ": "cfg", "comp": component, **values}

    def command(self, name: str) -> dict[str, Any]:
        return {"command": name, "timestamp": clock.stamp(), "action": name.lower().replace(" ", "_")}

    def order_topic(self, relay: str) -> str:
        return f"{self.settings.orders}/{relay}"

    def qos(self, kind: str) -> int:
        return 0 if kind == REQUEST else 1

    def is_retained(self, kind: str) -> bool:
        return kind == UPDATE and self.settings.retain

    async def send(self, relay: str, order: Mapping[str, Any], kind: str) -> None:
        await self.send_raw(relay, payload.written(order), kind)

    async def send_raw(self, relay: str, raw: bytes, kind: str) -> None:
        """Unreachable unless the broker acknowledged it."""
        if self.link is None:
            raise Unreachable("the broker is unreachable")
        log(">", kind, topic=self.order_topic(relay), bytes=len(raw))
        await self.link.publish(self.order_topic(relay), raw, self.qos(kind), self.is_retained(kind))

    # What waits (contract, section 6)

    def enqueue(self, order: Waiting) -> None:
        """An update joins the one of its component that waits already: the newest value of each field. What
        is under way can't be joined any more."""
        same = [
            one for one in self.store.waiting if one is not self._under_way and self.is_joined(one, order)
        ]
        if same:
            same[0].values.update(order.values)
        else:
            self.store.waiting.append(order)

    def is_joined(self, waiting: Waiting, order: Waiting) -> bool:
        return not order.command and (waiting.relay, waiting.component) == (order.relay, order.component)

    def is_expired(self, order: Waiting) -> bool:
        return bool(order.command) and time.time() - order.since > COMMAND_WAITS_S

    async def flush(self) -> bool:
        """Sends what waits, in order; whether nothing is left."""
        async with self._flushing:
            while self.store.waiting:
                order = self._under_way = self.store.waiting[0]
                try:
                    if not self.is_expired(order):
                        await self.send_waiting(order)
                except Unreachable as exc:
                    log("!", "waits", why=exc)
                    return False
                finally:
                    self._under_way = None
                self.store.waiting.remove(order)
                self.store.save()
        return True

    async def send_waiting(self, order: Waiting) -> None:
        if order.command:
            await self.send(order.relay, self.command(order.command), COMMAND)
        else:
            await self.send(order.relay, self.update(order.component, order.values), UPDATE)

    # The connection (contract, section 5)

    async def keep_connected(self) -> None:
        """Connects for ever, with growing pauses from 0.5 s to 5 s."""
        failures = 0
        while True:
            link = Link(f"pair-cms-{uuid.uuid4().hex[:12]}", self.settings.broker, self.heard)
            try:
                await link.open()
                await self.subscribe(link)
                failures = 0
                await self.work(link)
            except Unreachable as exc:
                log("!", "unreachable", why=exc)
            finally:
                self.link = None
                self.attempted.set()
                await link.close()
            await asyncio.sleep(self.pause_s(failures))
            failures += 1

    async def subscribe(self, link: Link) -> None:
        await link.subscribe(self.filters(), 1)

    async def work(self, link: Link) -> None:
        """Until the connection is lost."""
        self.link = link
        self.attempted.set()
        log("=", "connected", broker=self.settings.broker)
        await self.flush()
        await link.lost.wait()
        log("=", "disconnected", broker=self.settings.broker)

    def pause_s(self, failures: int) -> float:
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**failures) * random.uniform(0.8, 1.0)
