"""One reader that waits until somebody calls it."""

from __future__ import annotations

import asyncio


class Waiter:
    """``wait`` returns at the next ``wake``; one that comes while nobody waits is not remembered."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        self._future = asyncio.get_running_loop().create_future()
        try:
            await self._future
        finally:
            self._future = None

    def wake(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
