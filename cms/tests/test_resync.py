"""Which messages have a SMIB asked for its values, where the operator wants that."""

from __future__ import annotations

import asyncio

from cms.hub import Delivery
from cms.resync import HEARTBEAT, ResyncOnConnect
from cms.store.sqlite import SqliteStore
from cms.store.store import Ordered
from cms.tests.engines import CABINETS, NOW

DEVICE, MARKER = CABINETS[0].relay_id, CABINETS[2].relay_id


class Asker:
    """Notes who is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.news = asyncio.Event()

    async def request_config(self, relay_id: str, _component: str) -> None:
        self.asked.append(relay_id)
        self.news.set()

    async def until(self, relay_id: str) -> list[str]:
        """Everybody who was asked before ``relay_id`` was."""
        async with asyncio.timeout(10):
            while relay_id not in self.asked:
                self.news.clear()
                await self.news.wait()
        before, self.asked = self.asked[: self.asked.index(relay_id)], []
        return before


def announcement(relay_id: str, pyd: str = "") -> Delivery:
    return Delivery(relay_id, "sas/server", {"typ": "NETWORK_CONNECTED", "pyd": pyd}, NOW)


def test_of_heartbeats_the_first_is_news_and_no_other_is() -> None:
    async def whole() -> None:
        store, asker = SqliteStore(":memory:", clock_ms=lambda: NOW), Asker()

        async def deliver(_ordered: Ordered) -> None:
            raise AssertionError("nothing was out of step")

        await store.open()
        await store.add_cabinets(CABINETS)
        resync = ResyncOnConnect(store, asker, deliver)
        task = asyncio.create_task(resync.run())
        for pyd, expected in ((HEARTBEAT, [DEVICE]), (HEARTBEAT, []), ("", [DEVICE]), (HEARTBEAT, [])):
            resync.note(announcement(DEVICE, pyd))
            resync.note(announcement(MARKER))
            assert await asker.until(MARKER) == expected
        task.cancel()
        await asyncio.wait([task])
        await store.close()

    asyncio.run(whole())
