"""What callers may not do too often, counted in MongoDB by all processes together.

The library's own storage for MongoDB stands on Motor, which is at its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from limits.aio.storage import Storage
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from cms.errors import StoreBusy, StoreError
from cms.store.mongodb_errors import converted
from cms.store.mongodb_link import OPERATION_MS, Fields, Link

COUNTERS = "counters"
_FORGET_EVERY = 256


class Counters(Storage):
    """A document for each key, with its count and the end of its window in milliseconds since 1970.

    Every method raises StoreError. ``clock_ms`` gives milliseconds since 1970.
    """

    STORAGE_SCHEME = None

    def __init__(self, link: Link, clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        super().__init__()
        self._link = link
        self._clock_ms = clock_ms
        self._begun = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        return StoreError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` more, and tell how many there are in this window of ``expiry`` seconds."""
        deadline = time.monotonic() + OPERATION_MS / 1000
        with converted(self._link.address):
            while time.monotonic() < deadline:
                now_ms = self._clock_ms()
                window = {"_id": key, "until": {"$gt": now_ms}}
                found = await self._link[COUNTERS].find_one_and_update(
                    window, {"$inc": {"count": amount}}, return_document=ReturnDocument.AFTER
                )
                if found is not None:
                    return int(found["count"])
                await self._begin(key, now_ms + 1000 * expiry)
        raise StoreBusy(f"The database {self._link.address} is busy: a limit was not counted")

    async def get(self, key: str) -> int:
        found = await self._find(key)
        return 0 if found is None else int(found["count"])

    async def get_expiry(self, key: str) -> float:
        found = await self._find(key)
        return (self._clock_ms() if found is None else found["until"]) / 1000

    async def check(self) -> bool:
        with suppress(StoreError):
            await self._find("")
            return True
        return False

    async def reset(self) -> int | None:
        with converted(self._link.address):
            return (await self._link[COUNTERS].delete_many({})).deleted_count

    async def clear(self, key: str) -> None:
        with converted(self._link.address):
            await self._link[COUNTERS].delete_one({"_id": key})

    async def _find(self, key: str) -> Fields | None:
        with converted(self._link.address):
            return await self._link[COUNTERS].find_one({"_id": key, "until": {"$gt": self._clock_ms()}})

    async def _begin(self, key: str, until_ms: int) -> None:
        """A new window, unless another process was faster; now and then the old ones are forgotten."""
        now_ms = self._clock_ms()
        await self._link[COUNTERS].delete_one({"_id": key, "until": {"$lte": now_ms}})
        with suppress(DuplicateKeyError):
            await self._link[COUNTERS].insert_one({"_id": key, "count": 0, "until": until_ms})
        self._begun += 1
        if self._begun % _FORGET_EVERY == 0:
            await self._link[COUNTERS].delete_many({"until": {"$lte": now_ms}})
