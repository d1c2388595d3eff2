"""The durable outbox: what was ordered reaches the broker, in order, once it is there (contract, section 6).

One task, ``run()``, sends everything; requests only wait for it. An entry waits until the broker has
acknowledged it and not before: whatever dies at whatever moment, an update is sent at least once. Then the
device's answer is awaited (`confirmation.py`), and an update that is not answered is sent again. A command is
not sent 30 s after it was given, nor later (section 4), and not again once the broker has it.

Of several processes on one storage one at a time sends to a relay (`store/lease.py`); whoever took an order
in finds out from the storage that another one has sent it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from cms.confirmation import Confirmations
from cms.errors import BrokerUnavailable, RequestError, StoreError
from cms.log import event
from cms.outcomes import Outcomes
from cms.store.entry import OutboxEntry, Settlement, State
from cms.store.lease import SENDING_MS
from cms.store.store import Store
from wire.errors import WireError
from wire.orders import Command, Order

BATCH = 256
"""How many entries are read at a time."""

AT_ONCE = 64
"""To how many relays something is on its way at a time."""

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0
IDLE_S = 5.0
"""How often an idle outbox looks for entries that nobody told it of."""

ELSEWHERE_S = 0.2
"""How often a request that waits asks whether another process has sent its order."""


class Publisher(Protocol):
    """What the outbox needs of the MQTT service."""

    def is_connected(self) -> bool: ...

    async def publish(self, order: Order, relay_id: str) -> None:
        """Return once the broker has acknowledged; BrokerUnavailable where it has not in time."""


class Outbox:
    """``clock_ms`` gives milliseconds since 1970, ``jitter`` a factor for the next pause, about 1."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        *,
        clock_ms: Callable[[], int],
        jitter: Callable[[], float] = lambda: random.uniform(0.75, 1.25),
        confirmations: Confirmations | None = None,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._clock_ms = clock_ms
        self._jitter = jitter
        self._outcomes = Outcomes()
        if confirmations is None:
            confirmations = Confirmations(store, clock_ms=clock_ms)
        self._confirmations = confirmations
        self._confirmations.on_due = self.wake
        self._woken = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._failures = 0
        self._claimed_ms = 0

    def wake(self) -> None:
        """There is something to send, or somebody to send it to. Call it when the broker is connected."""
        self._woken.set()

    def learn(self, entries: Sequence[OutboxEntry]) -> None:
        """These entries, sent and not confirmed yet, gave way to a newer order."""
        self._confirmations.learn(entries)

    async def deliver(self, entries: Sequence[OutboxEntry], timeout: float) -> bool:
        """Whether the broker acknowledged all of ``entries`` within ``timeout`` seconds.

        It does not wait while the broker is away. What was not acknowledged stays in the outbox.
        """
        with self._outcomes.expecting(entries) as outcomes:
            self.wake()
            timeout = timeout if self._publisher.is_connected() else 0
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while outcomes and (await asyncio.wait(outcomes, timeout=ELSEWHERE_S))[1]:
                        await self._look_elsewhere(entries)
            return all(outcome.done() and outcome.result() for outcome in outcomes)

    async def _look_elsewhere(self, entries: Sequence[OutboxEntry]) -> None:
        """Another process may be the one that sends to these relays: the storage knows."""
        with suppress(StoreError):
            found = await self._store.outcomes([entry.id for entry in entries])
            for entry in entries:
                outcome = found.get(entry.id)
                if outcome is None or outcome.state is State.WAITING:
                    continue
                if outcome.state in (State.EXPIRED, State.FAILED):
                    self._outcomes.give_up(entry)
                else:
                    self._outcomes.acknowledge(entry)

    async def run(self) -> None:
        """Send for ever. Neither broker nor storage can end it; anything else that does is a defect."""
        while True:
            self._woken.clear()
            pause_s = await self._drain()
            with suppress(TimeoutError):  # nobody called: look again all the same
                async with asyncio.timeout(pause_s):
                    await self._woken.wait()

    async def _drain(self) -> float:
        """Send what waits, and say how long to pause, in seconds, unless woken."""
        entries: list[OutboxEntry] = []
        try:
            while entries := await self._next_batch():
                await self._send_all(entries)
            await self._send_again()
        except (BrokerUnavailable, StoreError) as exc:
            return self._pause_s(str(exc), entries)
        if self._failures:
            event("=", "outbox empty", failures=self._failures)
        self._failures = 0
        return IDLE_S

    async def _next_batch(self) -> list[OutboxEntry]:
        """What is to be sent next, without the commands that are too old: those are removed here."""
        connected, now_ms = self._publisher.is_connected(), self._clock_ms()
        self._claimed_ms = now_ms
        read = self._store.claim if connected else self._store.pending
        entries = await read(BATCH)
        if not entries or (connected and not any(e.expired(now_ms) for e in entries)):
            return entries
        for entry in await self._store.expire(now_ms):
            self._report_expired(entry, now_ms)
        return await read(BATCH)

    async def _send_again(self) -> None:
        """What was sent and not answered in time: once more, or for the last time given up."""
        while entries := await self._next_due():
            unanswered = [entry for entry in entries if entry.exhausted]
            await asyncio.gather(*map(self._confirmations.unanswered, unanswered))
            again = [entry for entry in entries if not entry.exhausted]
            if again and not self._publisher.is_connected():
                return  # they were sent once, and are due when the broker is back
            await self._send_all(again)

    async def _next_due(self) -> list[OutboxEntry]:
        self._claimed_ms = self._clock_ms()
        read = self._store.claim_due if self._publisher.is_connected() else self._store.due
        return await read(self._claimed_ms, BATCH)

    async def _send_all(self, entries: Sequence[OutboxEntry]) -> None:
        """Send to many relays at once, to each of them in order; raises what ended the sending early."""
        if entries and not self._publisher.is_connected():
            raise BrokerUnavailable("the service is not connected to it")
        by_relay: dict[str, list[OutboxEntry]] = {}
        for entry in entries:
            by_relay.setdefault(entry.relay_id, []).append(entry)
        pass_ = _Pass()
        async with asyncio.TaskGroup() as group:
            for chain in by_relay.values():
                group.create_task(self._send_in_order(chain, pass_))
        if pass_.failure is not None:
            raise pass_.failure

    async def _send_in_order(self, chain: Sequence[OutboxEntry], pass_: _Pass) -> None:
        try:
            for entry in chain:
                async with self._room:
                    now_ms = self._clock_ms()
                    if pass_.failure or entry.expired(now_ms) or now_ms - self._claimed_ms > SENDING_MS:
                        return
                    if entry.state is State.SENT or not self._outcomes.is_acknowledged(entry):
                        await self._publish(entry)
                if not self._outcomes.is_given_up(entry):
                    await self._confirmations.acknowledged(entry)
        except (BrokerUnavailable, StoreError) as exc:
            pass_.failure = exc

    async def _publish(self, entry: OutboxEntry) -> None:
        self._confirmations.expect(entry)
        try:
            await self._publisher.publish(entry.order, entry.relay_id)
        except (RequestError, WireError) as exc:
            # It would never go out, and must not keep the others from it.
            event("!", "order given up", relay=entry.relay_id, cabinet=entry.cabinet_id, reason=str(exc))
            self._outcomes.give_up(entry)
            await self._confirmations.give_up(entry, Settlement(State.FAILED, str(exc)))
        except BrokerUnavailable:
            # A command whose device has done it must not be sent again for want of a PUBACK.
            done = self._confirmations.dismiss(entry)
            if not (done and isinstance(entry.order, Command)):
                raise
        else:
            self._outcomes.acknowledge(entry)

    def _report_expired(self, entry: OutboxEntry, now_ms: int) -> None:
        if self._outcomes.is_acknowledged(entry):
            return  # it was sent in time, and could not be removed then
        event(
            "!",
            "command expired",
            command=entry.what,
            relay=entry.relay_id,
            cabinet=entry.cabinet_id,
            age_ms=now_ms - entry.created_ms,
        )
        self._outcomes.give_up(entry)

    def _pause_s(self, reason: str, entries: Sequence[OutboxEntry]) -> float:
        """The pause after a failure: longer with each, but not beyond the next command that expires."""
        if not self._failures:
            event("!", "outbox waits", reason=reason)
        self._failures += 1
        self._outcomes.disappoint_all()
        pause_s = min(FIRST_RETRY_S * 2.0 ** min(self._failures - 1, 10), LAST_RETRY_S) * self._jitter()
        expiries = [entry.expires_ms for entry in entries if entry.expires_ms is not None]
        left_ms = [max(expires_ms - self._clock_ms(), 1) for expires_ms in expiries]
        return min([pause_s, *(ms / 1000 for ms in left_ms)])


@dataclass(slots=True)
class _Pass:
    """One round of sending; what ended it early."""

    failure: BrokerUnavailable | StoreError | None = None
