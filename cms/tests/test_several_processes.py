"""What keeps several processes on one storage out of each other's way: leases, turns, answers stored once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cms.cabinet import ConfigChange
from cms.errors import TooManyRequests
from cms.limit import Limit
from cms.standing import FieldReport
from cms.store.entry import CommandOrder, OutboxEntry
from cms.store.lease import FREE, LEASE_MS, Lease
from cms.store.mongodb import MongoStore
from cms.store.mongodb_counters import Counters
from cms.store.store import RelayReport
from cms.tests.engines import CABINETS, NOW, mongodb_database, mongodb_uri

__all__ = ["mongodb_database", "mongodb_uri"]

CHANNEL = ConfigChange({"net": {"netStaChan": 6}})
RELAY = "e831cdfa8384"


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOW

    def __call__(self) -> int:
        return self.now_ms


Scenario = Callable[[MongoStore, MongoStore, Clock], Awaitable[None]]


def two_on(uri: str, scenario: Scenario) -> None:
    """Two processes' stores on one database, with one clock."""

    async def whole() -> None:
        clock = Clock()
        stores = [MongoStore(uri, clock_ms=clock) for _ in range(2)]
        for store in stores:
            await store.open()
        try:
            await stores[0].add_cabinets(CABINETS)
            await scenario(stores[0], stores[1], clock)
        finally:
            for store in stores:
                await store.close()

    asyncio.run(whole())


async def lease_of(store: MongoStore) -> dict[str, Any]:
    found = await store.link["machines"].find_one({"_id": "cab-1"})
    assert found is not None
    lease: dict[str, Any] = found["lease"]
    return lease


def ids(entries: list[OutboxEntry]) -> list[str]:
    return [entry.id for entry in entries]


class TestALease:
    def test_is_renewed_in_time_and_its_token_tells_holders_apart(self) -> None:
        first = FREE.taken("a", NOW)
        assert first == Lease("a", NOW + LEASE_MS, 1)
        assert first.taken("a", NOW + 1000) is first
        assert first.taken("a", NOW + 2000) == Lease("a", NOW + 2000 + LEASE_MS, 1)
        assert first.is_of_another("b", NOW + LEASE_MS - 1)
        assert not first.is_of_another("b", NOW + LEASE_MS)
        assert not first.is_of_another("a", NOW)
        assert first.let_go().taken("b", NOW) == Lease("b", NOW + LEASE_MS, 2)


class TestSending:
    def test_one_process_at_a_time_sends_to_a_relay(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, _clock: Clock) -> None:
            (entry,) = (await b.order("cab-1", CHANNEL)).entries
            (other,) = (await b.order("cab-2", CHANNEL)).entries
            claims = await asyncio.gather(a.claim(1), b.claim(1))
            assert sorted(map(len, claims)) == [0, 1]
            holder, idle = (a, b) if claims[0] else (b, a)
            assert ids(await idle.claim(9)) == [other.id]
            assert ids(await holder.claim(9)) == [entry.id]
            assert await holder.sent(entry.id, entry.version, NOW)
            (second,) = (await a.order("cab-1", CHANNEL)).entries
            assert ids(await idle.claim(9)) == [other.id, second.id]
            assert (await lease_of(a))["token"] == 2

        two_on(mongodb_database, scenario)

    def test_it_goes_on_until_all_is_sent_that_came_meanwhile(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, _clock: Clock) -> None:
            (entry,) = (await a.order("cab-1", CHANNEL)).entries
            assert ids(await a.claim(9)) == [entry.id]
            (lock,) = (await b.order("cab-1", ConfigChange(), CommandOrder("LOCK MACHINE", NOW))).entries
            assert await b.claim(9) == []
            assert await a.sent(entry.id, entry.version, NOW)
            assert await b.claim(9) == []
            assert ids(await a.claim(9)) == [lock.id]

        two_on(mongodb_database, scenario)

    def test_what_a_dead_process_left_is_taken_over(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, clock: Clock) -> None:
            (entry,) = (await a.order("cab-1", CHANNEL)).entries
            assert ids(await a.claim(9)) == [entry.id]
            clock.now_ms += LEASE_MS - 1
            assert await b.claim(9) == []
            clock.now_ms += 1
            assert ids(await b.claim(9)) == [entry.id]
            assert await a.claim(9) == []

        two_on(mongodb_database, scenario)

    def test_what_is_due_again_is_for_one_process_too(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, clock: Clock) -> None:
            (entry,) = (await a.order("cab-1", CHANNEL)).entries
            assert await a.sent(entry.id, entry.version, NOW)
            clock.now_ms += 15_000
            (due,) = await b.claim_due(clock.now_ms, 9)
            assert await a.claim_due(clock.now_ms, 9) == []
            assert await b.sent(due.id, due.version, clock.now_ms)
            assert await b.claim_due(clock.now_ms, 9) == []

        two_on(mongodb_database, scenario)


class TestOneForAll:
    def test_a_turn_is_one_process_s_until_it_is_over(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, clock: Clock) -> None:
            assert await a.turn("resync/x", 1000)
            assert await a.turn("resync/x", 1000)
            assert not await b.turn("resync/x", 1000)
            assert await b.turn("resync/y", 1000)
            clock.now_ms += 1000
            assert await b.turn("resync/x", 1000)
            assert not await a.turn("resync/x", 1000)

        two_on(mongodb_database, scenario)

    def test_an_answer_that_both_hear_is_stored_once(self, mongodb_database: str) -> None:
        def heard(value: int, at_ms: int) -> list[RelayReport]:
            return [RelayReport(RELAY, "coms", {"comsMode": FieldReport(value, at_ms)})]

        async def scenario(a: MongoStore, b: MongoStore, _clock: Clock) -> None:
            (one,), (two,) = await asyncio.gather(a.report(heard(2, NOW)), b.report(heard(2, NOW + 3)))
            assert one.reported["coms"]["comsMode"].value == two.reported["coms"]["comsMode"].value == 2
            stored = await a.link["reports"].find_one({"_id": RELAY})
            assert stored is not None
            assert stored["step"] == 1
            (later,) = await b.report(heard(2, NOW + 60_000))
            assert later.reported["coms"]["comsMode"].at_ms == NOW + 60_000
            (changed,) = await a.report(heard(1, NOW + 60_001))
            assert changed.reported["coms"]["comsMode"].value == 1
            (late,) = await b.report(heard(2, NOW + 59_999))
            assert late.reported["coms"]["comsMode"].value == 1

        two_on(mongodb_database, scenario)

    def test_a_limit_counts_what_all_let_through(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, _clock: Clock) -> None:
            one, two = (Limit("orders", 5, Counters(store.link)) for store in (a, b))
            await asyncio.gather(*(limit.take("ann") for limit in (one, two, one, two, one)))
            for limit in (one, two):
                with pytest.raises(TooManyRequests) as raised:
                    await limit.take("ann")
                assert 1 <= raised.value.retry_s <= 60
                await limit.take("bob")
            await one.forgive("ann")
            await two.take("ann")

        two_on(mongodb_database, scenario)

    def test_a_window_that_is_over_begins_anew(self, mongodb_database: str) -> None:
        async def scenario(a: MongoStore, b: MongoStore, clock: Clock) -> None:
            counters = [Counters(store.link, clock) for store in (a, b)]
            assert [await one.incr("k", 60) for one in counters] == [1, 2]
            clock.now_ms += 60_000
            assert await counters[0].get("k") == 0
            assert sorted(await asyncio.gather(*(one.incr("k", 60) for one in counters))) == [1, 2]
            assert await counters[1].get_expiry("k") == (clock.now_ms + 60_000) / 1000

        two_on(mongodb_database, scenario)
