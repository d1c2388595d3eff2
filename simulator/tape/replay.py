"""A tape played again, to a broker: in its order, and with its pauses, shortened or left out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

import aiomqtt

from simulator.tape.line import Taped
from simulator.traffic.tail import look_on
from wire.address import BrokerAddress
from wire.topics import Topics

EXACTLY_ONCE = 2
WINDOW = 20
"""Messages under way whose acknowledgement is waited for. It is paho's own limit for QoS 1 and 2: what is
over it would wait there, and be overtaken by QoS 0."""
TURN = 100
"""Messages without a pause until the connection gets its turn."""


class Only(Enum):
    """One half of the traffic (contract, section 2)."""

    ORDERS = "orders"
    REPORTS = "reports"

    def wants(self, topic: str, topics: Topics) -> bool:
        is_order = topic == topics.meter_push or topic.startswith(topics.relay_prefix)
        return is_order == (self is Only.ORDERS)


@dataclass(slots=True)
class Played:
    """What was played: messages, those that were left out, and by how much the latest one was late."""

    messages: int = 0
    left_out: int = 0
    latest_ms: float = 0.0
    took_s: float = 0.0

    def __str__(self) -> str:
        per_s = self.messages / self.took_s if self.took_s else 0
        return (
            f"messages={self.messages} left_out={self.left_out} took={self.took_s:.1f}s "
            f"per_s={per_s:.0f} latest_ms={self.latest_ms:.0f}"
        )


class Pace:
    """When each message is due, in seconds from the first: nothing adds up, for all is reckoned from there.

    `speed` is how many times as fast as it was, None for without pauses. A recorded clock that was set back
    gives no pause.
    """

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._first_ms: int | None = None

    def due_s(self, time_ms: int) -> float | None:
        if self._speed is None:
            return None
        if self._first_ms is None:
            self._first_ms = time_ms
        return max(0, time_ms - self._first_ms) / 1000 / self._speed


async def replay(
    messages: Iterable[Taped],
    address: BrokerAddress,
    pace: Pace,
    played: Played,
    *,
    only: Only | None = None,
    retain: bool = False,
) -> None:
    """Publish the messages; `played` counts along, for whoever ends this in the middle. OnlookerError where
    the broker is not there, or goes away; whatever reading the messages raises.

    Nothing is retained unless `retain`: then what was.
    """
    topics = Topics()
    began_s = time.monotonic()
    try:
        async with look_on(address) as client, _window(client) as window:
            began_s = time.monotonic()
            for message in messages:
                if only is not None and not only.wants(message.topic, topics):
                    played.left_out += 1
                    continue
                due_s = pace.due_s(message.time_ms)
                await _wait(None if due_s is None else began_s + due_s, played)
                await window.publish(message, retain and message.retain)
                played.messages += 1
    finally:
        played.took_s = time.monotonic() - began_s


async def _wait(due_s: float | None, played: Played) -> None:
    """Sleep until it is time; where there is none to sleep, let the connection work now and then."""
    if due_s is not None and (early_s := due_s - time.monotonic()) > 0:
        await asyncio.sleep(early_s)
    elif played.messages % TURN == 0:
        await asyncio.sleep(0)
    if due_s is not None:
        played.latest_ms = max(played.latest_ms, (time.monotonic() - due_s) * 1000)


class _Window:
    """Publishes in order, with up to WINDOW messages on their way.

    A broker hands QoS 2 on in a second step, when QoS 0 and 1 could overtake: these never go together.
    """

    def __init__(self, client: aiomqtt.Client, tasks: asyncio.TaskGroup) -> None:
        self._client = client
        self._tasks = tasks
        self._room = asyncio.Semaphore(WINDOW)
        self._two_steps = False

    async def publish(self, message: Taped, retain: bool) -> None:
        """Begin to publish; returns as soon as there is room for the next."""
        if (message.qos == EXACTLY_ONCE) != self._two_steps:
            self._two_steps = not self._two_steps
            await self._all_acknowledged()
        if not message.qos:  # nothing to wait for; what was begun before is under way already
            await self._client.publish(message.topic, message.payload, 0, retain)
            return
        await self._room.acquire()
        self._tasks.create_task(self._published(message, retain))
        await asyncio.sleep(0)

    async def _all_acknowledged(self) -> None:
        for _ in range(WINDOW):
            await self._room.acquire()
        for _ in range(WINDOW):
            self._room.release()

    async def _published(self, message: Taped, retain: bool) -> None:
        try:
            await self._client.publish(message.topic, message.payload, message.qos, retain)
        finally:
            self._room.release()


@asynccontextmanager
async def _window(client: aiomqtt.Client) -> AsyncIterator[_Window]:
    """Everything that was published in it is acknowledged at its end."""
    client.pending_calls_threshold = WINDOW
    try:
        async with asyncio.TaskGroup() as tasks:
            yield _Window(client, tasks)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
