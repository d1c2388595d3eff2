"""A floor's traffic onto a tape, for as long as nobody stops it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from simulator.tape.roll import TapeRoll
from simulator.tape.tape import TapeWriter
from simulator.traffic.tail import follow_whole
from simulator.traffic.traffic import watched_filters
from wire.address import BrokerAddress
from wire.topics import Topics

if TYPE_CHECKING:
    import aiomqtt

EXACTLY_ONCE = 2
"""A subscription with this QoS has every message at the QoS that it was published with."""
FLUSH_S = 1.0
PROGRESS_S = 10.0

Say = Callable[[str], None]


async def record(
    address: BrokerAddress,
    tape: TapeWriter | TapeRoll,
    topics: Topics,
    on_link: Callable[[str | None], None],
    say: Say,
) -> None:
    """Keep everything on the floor's topics until cancelled; OnlookerError if the broker can't be reached,
    TapeError if the disk takes no more. `say` hears how far it is, now and then.
    """

    def keep(message: aiomqtt.Message) -> None:
        now_ms = time.time_ns() // 1_000_000
        tape.keep(now_ms, str(message.topic), bytes(message.payload), message.qos, message.retain)

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_whole(address, watched_filters(topics), keep, on_link, EXACTLY_ONCE))
            tasks.create_task(_written(tape, say))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group


async def _written(tape: TapeWriter | TapeRoll, say: Say) -> NoReturn:
    """What was kept is on the disk within a second, so that a tape can be read while it grows."""
    said_s, before = time.monotonic(), 0
    while True:
        await asyncio.sleep(FLUSH_S)
        tape.flush()
        if (since_s := time.monotonic() - said_s) >= PROGRESS_S:
            rate = (tape.written - before) / since_s
            said_s, before = said_s + since_s, tape.written
            say(f"= record messages={tape.written} per_s={rate:.1f}")
