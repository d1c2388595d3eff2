"""Questions to devices as a CMS asks them, on a schedule that waits for no answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from ssl import SSLContext
from typing import NoReturn

from aiomqtt import Message

from simulator.errors import OnlookerError
from simulator.fleet.latency import Latencies
from simulator.traffic.tail import look_on
from wire import orders
from wire.address import BrokerAddress
from wire.components import COMPONENTS
from wire.errors import WireError
from wire.orders import ConfigRequest
from wire.reports import ConfigAnswer, decode_report
from wire.topics import Topics

RETRY_S = 0.5
PATIENCE_NS = 10_000_000_000
"""A question that is older has no answer."""
QUESTIONS = tuple((name, orders.encode(ConfigRequest(name))) for name in COMPONENTS)


class Inquiry:
    """Asks one device after the other for one component after the other, so many times a second.

    A time, in `trips`, is that from the moment at which a question was due until its answer came, through
    broker and device: whoever stalls is in it, whenever the question really went out (no coordinated
    omission). `behind` is how late questions went out while there was a broker.
    """

    def __init__(self, relay_ids: Sequence[str], per_s: float) -> None:
        self._relay_ids = relay_ids
        self._per_s = per_s
        self._topics = Topics()
        self._due_ns: dict[tuple[str, str], int] = {}
        self._given_up = 0
        self._began_ns = self._connected_ns = 0
        self.asked = 0
        self.trips, self.behind = Latencies(), Latencies()

    @property
    def heard(self) -> int:
        """How many were answered."""
        return self.trips.count

    def unheard(self, now_ns: int) -> int:
        """How many never will be: they are too old, or their device was asked the same again."""
        old = sum(1 for due_ns in self._due_ns.values() if now_ns - due_ns > PATIENCE_NS)
        return self._given_up + old

    def ask(self, due_ns: int, now_ns: int) -> tuple[str, bytes]:
        """The next question, which was due then: its topic and payload."""
        round_, place = divmod(self.asked, len(self._relay_ids))
        relay_id, (component, payload) = self._relay_ids[place], QUESTIONS[round_ % len(QUESTIONS)]
        self._given_up += (relay_id, component) in self._due_ns
        self._due_ns[relay_id, component] = due_ns
        self.behind.add((now_ns - max(due_ns, self._connected_ns)) // 1_000)
        self.asked += 1
        return self._topics.relay(relay_id), payload

    def hear(self, topic: str, payload: bytes, now_ns: int) -> None:
        """A report; what is no answer to a question is passed over."""
        try:
            report = decode_report(payload, self._topics.relay_of(topic))
        except WireError:
            return
        if isinstance(report, ConfigAnswer):
            due_ns = self._due_ns.pop((report.relay_id, report.component), None)
            if due_ns is not None:
                self.trips.add((now_ns - due_ns) // 1_000)

    async def run(self, broker: BrokerAddress, tls: SSLContext | None) -> NoReturn:
        """Ask until cancelled. A broker that goes away is tried again; what was due meanwhile is asked then,
        and has waited since.
        """
        self._began_ns = time.perf_counter_ns()
        while True:
            try:
                await self._ask(broker, tls)
            except OnlookerError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():  # and the library stumbled over that
                    raise asyncio.CancelledError from None
            await asyncio.sleep(RETRY_S)

    async def _ask(self, broker: BrokerAddress, tls: SSLContext | None) -> NoReturn:
        async with look_on(broker, tls) as client:
            await client.subscribe(self._topics.config)
            self._connected_ns = time.perf_counter_ns()
            listening = asyncio.create_task(self._listen(client.messages))
            try:
                while True:
                    due_ns = self._began_ns + int(self.asked * 1e9 / self._per_s)
                    await asyncio.sleep(max(0, due_ns - time.perf_counter_ns()) / 1e9)
                    topic, payload = self.ask(due_ns, time.perf_counter_ns())
                    await client.publish(topic, payload)
            finally:
                listening.cancel()
                await asyncio.wait((listening,))

    async def _listen(self, messages: AsyncIterator[Message]) -> None:
        async for message in messages:
            self.hear(str(message.topic), bytes(message.payload), time.perf_counter_ns())
