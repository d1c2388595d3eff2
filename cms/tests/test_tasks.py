"""Supervised tasks: one that ends too early is known as dead, one that is stopped is not."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from cms.tasks import Tasks


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _fail() -> None:
    raise ZeroDivisionError("by hand")


async def _return() -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize(("work", "reason"), [(_fail, "ZeroDivisionError: by hand"), (_return, "it ended")])
def test_a_task_that_ends_by_itself_is_dead_and_the_others_live(
    work: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def act() -> None:
        assert callable(work)
        tasks = Tasks()
        tasks.start("steady", _for_ever())
        tasks.start("frail", work())
        for _ in range(5):
            await asyncio.sleep(0)
        assert tasks.death_of("frail") == reason
        assert tasks.death_of("steady") is None
        await tasks.stop()
        assert tasks.death_of("steady") is None

    asyncio.run(act())
    assert [line for line in caplog.messages if line.startswith("! task died task=frail")]


def test_stopping_waits_until_every_task_is_gone() -> None:
    ended = []

    async def slow_to_leave() -> None:
        try:
            await _for_ever()
        finally:
            await asyncio.sleep(0)
            ended.append("left")

    async def act() -> None:
        tasks = Tasks()
        tasks.start("slow", slow_to_leave())
        await asyncio.sleep(0)
        await tasks.stop()
        await tasks.stop()
        assert ended == ["left"]

    asyncio.run(act())


def test_one_that_a_library_keeps_from_noticing_is_cancelled_again() -> None:
    async def deaf() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def whole() -> None:
        tasks = Tasks()
        tasks.start("deaf", deaf())
        await asyncio.sleep(0)
        async with asyncio.timeout(8):
            await tasks.stop()

    asyncio.run(whole())
