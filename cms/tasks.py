"""The tasks that the service lives by, started and ended together, each known by name (design, rule 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from cms import log

AGAIN_S = 0.2
"""After which a task that was cancelled, and goes on, is cancelled again."""


class Tasks:
    """Supervised tasks. One that ends before it is told to is dead, whether it raised or returned."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._deaths: dict[str, str] = {}

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Run ``work`` until stop()."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks[name] = task

    def death_of(self, name: str) -> str | None:
        """Why the task ended too early, None while it runs."""
        return self._deaths.get(name)

    async def stop(self) -> None:
        """Cancel every task, last started first, and wait until it is gone."""
        while self._tasks:
            _, task = self._tasks.popitem()
            task.remove_done_callback(self._ended)
            while not task.done():  # a wait_for that ends in that moment swallows it (Python 3.11)
                task.cancel()
                await asyncio.wait([task], timeout=AGAIN_S)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        reason = "it ended" if error is None else f"{type(error).__name__}: {error}"
        self._deaths[task.get_name()] = reason
        log.event("!", "task died", task=task.get_name(), reason=reason)
