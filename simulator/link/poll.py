"""Many descriptors behind one of the event loop's own.

A reader of asyncio costs 300 bytes more than `epoll` itself, and a fourth more time. Where there is no
`epoll`, the loop's readers and writers do the same.
"""

from __future__ import annotations

import asyncio
import select
from typing import Final, Protocol

READ: Final = 1
WRITE: Final = 4
"""As `select.EPOLLIN` and `select.EPOLLOUT`; an error or a hang-up counts as both."""

MOST = 256
"""Descriptors that have their turn before the rest of the program has its."""

HAS_EPOLL = hasattr(select, "epoll")


class Pollable(Protocol):
    """Who waits for a descriptor."""

    def ready(self, events: int) -> None:
        """It can be read from, written to or both. Must not raise; may come once after `forget`."""


class Poll:
    """Tells who waits. It holds an `epoll` only while somebody does."""

    def __init__(self) -> None:
        self._waiting: dict[int, Pollable] = {}
        self._epoll: select.epoll | None = None

    def watch(self, descriptor: int, events: int, who: Pollable) -> None:
        """Tell `who` from now on of `events`, which may be none yet."""
        if not self._waiting and HAS_EPOLL:
            self._epoll = select.epoll()
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._look)
        self._waiting[descriptor] = who
        if self._epoll is not None:
            self._epoll.register(descriptor, events)
        else:
            self._follow(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        """Tell of these events in the place of the former."""
        if self._epoll is not None:
            self._epoll.modify(descriptor, events)
        else:
            self._follow(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Tell nothing any more; to be called before the descriptor is closed."""
        del self._waiting[descriptor]
        if self._epoll is None:
            self._follow(descriptor, 0)
            return
        self._epoll.unregister(descriptor)
        if not self._waiting:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _look(self) -> None:
        assert self._epoll is not None
        # All are found before the first is told: it may close others, whose numbers come to mean new ones.
        found = [(self._waiting[descriptor], events) for descriptor, events in self._epoll.poll(0, MOST)]
        for who, events in found:
            who.ready(events if events in (READ, WRITE) else _both(events))

    def _follow(self, descriptor: int, events: int) -> None:
        loop, who = asyncio.get_running_loop(), self._waiting.get(descriptor)
        if who is not None and events & READ:
            loop.add_reader(descriptor, who.ready, READ)
        else:
            loop.remove_reader(descriptor)
        if who is not None and events & WRITE:
            loop.add_writer(descriptor, who.ready, WRITE)
        else:
            loop.remove_writer(descriptor)


def _both(events: int) -> int:
    return events | READ | WRITE if events & ~(READ | WRITE) else events
