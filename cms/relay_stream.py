"""What the configuration stream of one relay sends (specification, endpoint 6; contract, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cms import frames, log
from cms.hub import Delivery, Dropped, Hub, Subscription
from wire.relay import canonical_relay_id

MAX_CHUNK = 64 * 1024
"""Bytes after which frames that wait are sent in another chunk."""


class RelaySource:
    """Everything that comes from one relay, for one stream, with its secrets unless ``masked``.

    RelayIdError for a bad id.
    """

    def __init__(self, hub: Hub, relay_id: str, clock_ms: Callable[[], int], *, masked: bool = False) -> None:
        self.relay_id = canonical_relay_id(relay_id)
        self._hub = hub
        self._clock_ms = clock_ms
        self._masked = masked
        self._subscription: Subscription | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"relay": self.relay_id}

    @property
    def ended(self) -> bool:
        return self._subscription is not None and self._subscription.ended

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Inside, messages of the relay are being queued."""
        with self._hub.subscribe(self.relay_id) as self._subscription:
            log.event("=", "callback registered", relay=self.relay_id)
            yield

    def greeting(self) -> bytes:
        return frames.connected(self.relay_id, self._clock_ms())

    def heartbeat(self, now_ms: int) -> bytes:
        return frames.heartbeat(self.relay_id, now_ms)

    def take(self) -> bytes:
        chunk: list[bytes] = []
        size = 0
        subscription = self._subscription
        while subscription and size < MAX_CHUNK and (item := subscription.take()) is not None:
            frame = self._dropped(item) if isinstance(item, Dropped) else self._frame(item)
            chunk.append(frame)
            size += len(frame)
        return chunk[0] if len(chunk) == 1 else b"".join(chunk)

    async def wait(self) -> None:
        if self._subscription is not None:
            await self._subscription.wait()

    def wake(self) -> None:
        if self._subscription is not None:
            self._subscription.wake()

    def end(self) -> None:
        if self._subscription is not None:
            self._subscription.end()

    def _frame(self, item: Delivery) -> bytes:
        return item.masked_frame if self._masked else item.frame

    def _dropped(self, item: Dropped) -> bytes:
        log.event("!", "sse client too slow", relay=self.relay_id, dropped=item.count)
        return frames.dropped(self.relay_id, item.count, self._clock_ms())
