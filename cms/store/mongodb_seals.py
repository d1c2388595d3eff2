"""Secrets in MongoDB: which keys are known to the database, and sealing each document anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cms.errors import KeyWanted, StoreBusy
from cms.store.mongodb_link import Fields, Link
from cms.store.mongodb_schema import META
from cms.store.store import Renewed

COLLECTIONS: Sequence[str] = ("machines", "history", "outbox", "reports", "sheets")
"""Those whose documents hold secrets, in the order in which they are sealed anew."""

TRIES = 20
_KEYS = {"_id": "keys"}


async def admit(link: Link) -> None:
    """Note the first key as one that is in use; KeyWanted where one that is in use is not there."""
    found = await link[META].find_one(_KEYS) or {}
    missing = [name for name in found.get("ids", ()) if name not in link.vault.ids]
    if missing:
        raise KeyWanted(str(link.address), missing)
    if link.vault.ids:
        await link[META].update_one(_KEYS, {"$addToSet": {"ids": link.vault.ids[0]}}, upsert=True)


async def renew(link: Link, place: str | None, limit: int) -> Renewed:
    """Seal the next ``limit`` documents behind ``place`` with the first key."""
    number, after = (0, None) if place is None else json.loads(place)
    collection = link[COLLECTIONS[number]]
    wanted: Fields = {} if after is None else {"_id": {"$gt": after}}
    found = await collection.find(wanted).sort("_id", 1).limit(limit).to_list()
    changed = [await _renew(link, COLLECTIONS[number], one) for one in found]
    if len(found) == limit:
        return Renewed(json.dumps([number, found[-1]["_id"]]), len(found), sum(changed))
    following = json.dumps([number + 1, None]) if number + 1 < len(COLLECTIONS) else None
    return Renewed(following, len(found), sum(changed))


async def forget(link: Link) -> None:
    """Only the first key is in use from now on."""
    await link[META].update_one(_KEYS, {"$set": {"ids": list(link.vault.ids[:1])}}, upsert=True)


async def _renew(link: Link, name: str, document: Fields | None) -> bool:
    """Whether ``document`` had something to be sealed; whoever was faster is not overwritten."""
    for _ in range(TRIES):
        if document is None:  # it is gone
            return False
        newer = _renewed(link, document)
        if newer == document:
            return False
        step = {"step": document["step"]} if "step" in document else {}
        stepped = {**newer, **{key: number + 1 for key, number in step.items()}}
        done = await link[name].replace_one({"_id": document["_id"], **step}, stepped)
        if done.matched_count == 1:
            return True
        document = await link[name].find_one({"_id": document["_id"]})
    raise StoreBusy(f"The database {link.address} is busy: {name} was not sealed anew")


def _renewed(link: Link, document: Fields) -> Fields:
    renewed: dict[str, Any] = link.vault.sealed(document, renew=True)
    if isinstance(document.get("reported"), str):  # a text, see mongodb_reports
        renewed["reported"] = link.vault.sealed_text(document["reported"], renew=True)
    return renewed
