"""The callbacks of the specification's interface, each a reader of its own (contract, section 5)."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any

from cms import log
from cms.hub import Delivery, Dropped, Hub, Subscription
from wire.relay import canonical_relay_id

ConfigCallback = Callable[[Mapping[str, Any]], Awaitable[None] | None]
"""Takes the JSON object of one message, a copy of its own. It may be a coroutine function."""


class Callbacks:
    """Calls each callback with the messages of its relay, in their order.

    Each has a bounded queue (see hub.Subscription) and a task, so that one that is slow or raises disturbs no
    other; what one raises is logged the first time. A relay's entry goes with its last callback.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._entries: dict[str, list[_Entry]] = {}

    def add(
        self,
        relay_id: str,
        callback: ConfigCallback,
        *,
        wants: Callable[[Delivery], bool] = lambda _: True,
        on_dropped: Callable[[int], None] | None = None,
    ) -> None:
        """Register ``callback``; it gets every message that ``wants`` and arrives from now on.

        ``on_dropped`` is told how many messages it was too slow for. RelayIdError for a bad id.
        """
        entry = _Entry(callback, wants, on_dropped)
        entry.start(self._hub, relay_id)
        self._entries.setdefault(canonical_relay_id(relay_id), []).append(entry)

    def remove(self, relay_id: str, callback: ConfigCallback) -> bool:
        """Take one registration of ``callback`` back, at once; whether there was one."""
        key = canonical_relay_id(relay_id)
        entries = self._entries.get(key, [])
        entry = next((entry for entry in entries if entry.callback == callback), None)
        if entry is None:
            return False
        entry.stop()
        entries.remove(entry)
        if not entries:
            del self._entries[key]
        return True

    def remove_all(self, relay_id: str) -> int:
        """Take all callbacks of a relay back; how many there were."""
        entries = self._entries.pop(canonical_relay_id(relay_id), [])
        for entry in entries:
            entry.stop()
        return len(entries)

    def count(self, relay_id: str) -> int:
        return len(self._entries.get(canonical_relay_id(relay_id), ()))

    def relays(self) -> tuple[str, ...]:
        """The relays that have callbacks."""
        return tuple(self._entries)


class _Entry:
    """One registration: a subscription, and the task that reads it until stop()."""

    def __init__(
        self,
        callback: ConfigCallback,
        wants: Callable[[Delivery], bool],
        on_dropped: Callable[[int], None] | None,
    ) -> None:
        self.callback = callback
        self._wants = wants
        self._on_dropped = on_dropped
        self._stack = ExitStack()
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._complained = False

    def start(self, hub: Hub, relay_id: str) -> None:
        subscription = self._stack.enter_context(hub.subscribe(relay_id))
        self._subscription = subscription
        self._task = asyncio.create_task(self._read(subscription), name=f"callback-{subscription.relay_id}")
        self._task.add_done_callback(lambda _: self._stack.close())

    def stop(self) -> None:
        """Call it no more. A call that is under way ends by itself: it may be the one that calls this."""
        self._stopped = True
        self._stack.close()
        if self._subscription is not None:
            self._subscription.end()

    async def _read(self, subscription: Subscription) -> None:
        async for item in subscription:
            if self._stopped:
                return
            if isinstance(item, Dropped):
                log.event("!", "callback too slow", relay=subscription.relay_id, dropped=item.count)
                if self._on_dropped is not None:
                    await self._call(item.count, self._on_dropped)
            elif self._wants(item):
                await self._call(dict(item.fields), self.callback)

    async def _call(self, argument: Any, function: Callable[[Any], Awaitable[None] | None]) -> None:
        try:
            result = function(argument)
            if inspect.isawaitable(result):
                await result
        except Exception as exc:  # noqa: BLE001 - a stranger's code; what it raises is its own fault
            if not self._complained:
                self._complained = True
                log.event("!", "callback failed", callback=_name(function), error=type(exc).__name__)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)
