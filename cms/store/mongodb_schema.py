"""The collections of the CMS in a MongoDB database, their indexes, and the number of their schema.

machines   a cabinet: the specification's fields, its open outbox entries, what is to be moved from it
reports    what each SMIB last reported
history    the revisions of cabinets, whole
outbox     entries that ended
audit      the chain
sheets     batches, templates, firmware
users      people and what they sign in with
turns      what one process does for all, and until when
counters   what callers may not do too often
cms        the schema, the keys of secrets, the last entry id, an import that is under way
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymongo import IndexModel

from cms.errors import StoreError, StoreTooNew
from cms.store.mongodb_link import Link

SCHEMA = 2
"""2: sheets; users and tokens may be limited to locations, which an older version would not mind."""
META = "cms"
_ID, _KIND = "schema", "smib-cms"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "machines": (
        IndexModel("relayId", unique=True),
        IndexModel("entryIds"),
        *(IndexModel(mark, sparse=True) for mark in ("waiting", "unanswered", "due", "expires", "unmoved")),
    ),
    "history": (IndexModel([("cabinetId", 1), ("revision", -1)]),),
    "outbox": (
        IndexModel("seq", unique=True),
        IndexModel([("cabinetId", 1), ("seq", -1)]),
        IndexModel([("state", 1), ("seq", -1)]),
    ),
    "audit": (
        IndexModel("key", unique=True),
        IndexModel("seq", unique=True),
        IndexModel([("entry.cabinet", 1), ("seq", -1)]),
        IndexModel([("entry.user", 1), ("seq", -1)]),
        IndexModel("entry.order", sparse=True),
        IndexModel("ms"),
    ),
    "sheets": (IndexModel([("kind", 1), ("ms", -1)]), IndexModel("unmoved", sparse=True)),
    "turns": (IndexModel("until"),),
    "counters": (IndexModel("until"),),
    "users": (IndexModel("keys"), IndexModel("unmoved", sparse=True)),
}


async def prepare(link: Link) -> None:
    """Bring the schema up to date. StoreTooNew for a newer one, StoreError for a foreign one: both stay."""
    meta = link[META]
    found = await meta.find_one({"_id": _ID})
    if found is None:
        if set(INDEXES) & set(await link.names()) and await meta.find_one({"_id": _ID}) is None:
            raise StoreError(
                f"The database {link.address} belongs to another program: name another one in CMS_DATABASE"
            )
        await meta.update_one({"_id": _ID}, {"$setOnInsert": {"of": _KIND, "version": SCHEMA}}, upsert=True)
    elif found.get("version", 0) > SCHEMA:
        raise StoreTooNew(str(link.address), found["version"], SCHEMA)
    await meta.update_one({"_id": _ID, "version": {"$lt": SCHEMA}}, {"$set": {"version": SCHEMA}})
    for name, indexes in INDEXES.items():
        await link[name].create_indexes(list(indexes))
