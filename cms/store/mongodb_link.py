"""The connection to MongoDB: made once, kept by the driver, which also finds a server that comes back.

Every wait has an end: an operation as a whole (``OPERATION_MS``), and within it the search for a server and
each connection. An answer means that a majority of the servers has it in its journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from cms.errors import StoreError
from cms.store.mongodb_address import MongoAddress
from cms.store.mongodb_errors import converted, only_duplicates
from cms.vault import Vault

Fields = dict[str, Any]
Collection = AsyncCollection[Fields]
R = TypeVar("R")
T = TypeVar("T")

OPERATION_MS = 5_000
FIND_SERVER_MS = 2_000

OPTIONS: dict[str, Any] = {
    "appname": "smib-cms",
    "connectTimeoutMS": FIND_SERVER_MS,
    "journal": True,
    "maxPoolSize": 32,
    "serverSelectionTimeoutMS": FIND_SERVER_MS,
    "timeoutMS": OPERATION_MS,
    "w": "majority",
}
"""What CMS_DATABASE does not say itself."""

AT_ONCE = 16
"""How many operations one verb has under way at most."""


class Link:
    """One client for one event loop. ``vault`` seals what goes into documents, and opens what comes out."""

    def __init__(self, address: MongoAddress, vault: Vault) -> None:
        self.address = address
        self.vault = vault
        self._client: AsyncMongoClient[Fields] | None = None

    def connect(self) -> None:
        """Make the client; it connects with the first operation. StoreError for an option that is wrong."""
        given = {name: value for name, value in OPTIONS.items() if name.lower() not in self.address.options}
        with converted(self.address):
            self._client = AsyncMongoClient(self.address.uri, **given)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def __getitem__(self, name: str) -> Collection:
        if self._client is None:
            raise StoreError(f"The database {self.address} is closed")
        return self._client[self.address.name][name]

    async def names(self) -> list[str]:
        """The collections that are there."""
        if self._client is None:
            raise StoreError(f"The database {self.address} is closed")
        return await self._client[self.address.name].list_collection_names()


def one_of(cabinet_id: str | None, some: frozenset[str] | None) -> Fields | None:
    """The condition for a cabinet's id, None where any will do: this one, one of ``some``, or both."""
    given = {} if cabinet_id is None else {"$eq": cabinet_id}
    return {**given, **({} if some is None else {"$in": sorted(some)})} or None


async def insert_missing(collection: Collection, documents: Sequence[Fields]) -> None:
    """Add those whose key is not there yet."""
    if not documents:
        return
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as exc:
        if not only_duplicates(exc):
            raise


async def write_step(collection: Collection, key: str, step: int, document: Fields) -> bool:
    """Store ``document`` as the one behind number ``step``, 0 for none; False where somebody was faster."""
    document = {"step": step + 1, **document}
    if step == 0:
        try:
            await collection.insert_one({"_id": key, **document})
        except DuplicateKeyError:
            return False
        return True
    done = await collection.replace_one({"_id": key, "step": step}, document)
    return done.matched_count == 1


async def each(things: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """``work`` on all ``things``, a few at a time, in their order."""
    found: list[R] = []
    for start in range(0, len(things), AT_ONCE):
        found += await asyncio.gather(*(work(one) for one in things[start : start + AT_ONCE]))
    return found
