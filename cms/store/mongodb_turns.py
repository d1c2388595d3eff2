"""Whose turn it is to do what one process alone is to do, in MongoDB."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from cms.store.mongodb_link import Fields, Link

TURNS = "turns"
_FORGET_EVERY = 256


class Turns:
    """A document for each thing that is to be done; the old ones are forgotten now and then."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._taken = 0

    async def take(self, what: str, holder: str, now_ms: int, for_ms: int) -> bool:
        """Whether it is the turn of ``holder``, who then has it for ``for_ms``."""
        self._taken += 1
        if self._taken % _FORGET_EVERY == 0:
            await self._link[TURNS].delete_many({"until": {"$lte": now_ms}})
        mine = {"holder": holder, "until": now_ms + for_ms}
        found = await self._link[TURNS].find_one({"_id": what})
        if found is None:
            return await self._insert({"_id": what, **mine})
        if found["holder"] != holder and found["until"] > now_ms:
            return False
        done = await self._link[TURNS].replace_one(found, mine)
        return done.matched_count == 1

    async def _insert(self, document: Fields) -> bool:
        try:
            await self._link[TURNS].insert_one(document)
        except DuplicateKeyError:
            return False
        return True
