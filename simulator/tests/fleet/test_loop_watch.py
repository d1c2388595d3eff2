"""A fleet that watches itself: what waited for its event loop is counted from when it may have begun to."""

from __future__ import annotations

import asyncio
import socket
import time

from simulator.deadlines import Deadlines, steady_clock
from simulator.fleet.latency import Latencies
from simulator.fleet.loop_watch import PERIOD_S, LoopWatch, Turns
from simulator.tests.floor import DEADLINE_S

STALL_S = 0.35


class Ticks:
    """A clock that shows a nanosecond more at every look."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns


class TestTurns:
    def test_all_of_a_turn_have_waited_since_the_first(self) -> None:
        async def scenario() -> None:
            turns = Turns(Ticks())
            assert [turns.since_ns() for _ in range(3)] == [1, 1, 1]

        asyncio.run(scenario())

    def test_what_the_next_turn_brings_has_waited_since_this_one(self) -> None:
        async def scenario() -> None:
            ticks = Ticks()
            turns = Turns(ticks)
            assert turns.since_ns() == 1
            ticks.now_ns = 1_000
            await asyncio.sleep(0)
            assert turns.since_ns() == 1, "it was there while the turn before was at work"
            await asyncio.sleep(0)
            assert turns.since_ns() == 1_001

        asyncio.run(scenario())

    def test_what_comes_after_a_quiet_turn_has_not_waited(self) -> None:
        async def scenario() -> None:
            ticks = Ticks()
            turns = Turns(ticks)
            turns.since_ns()
            for _ in range(3):
                await asyncio.sleep(0)
            ticks.now_ns = 5_000
            assert turns.since_ns() == 5_001

        asyncio.run(scenario())

    def test_an_order_that_waits_for_a_stall_is_counted_with_it(self) -> None:
        """Two orders come together, and the first takes long: the second has waited for all of it."""

        async def scenario() -> list[float]:
            loop, turns = asyncio.get_running_loop(), Turns(time.perf_counter_ns)
            pairs, waited = [socket.socketpair() for _ in range(2)], list[float]()
            both = asyncio.Event()

            def read(end: socket.socket) -> None:
                since_ns = turns.since_ns()
                end.recv(1)
                time.sleep(STALL_S)  # the work itself
                waited.append((time.perf_counter_ns() - since_ns) / 1e9)
                if len(waited) == 2:
                    both.set()

            for mine, its in pairs:
                loop.add_reader(mine, read, mine)
                its.send(b"x")
            async with asyncio.timeout(DEADLINE_S):
                await both.wait()
            for mine, its in pairs:
                loop.remove_reader(mine)
                mine.close()
                its.close()
            return waited

        first, second = asyncio.run(scenario())
        assert first >= STALL_S
        assert second >= 2 * STALL_S


class TestLoopWatch:
    def test_a_stall_is_what_each_look_of_it_would_have_found(self) -> None:
        async def scenario() -> Latencies:
            lag = Latencies()
            watch = LoopWatch(lag)
            watch.start()
            time.sleep(PERIOD_S + STALL_S)  # noqa: ASYNC251  the stall
            for _ in range(3):  # turns of the loop: the look is long due
                await asyncio.sleep(0)
            watch.stop()
            return lag

        lag = asyncio.run(scenario())
        assert lag.max_us >= STALL_S * 1e6
        assert lag.count >= STALL_S // PERIOD_S + 1


class TestDeadlines:
    def test_they_tell_how_late_they_are(self) -> None:
        async def scenario() -> list[int]:
            clock, late = steady_clock(), list[int]()
            deadlines = Deadlines(clock)
            deadlines.late = late.append
            rang = asyncio.Event()
            deadlines.at(clock() + 1, rang.set)
            deadlines.at(clock() + 1, late.clear).cancel()
            time.sleep(0.2)  # noqa: ASYNC251  the stall
            async with asyncio.timeout(DEADLINE_S):
                await rang.wait()
            return late

        (late_ms,) = asyncio.run(scenario())
        assert late_ms >= 150
