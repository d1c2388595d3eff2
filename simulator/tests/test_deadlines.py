"""The fleet's one timer: what is due is called in order, what was cancelled is not."""

from __future__ import annotations

import asyncio

from simulator.deadlines import Deadlines, steady_clock


def test_calls_come_in_the_order_in_which_they_are_due_and_never_at_once() -> None:
    async def scenario() -> None:
        clock = steady_clock()
        deadlines = Deadlines(clock)
        called: list[str] = []
        done = asyncio.Event()
        now_ms = clock()
        deadlines.at(now_ms + 40, done.set)
        deadlines.at(now_ms + 20, lambda: called.append("second"))
        cancelled = deadlines.at(now_ms + 10, lambda: called.append("cancelled"))
        deadlines.at(now_ms - 1000, lambda: called.append("overdue"))
        deadlines.at(now_ms + 5, lambda: called.append("first"))
        cancelled.cancel()
        assert called == []
        async with asyncio.timeout(5):
            await done.wait()
        assert called == ["overdue", "first", "second"]
        assert clock() >= now_ms + 40

    asyncio.run(scenario())


def test_one_that_raises_does_not_stop_the_rest() -> None:
    async def scenario() -> None:
        deadlines = Deadlines(steady_clock())
        done = asyncio.Event()
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        deadlines.at(0, lambda: 1 // 0)
        deadlines.at(0, done.set)
        async with asyncio.timeout(5):
            await done.wait()
        assert isinstance(told[0]["exception"], ZeroDivisionError)

    asyncio.run(scenario())


def test_what_is_closed_calls_nothing_more() -> None:
    async def scenario() -> None:
        clock = steady_clock()
        deadlines, others = Deadlines(clock), Deadlines(clock)
        called: list[str] = []
        marker = asyncio.Event()
        deadlines.at(clock(), lambda: called.append("closed"))
        deadlines.close()
        others.at(clock() + 10, marker.set)
        async with asyncio.timeout(5):
            await marker.wait()
        assert called == []

    asyncio.run(scenario())
