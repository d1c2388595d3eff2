"""The faults of one device, by a clock that is set by hand."""

from __future__ import annotations

import asyncio

from simulator.deadlines import Deadlines
from simulator.faults import Storm
from simulator.session.affliction import Affliction
from simulator.tests.device.bench import Bench


def test_a_timed_fault_that_is_late_strikes_no_less_often() -> None:
    async def scenario() -> None:
        now_ms = 0
        struck: list[int] = []
        tenth = asyncio.Event()

        def act(_work: object) -> None:
            struck.append(now_ms)
            if len(struck) == 10:
                affliction.forget()
                tenth.set()

        bench, deadlines = Bench().started(), Deadlines(lambda: now_ms)
        affliction = Affliction(bench.device, lambda: now_ms, deadlines, act)
        affliction.set("noise", {"kind": "storm", "per_s": 10}, Storm(10, "HARDWARE_ERROR"))
        now_ms = 1_050  # nobody came to it for a second
        async with asyncio.timeout(8):
            await tenth.wait()
        assert struck == [1_050] * 10

    asyncio.run(scenario())
