"""The keepalives of many connections on one timer."""

from __future__ import annotations

import asyncio
import time
from typing import cast

import pytest

from simulator.link.connection import Connection
from simulator.link.wheel import Wheel
from simulator.tests.floor import DEADLINE_S


class Kept:
    """What a wheel knows of a connection."""

    def __init__(self, wheel: Wheel, *, again: int = 0) -> None:
        self.due_s: int | None = None
        self.looks = 0
        self._wheel = wheel
        self._again = again
        self.seen = asyncio.Event()

    def keep_alive(self) -> None:
        assert self.due_s is None
        self.looks += 1
        if self.looks <= self._again:
            self._wheel.put(cast(Connection, self), 0)
        else:
            self.seen.set()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.link.wheel.TURN_S", 0.01)


def test_each_is_looked_after_at_its_own_time_and_as_often_as_it_asks() -> None:
    async def scenario() -> None:
        wheel = Wheel()
        once, twice, later, never = Kept(wheel), Kept(wheel, again=1), Kept(wheel), Kept(wheel)
        for kept, when_s in ((once, 0.0), (twice, 0.0), (later, time.monotonic() + 600), (never, 0.0)):
            wheel.put(cast(Connection, kept), when_s)
        wheel.drop(cast(Connection, never))
        async with asyncio.timeout(DEADLINE_S):
            await once.seen.wait()
            await twice.seen.wait()
        assert (once.looks, twice.looks, later.looks, never.looks) == (1, 2, 0, 0)
        wheel.put(cast(Connection, later), 0)
        async with asyncio.timeout(DEADLINE_S):
            await later.seen.wait()
        assert later.looks == 1

    asyncio.run(scenario())


def test_nothing_of_it_is_left_once_nobody_is_to_be_looked_after() -> None:
    async def scenario() -> None:
        wheel = Wheel()
        kept = Kept(wheel)
        wheel.put(cast(Connection, kept), 600)
        wheel.put(cast(Connection, kept), 900)
        wheel.drop(cast(Connection, kept))
        wheel.drop(cast(Connection, kept))
        assert vars(wheel) == vars(Wheel())

    asyncio.run(scenario())
