"""What arrived, in order, and how a step waits for it: a condition with a deadline, never a sleep."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from features.harness.errors import Missing

WITHIN = 5.0
"""Seconds that a subject may take where the contract names no figure."""

T = TypeVar("T")


class Patience(Protocol):
    """Who writes down what was waited for. ``pace`` stretches every deadline: a slow subject has a greater
    one (``timing`` of a subject file)."""

    @property
    def pace(self) -> float: ...

    def waited(self, wanted: str, within: float, began: float, *, met: bool, seen: str = "") -> None: ...


class Unwritten:
    """Waits that stand on no timeline, at the usual pace."""

    pace = 1.0

    def waited(self, wanted: str, within: float, began: float, *, met: bool, seen: str = "") -> None:
        """Nothing is kept."""


class Inbox(Generic[T]):
    """Filled by one reader thread, waited on by the steps. Nothing is ever taken out of it, so that a step
    can look back; ``since`` is a position that an earlier ``len()`` gave. Every wait stands on the timeline
    of ``patience``."""

    def __init__(self, name: str, patience: Patience | None = None) -> None:
        self.name = name
        self._patience: Patience = patience or Unwritten()
        self._items: list[T] = []
        self._changed = threading.Condition()
        self._closed: str | None = None

    def put(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def close(self, why: str) -> None:
        """No more will come: those who wait learn it at once."""
        with self._changed:
            self._closed = self._closed or why
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)

    def __iter__(self) -> Iterator[T]:
        with self._changed:
            return iter(list(self._items))

    def since(self, position: int) -> list[T]:
        with self._changed:
            return self._items[position:]

    def first(
        self, matching: Callable[[T], bool], wanted: str, *, since: int = 0, within: float = WITHIN
    ) -> T:
        """The first item from ``since`` on that matches; Missing if none came in time."""
        return self.upto(matching, wanted, since=since, within=within)[-1]

    def upto(
        self, matching: Callable[[T], bool], wanted: str, *, since: int = 0, within: float = WITHIN
    ) -> list[T]:
        """Everything from ``since`` on up to the first match, which is the last of the list."""
        return self.several(matching, 1, wanted, since=since, within=within)

    def several(
        self,
        matching: Callable[[T], bool],
        count: int,
        wanted: str,
        *,
        since: int = 0,
        within: float = WITHIN,
    ) -> list[T]:
        """Everything from ``since`` on up to the match number ``count``."""
        wanted = f"{self.name}: {wanted}"
        with waiting(self._patience, wanted, within) as deadline, self._changed:
            at, left = since, count
            while True:
                while at < len(self._items):
                    at += 1
                    left -= matching(self._items[at - 1])
                    if left == 0:
                        return self._items[since:at]
                self._wait(deadline, wanted, since)

    def closed(self, wanted: str, *, within: float = WITHIN) -> str:
        """Why no more will come; Missing if it is still open after ``within``."""
        with waiting(self._patience, wanted, within) as deadline, self._changed:
            while self._closed is None:
                if not self._changed.wait(deadline.left):
                    raise Missing(wanted, deadline.within, [f"{self.name} is still open"])
            return self._closed

    def _wait(self, deadline: Deadline, wanted: str, since: int) -> None:
        if self._closed is None and deadline.left > 0:
            self._changed.wait(deadline.left)
            return
        seen = [str(item) for item in self._items[since:]]
        raise Missing(wanted, deadline.within, seen + ([self._closed] if self._closed else []))


class Deadline:
    """``within`` seconds from now."""

    def __init__(self, within: float) -> None:
        self.within = within
        self.began = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until it has passed, never less than 0."""
        return max(0.0, self.began + self.within - time.monotonic())


@contextlib.contextmanager
def waiting(patience: Patience, wanted: str, within: float) -> Iterator[Deadline]:
    """Around a wait: its deadline, stretched by the pace; how it ended is written down."""
    deadline = Deadline(within * patience.pace)
    try:
        yield deadline
    except Missing as exc:
        seen = "; ".join(exc.seen[-3:])
        patience.waited(wanted, deadline.within, deadline.began, met=False, seen=seen)
        raise
    patience.waited(wanted, deadline.within, deadline.began, met=True)
