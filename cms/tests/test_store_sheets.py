"""Sheets over every engine: changed only by whoever knows the last one, with what is said of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from cms.actor import Act, Actor
from cms.audit import AuditFilter, Draft
from cms.sheet import KEPT, Kind, Sheet
from cms.store.store import Store
from cms.tests.engines import NOW, Play, mongodb_database, mongodb_uri, play

__all__ = ["mongodb_database", "mongodb_uri", "play"]

DOCUMENT = {"name": "Wi-Fi", "parts": [{"id": "cab-1", "orders": []}], "done": False, "count": 3}
FIRST = Sheet(Kind.TEMPLATE, "wifi", 1, NOW, DOCUMENT)
SECOND = replace(FIRST, number=2, document={**DOCUMENT, "name": "other"})


def draft(action: str) -> Draft:
    return Draft(Act(Actor("ann"), action), facts={"template": "wifi"})


async def actions(store: Store) -> list[str]:
    return [str(one.document["action"]) for one in await store.audit(AuditFilter())]


def test_what_is_put_is_found(play: Play) -> None:
    async def scenario(store: Store) -> None:
        assert await store.sheet(Kind.TEMPLATE, "wifi") is None
        assert await store.put_sheet(FIRST, draft("add"))
        assert await store.sheet(Kind.TEMPLATE, "wifi") == FIRST
        assert await store.sheet(Kind.BATCH, "wifi") is None
        assert await store.sheets(Kind.TEMPLATE) == [FIRST]
        assert await store.sheets(Kind.FIRMWARE) == []
        assert (await actions(store))[0] == "add"

    play(scenario)


def test_only_who_knows_the_last_one_changes_it(play: Play) -> None:
    async def scenario(store: Store) -> None:
        assert await store.put_sheet(FIRST)
        assert not await store.put_sheet(FIRST, draft("again"))
        assert not await store.put_sheet(replace(FIRST, number=3), draft("skip"))
        assert await store.put_sheet(SECOND, draft("change"))
        assert not await store.put_sheet(SECOND, draft("late"))
        assert not await store.remove_sheet(FIRST, draft("remove"))
        assert await store.sheet(Kind.TEMPLATE, "wifi") == SECOND
        assert (await actions(store))[0] == "change"
        assert not {"again", "skip", "late", "remove"} & set(await actions(store))

    play(scenario)


def test_of_several_at_once_one_wins(play: Play) -> None:
    async def scenario(store: Store) -> None:
        done = await asyncio.gather(*(store.put_sheet(FIRST, draft(f"by-{n}")) for n in range(5)))
        assert sorted(done) == [False] * 4 + [True]
        assert len([one for one in await actions(store) if one.startswith("by-")]) == 1

    play(scenario)


def test_what_is_removed_is_gone_and_can_be_made_anew(play: Play) -> None:
    async def scenario(store: Store) -> None:
        await store.put_sheet(FIRST)
        assert await store.remove_sheet(FIRST, draft("remove"))
        assert await store.sheet(Kind.TEMPLATE, "wifi") is None
        assert (await actions(store))[0] == "remove"
        assert not await store.remove_sheet(FIRST, draft("twice"))
        assert await store.put_sheet(FIRST)

    play(scenario)


def test_the_newest_come_first_and_the_oldest_batches_go(play: Play) -> None:
    async def scenario(store: Store) -> None:
        kept = KEPT[Kind.BATCH]
        for number in range(kept + 2):
            batch = Sheet(Kind.BATCH, f"b-{number:04}", 1, NOW + number, {"done": True})
            assert await store.put_sheet(batch)
        found = [sheet.id for sheet in await store.sheets(Kind.BATCH)]
        assert len(found) == kept
        assert (found[0], found[-1]) == (f"b-{kept + 1:04}", "b-0002")
        newest = [sheet.id for sheet in await store.sheets(Kind.BATCH, limit=2)]
        assert newest == found[:2]

    play(scenario)


def test_those_without_a_field_are_found(play: Play) -> None:
    async def scenario(store: Store) -> None:
        documents: tuple[dict[str, Any], ...] = ({"done": True}, {"done": True, "endedAt": "x"}, {})
        for number, document in enumerate(documents):
            assert await store.put_sheet(Sheet(Kind.BATCH, f"b-{number}", 1, NOW + number, document))
        found = [sheet.id for sheet in await store.sheets(Kind.BATCH, lacking="endedAt")]
        assert found == ["b-2", "b-0"]
        assert [one.id for one in await store.sheets(Kind.BATCH, limit=1, lacking="endedAt")] == ["b-2"]

    play(scenario)
