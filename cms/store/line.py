"""A line of jobs for one thing that one writer at a time changes: whoever comes meanwhile goes together.

As with the group commit of SQLite: under load many jobs share what one costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

J = TypeVar("J")

MAX_GROUP = 256
"""How many jobs go together at most."""


@dataclass(slots=True, eq=False)
class Waiting(Generic[J]):
    """A job, and whoever waits for what becomes of it; ``settle`` and ``fail`` do nothing once he is gone."""

    job: J
    future: asyncio.Future[object] = field(repr=False)

    def settle(self, result: object) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


Work = Callable[[Sequence[Waiting[J]]], Awaitable[None]]


class Line(Generic[J]):
    """``work`` is given a group of jobs and settles each; what it raises is the answer to all that are left.

    A job whose caller was cancelled is done all the same once its group is under way. ``on_idle`` is called
    when nothing waits any more.
    """

    def __init__(self, work: Work[J], on_idle: Callable[[], object] = lambda: None) -> None:
        self._work = work
        self._on_idle = on_idle
        self._waiting: list[Waiting[J]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, job: J) -> object:
        """What becomes of ``job``."""
        waiting = Waiting(job, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await waiting.future

    async def drained(self) -> None:
        """When nothing is under way any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
                await self._do(group)
        finally:
            self._task = None
            self._on_idle()

    async def _do(self, group: Sequence[Waiting[J]]) -> None:
        asked = [one for one in group if not one.future.cancelled()]
        try:
            if asked:
                await self._work(asked)
        except Exception as exc:  # noqa: BLE001 - it belongs to those who wait, and is raised there
            for one in asked:
                one.fail(exc)
