"""Who gets which message: routing by relay, and the queues of those who read (contract, sections 2 and 5)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cms import frames, log
from cms.errors import BrokerUnavailable
from cms.waiter import Waiter
from wire.errors import WireError
from wire.jsontext import parse_object
from wire.relay import canonical_relay_id
from wire.reports import sender
from wire.topics import Topics

QUEUE_SIZE = 256
LOG_EVERY_MS = 60_000
LOGGED_TOPICS = 256
ANSWERS_A_SECOND = 10
"""Answers of one relay that have a line of their own in the log; the others are counted."""


@dataclass(frozen=True)
class Delivery:
    """One message of one relay, the same object for everybody who reads that relay.

    ``fields`` is the JSON object as it came, its key order kept; nobody changes it. ``retained`` says that
    the broker kept it from earlier: it is no sign that the device lives. ``topic`` is empty for what the CMS
    itself announces to those who read the whole floor.
    """

    relay_id: str
    topic: str
    fields: Mapping[str, Any]
    received_ms: int
    retained: bool = False

    @cached_property
    def frame(self) -> bytes:
        """Its frame on the configuration stream; encoded once for all streams."""
        return frames.config_update(self.relay_id, self.fields, self.received_ms)

    @cached_property
    def masked_frame(self) -> bytes:
        """The same for those who may not see secrets; encoded once for all of them."""
        return frames.config_update(self.relay_id, frames.masked(self.fields), self.received_ms)


@dataclass(frozen=True)
class Dropped:
    """Told to a reader in the place of ``count`` messages that it was too slow for."""

    count: int


class Subscription:
    """A reader's queue. One task at a time reads it.

    It holds ``size`` messages. When it is full the oldest one is dropped and counted, and the reader gets a
    ``Dropped`` with their number before the next message. Iterating ends when the hub is closed.
    """

    __slots__ = ("_ended", "_lost", "_size", "_waiter", "_waiting", "relay_id")

    def __init__(self, relay_id: str | None, size: int) -> None:
        self.relay_id = relay_id
        self._size = size
        self._waiting: deque[Delivery] = deque()
        self._lost = 0
        self._waiter = Waiter()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether no further message will come; what waits can still be taken."""
        return self._ended

    def offer(self, delivery: Delivery) -> int:
        """Queue one message; the number of messages that were dropped for it."""
        lost = 0
        if len(self._waiting) >= self._size:
            self._waiting.popleft()
            self._lost += 1
            lost = 1
        self._waiting.append(delivery)
        self.wake()
        return lost

    def take(self) -> Delivery | Dropped | None:
        """What is next, or None where nothing waits."""
        if self._lost:
            lost, self._lost = self._lost, 0
            return Dropped(lost)
        return self._waiting.popleft() if self._waiting else None

    async def wait(self) -> None:
        """Return once something may be there to take, the subscription ended, or somebody called wake()."""
        if not (self._waiting or self._lost or self._ended):
            await self._waiter.wait()

    def wake(self) -> None:
        """Let the reader's wait() return."""
        self._waiter.wake()

    def end(self) -> None:
        """Take no further message and let the reader go when it has read what waits."""
        self._ended = True
        self.wake()

    async def next(self) -> Delivery | Dropped:
        """The next message, waiting for it; BrokerUnavailable when none will come, as the service ends."""
        while (item := self.take()) is None:
            if self._ended:
                raise BrokerUnavailable("the service is stopping")
            await self.wait()
        return item

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Delivery | Dropped:
        try:
            return await self.next()
        except BrokerUnavailable:
            raise StopAsyncIteration from None


class Hub:
    """Gives every message to those who read its relay, in the order in which messages come.

    ``observers`` see each delivery at once and must not raise. ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(
        self,
        topics: Topics,
        *,
        clock_ms: Callable[[], int],
        queue_size: int = QUEUE_SIZE,
        observers: Sequence[Callable[[Delivery], object]] = (),
    ) -> None:
        self._topics = topics
        self._clock_ms = clock_ms
        self._queue_size = queue_size
        self._observers = [*observers]
        self._readers: dict[str | None, list[Subscription]] = {}
        self._counts: Counter[str] = Counter()
        self._quiet_until: dict[tuple[str, str], int] = {}
        self._answers: dict[str, tuple[int, int]] = {}
        self._closed = False

    def route(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Deliver one message. Total: what can't be routed is counted by kind and logged, never raised."""
        try:
            topic_relay = self._topics.relay_of(topic)
            fields = parse_object(payload)
            relay_id = sender(fields, topic_relay)
        except WireError as exc:
            self._refused(exc.kind, topic, len(payload), str(exc))
            return
        self._deliver(Delivery(relay_id, topic, fields, self._clock_ms(), retained))

    def observe(self, observer: Callable[[Delivery], object]) -> None:
        """Show ``observer`` each delivery, after those that were there before. It must not raise."""
        self._observers.append(observer)

    @contextmanager
    def subscribe(self, relay_id: str | None) -> Iterator[Subscription]:
        """A queue with everything that comes from one relay, or with None from the whole floor.

        Messages are routed to it from the moment of entering until the block is left; at most ``queue_size``
        wait in it (see Subscription). RelayIdError for an id that can't be one.
        """
        key = None if relay_id is None else canonical_relay_id(relay_id)
        subscription = Subscription(key, self._queue_size)
        readers = self._readers.setdefault(key, [])
        readers.append(subscription)
        if self._closed:
            subscription.end()
        try:
            yield subscription
        finally:
            readers.remove(subscription)
            if not readers:
                self._readers.pop(key, None)
                self._tell_untold(key)

    def readers(self, relay_id: str | None) -> int:
        """How many read this relay, or with None the whole floor."""
        return len(self._readers.get(relay_id, ()))

    def announce(self, relay_id: str, fields: Mapping[str, Any]) -> None:
        """Tell those who read the whole floor what the CMS itself found out about a relay."""
        delivery = Delivery(relay_id, "", fields, self._clock_ms())
        for reader in self._readers.get(None, ()):
            reader.offer(delivery)

    def counts(self) -> Mapping[str, int]:
        """Messages so far: ``routed``, ``dropped`` for slow readers, and ``refused-KIND`` for each kind."""
        return {"routed": 0, "dropped": 0, **self._counts}

    def close(self) -> None:
        """End all subscriptions, also those still to come."""
        self._closed = True
        for readers in self._readers.values():
            for subscription in readers:
                subscription.end()

    def _deliver(self, delivery: Delivery) -> None:
        self._counts["routed"] += 1
        for observe in self._observers:
            observe(delivery)
        readers = self._readers.get(delivery.relay_id, ())
        if readers and delivery.topic == self._topics.config:
            self._answered(delivery)
        else:
            log.detail("<", "message", topic=delivery.topic, relay=delivery.relay_id)
        lost = sum(reader.offer(delivery) for reader in readers)
        lost += sum(reader.offer(delivery) for reader in self._readers.get(None, ()))
        if lost:
            self._counts["dropped"] += lost

    def _answered(self, delivery: Delivery) -> None:
        """The line of an answer that somebody reads; what a relay says too often is counted in one."""
        relay_id, second = delivery.relay_id, delivery.received_ms // 1000
        began, count = self._answers.get(relay_id, (second, 0))
        if began != second:
            self._tell_untold(relay_id)
            count = 0
        self._answers[relay_id] = (second, count + 1)
        if count < ANSWERS_A_SECOND:
            log.event("<", "config answer", comp=delivery.fields.get("comp"), relay=relay_id)

    def _tell_untold(self, relay_id: str | None) -> None:
        _, count = self._answers.pop(relay_id or "", (0, 0))
        if count > ANSWERS_A_SECOND:
            log.event("<", "more config answers", relay=relay_id, count=count - ANSWERS_A_SECOND)

    def _refused(self, kind: str, topic: str, size: int, why: str) -> None:
        self._counts[f"refused-{kind}"] += 1
        now = self._clock_ms()
        quiet, key = self._quiet_until, (kind, topic)
        if now < quiet.get(key, now):
            return
        if key not in quiet and len(quiet) >= LOGGED_TOPICS:
            for old in [k for k, until in quiet.items() if until <= now]:
                del quiet[old]
            if len(quiet) >= LOGGED_TOPICS:
                return
        quiet[key] = now + LOG_EVERY_MS
        log.event("!", "message not routed", kind=kind, topic=topic, bytes=size, why=why)
