"""The connection of the CMS to its broker: one supervised task owns it and its reconnect loop.

Contract, section 5: each new link is subscribed before it counts as connected; a lost one is followed by
the next after an exponential back-off with jitter, for ever.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import ssl
from collections.abc import Callable, Sequence

from cms import log
from cms.errors import BrokerUnavailable
from cms.link import Link, Receive, open_link
from cms.mqtt_config import MqttConfig

SUBSCRIBE_QOS = 0
"""The specification's topic table."""

FIRST_DELAY_S = 0.5
LAST_DELAY_S = 5.0


def backoff_s(attempt: int, chance: float) -> float:
    """How long to wait after the failed ``attempt`` (0, 1, …); ``chance`` is a random number from 0 to 1.

    Between 0.5 s and an upper bound that doubles from 1 s up to 5 s (contract, section 5).
    """
    bound = min(LAST_DELAY_S, 2 * FIRST_DELAY_S * 2.0 ** min(attempt, 16))
    return FIRST_DELAY_S + chance * (bound - FIRST_DELAY_S)


class Connection:
    """Keeps the CMS connected from start() to stop().

    ``receive`` takes each message and must not raise; ``connected`` is called after each (re)connect, when
    everything is subscribed. ``filters`` are subscribed on each new link.
    """

    def __init__(
        self,
        config: MqttConfig,
        filters: Sequence[str],
        receive: Receive,
        connected: Callable[[], None],
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._filters = tuple(dict.fromkeys(filters))
        self._extra: list[str] = []
        self._receive = receive
        self._connected = connected
        self._chance = chance
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._attempted = asyncio.Event()
        self._failure = "the first attempt to connect is under way"
        self.connects = 0

    @property
    def filters(self) -> tuple[str, ...]:
        """What is subscribed, or will be at the next connect."""
        return (*self._filters, *self._extra)

    @property
    def failure(self) -> str | None:
        """Why there is no connection at present, None while there is one."""
        return None if self._link is not None else self._failure

    def is_connected(self) -> bool:
        return self._link is not None

    def alive(self) -> bool:
        """Whether the task that owns the connection runs; a broker that is away does not end it."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to connect, and keep at it. Nothing happens where it runs already."""
        if not self.alive():
            self._changed.clear()
            self._task = asyncio.create_task(self._run(), name="mqtt-connection")
            self._task.add_done_callback(self._ended)

    async def wait_connected(self, timeout_s: float) -> None:
        """Return once connected; BrokerUnavailable if that takes longer. The task goes on either way."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._link is None:
                    if not self.alive():
                        raise BrokerUnavailable(self._failure)
                    await self._changed.wait()
        except TimeoutError as exc:
            raise BrokerUnavailable(
                f"no connection to {self._config.address} within {timeout_s:g} s, {self._failure}"
            ) from exc

    async def first_attempt(self) -> None:
        """Return once the first attempt to connect has ended, well or not."""
        await self._attempted.wait()

    async def stop(self) -> None:
        """Disconnect for good: DISCONNECT is sent where there is a connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def subscribe(self, name: str) -> None:
        """Subscribe to one more filter, now (if connected) and after every reconnect.

        BrokerUnavailable where the broker refuses it; then it is forgotten. A reconnect that is refused an
        extra filter goes on without it.
        """
        if name in self._filters or name in self._extra:
            return
        self._extra.append(name)
        if self._link is not None:
            try:
                await self._link.subscribe([name], SUBSCRIBE_QOS)
            except BrokerUnavailable:
                self._extra.remove(name)
                raise

    async def unsubscribe(self, name: str) -> None:
        """Take an extra filter back. Nothing happens for one that is not there."""
        if name in self._extra:
            self._extra.remove(name)
            if self._link is not None:
                await self._link.unsubscribe(name)

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        """Return when the broker acknowledged (QoS 1) or the message was sent (QoS 0).

        BrokerUnavailable at once where there is no connection, and where the acknowledgement does not come
        in time: nothing is kept to be sent later.
        """
        if self._link is None:
            raise BrokerUnavailable(f"not connected to {self._config.address}, {self._failure}")
        await self._link.publish(topic, payload, qos, retain, self._config.publish_s)

    async def _run(self) -> None:
        tls = await asyncio.to_thread(self._config.tls_context)
        attempt = 0
        while True:
            try:
                await self._connect_once(tls)
                attempt = 0
            except BrokerUnavailable as exc:
                self._note_failure(exc.reason, attempt)
                attempt += 1
            await asyncio.sleep(backoff_s(max(0, attempt - 1), self._chance()))

    async def _connect_once(self, tls: ssl.SSLContext | None) -> None:
        """Connect and stay until the connection is lost; BrokerUnavailable where none came about."""
        identifier = f"smib-cms-{secrets.token_hex(6)}"  # a new one: no session of an old one answers to it
        link = await open_link(self._config, identifier, tls, self._receive, self._config.first_connect_s)
        try:
            await link.subscribe(self._filters, SUBSCRIBE_QOS)
            await self._subscribe_extra(link)
            self._link = link
            self.connects += 1
            self._changed.set()
            self._attempted.set()
            log.event("=", "mqtt connected", broker=self._config.address, topics=",".join(self.filters))
            self._connected()
            self._failure = await link.ended()
            log.event("!", "mqtt disconnected", broker=self._config.address, why=self._failure)
        finally:
            self._link = None
            self._changed.clear()
            await link.close()

    async def _subscribe_extra(self, link: Link) -> None:
        for name in tuple(self._extra):
            try:
                await link.subscribe([name], SUBSCRIBE_QOS)
            except BrokerUnavailable as exc:
                log.event("!", "mqtt topic refused", topic=name, why=exc.reason)

    def _note_failure(self, why: str, attempt: int) -> None:
        new, self._failure = why != self._failure, why
        self._attempted.set()
        if new or attempt & (attempt + 1) == 0:  # the 1st, 2nd, 4th, 8th, …: the log shall not drown in them
            log.event("!", "mqtt not connected", broker=self._config.address, attempt=attempt + 1, why=why)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._changed.set()
        self._attempted.set()
        if task.cancelled():
            self._failure = "the service was stopped"
            log.event("=", "mqtt stopped", broker=self._config.address)
            return
        self._failure = f"the task that owns the connection died: {task.exception()!r}"
        log.event("!", "mqtt task died", broker=self._config.address, why=self._failure)
