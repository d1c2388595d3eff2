"""Routing and queues (contract, sections 2 and 5; issue 2, "Bad input")."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.errors import BrokerUnavailable
from cms.hub import ANSWERS_A_SECOND, LOG_EVERY_MS, LOGGED_TOPICS, Delivery, Dropped, Hub, Subscription
from wire.errors import RelayIdError
from wire.topics import Topics

RELAY = "e831cdfa8384"
OTHER = "e831cdfa8464"
SERVER = f"sas/gli/server/{RELAY}"


class Clock:
    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms


def a_hub(**options: Any) -> Hub:
    return Hub(Topics(), clock_ms=options.pop("clock", Clock()), **options)


def payload(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def taken(subscription: Subscription) -> list[Delivery | Dropped]:
    return list(iter(subscription.take, None))


def fields_of(subscription: Subscription) -> list[dict[str, Any]]:
    return [dict(item.fields) for item in taken(subscription) if isinstance(item, Delivery)]


def refused(hub: Hub) -> dict[str, int]:
    return {
        name.removeprefix("refused-"): n for name, n in hub.counts().items() if name.startswith("refused-")
    }


class TestRouting:
    @pytest.mark.parametrize("topic", ["smib/config", "sas/gy/server", "sas/server", SERVER])
    def test_by_the_rly_of_the_payload_on_every_topic(self, topic: str) -> None:
        hub = a_hub()
        with hub.subscribe(RELAY) as mine, hub.subscribe(OTHER) as theirs:
            hub.route(topic, payload(rly=RELAY, typ="cfg", comp="mqtt"))
            assert fields_of(mine) == [{"rly": RELAY, "typ": "cfg", "comp": "mqtt"}]
            assert taken(theirs) == []

    @pytest.mark.parametrize("topic", ["smib/config", "sas/gy/server", "sas/server"])
    def test_a_missing_rly_on_a_shared_topic_is_counted(self, topic: str) -> None:
        hub = a_hub()
        with hub.subscribe(None) as floor:
            hub.route(topic, payload(typ="cfg"))
            assert taken(floor) == []
        assert refused(hub) == {"no-rly": 1}

    def test_a_missing_rly_is_taken_from_the_topic(self) -> None:
        hub = a_hub()
        with hub.subscribe(RELAY) as mine:
            hub.route(f"sas/gli/server/{RELAY.upper()}", payload(typ="GAME_PLAYED"))
            assert fields_of(mine) == [{"typ": "GAME_PLAYED"}]

    def test_a_differing_rly_is_counted_and_routed_to_neither(self) -> None:
        hub = a_hub()
        with hub.subscribe(None) as floor:
            hub.route(SERVER, payload(rly=OTHER, typ="cfg"))
            assert taken(floor) == []
        assert refused(hub) == {"other-rly": 1}

    @pytest.mark.parametrize("spelled", [RELAY.upper(), f" {RELAY} ", "E831cdfa8384\t"])
    def test_mac_addresses_match_without_regard_to_case_and_blanks(self, spelled: str) -> None:
        hub = a_hub()
        with hub.subscribe(spelled) as mine:
            hub.route("smib/config", payload(rly=RELAY))
            hub.route(SERVER, payload(rly=spelled))
            assert len(taken(mine)) == 2

    @pytest.mark.parametrize(
        "rly", [7, None, [RELAY], {"a": 1}, True, "", "a/b", "a+", "#", "x" * 65, "a\nb"]
    )
    def test_what_is_no_id_is_counted(self, rly: object) -> None:
        hub = a_hub()
        with hub.subscribe(None) as floor:
            hub.route("smib/config", payload(rly=rly))
            assert taken(floor) == []
        assert refused(hub) == {"bad-rly": 1}

    def test_other_topics_are_counted(self) -> None:
        hub = a_hub()
        hub.route(f"sas/relay/{RELAY}", payload(rly=RELAY))
        hub.route("sas/gli/server/a/b", payload(rly="a"))
        assert refused(hub) == {"other-topic": 1, "bad-rly": 1}

    def test_one_message_is_one_object_for_all(self) -> None:
        hub = a_hub()
        with hub.subscribe(RELAY) as one, hub.subscribe(RELAY) as two, hub.subscribe(None) as floor:
            hub.route("smib/config", payload(rly=RELAY), retained=True)
            (first,), (second,), (third,) = taken(one), taken(two), taken(floor)
        assert first is second is third
        assert isinstance(first, Delivery)
        assert (first.relay_id, first.topic, first.retained) == (RELAY, "smib/config", True)
        assert first.received_ms == Clock().ms
        assert first.frame is first.frame

    def test_leaving_ends_the_delivery_and_the_entry(self) -> None:
        hub = a_hub()
        with hub.subscribe(RELAY) as one:
            with hub.subscribe(RELAY) as two:
                assert hub.readers(RELAY) == 2
            assert hub.readers(RELAY) == 1
            hub.route("smib/config", payload(rly=RELAY))
            assert (len(taken(one)), len(taken(two))) == (1, 0)
        assert hub.readers(RELAY) == 0
        assert hub._readers == {}

    def test_an_id_that_can_be_none_is_refused(self) -> None:
        with pytest.raises(RelayIdError), a_hub().subscribe("a/b"):
            pass

    def test_observers_see_each_delivery(self) -> None:
        seen: list[Delivery] = []
        hub = a_hub(observers=(seen.append,))
        hub.route("smib/config", payload(rly=RELAY))
        hub.route("smib/config", b"{")
        assert [item.relay_id for item in seen] == [RELAY]


HOSTILE = {
    "empty": b"",
    "not-utf8": b'{"rly":"\xff"}',
    "not-json": b'{"rly":',
    "not-object": b'["rly"]',
    "too-deep": b'{"rly":"e831cdfa8384","a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "too-large": b'{"rly":"e831cdfa8384","a":"' + b"x" * 1_000_000 + b'"}',
    "no-rly": b"{}",
    "bad-rly": b'{"rly":7}',
}


class TestHostileBytes:
    @pytest.mark.parametrize("kind", HOSTILE)
    def test_are_counted_by_kind_and_routing_goes_on(self, kind: str) -> None:
        hub = a_hub()
        with hub.subscribe(RELAY) as mine:
            hub.route("smib/config", HOSTILE[kind])
            hub.route("smib/config", payload(rly=RELAY))
            assert fields_of(mine) == [{"rly": RELAY}]
        assert refused(hub) == {kind: 1}
        assert hub.counts()["routed"] == 1

    def test_are_logged_once_a_minute_for_a_kind_and_topic(self, caplog: pytest.LogCaptureFixture) -> None:
        clock = Clock()
        hub = a_hub(clock=clock)
        for _ in range(50):
            hub.route("smib/config", b"")
            hub.route("smib/config", b"{")
            hub.route("sas/server", b"{")
        assert len(caplog.messages) == 3
        clock.ms += LOG_EVERY_MS
        hub.route("smib/config", b"")
        assert len(caplog.messages) == 4
        assert refused(hub) == {"empty": 51, "not-json": 100}

    def test_answers_of_a_babbling_relay_are_counted_in_one_line_a_second(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "cms")
        clock = Clock()
        hub = a_hub(clock=clock)
        body = b'{"typ":"cfg","comp":"mqtt","rly":"e831cdfa8384"}'
        with hub.subscribe("e831cdfa8384"):
            for _ in range(ANSWERS_A_SECOND + 5):
                hub.route("smib/config", body)
            assert [line[:15] for line in caplog.messages] == ["< config answer"] * ANSWERS_A_SECOND
            clock.ms += 1000
            hub.route("smib/config", body)
            assert caplog.messages[-2] == "< more config answers relay=e831cdfa8384 count=5"
            for _ in range(ANSWERS_A_SECOND):
                hub.route("smib/config", body)
        assert caplog.messages[-1] == "< more config answers relay=e831cdfa8384 count=1"

    def test_from_endless_topics_do_not_fill_log_and_memory(self, caplog: pytest.LogCaptureFixture) -> None:
        clock = Clock()
        hub = a_hub(clock=clock)
        for n in range(2 * LOGGED_TOPICS):
            hub.route(f"sas/gli/server/{n}", b"")
        assert len(caplog.messages) == LOGGED_TOPICS
        clock.ms += LOG_EVERY_MS
        hub.route("sas/gli/server/new", b"")
        assert "sas/gli/server/new" in caplog.messages[-1]
        assert refused(hub) == {"empty": 2 * LOGGED_TOPICS + 1}

    def test_stay_on_their_log_line(self, caplog: pytest.LogCaptureFixture) -> None:
        a_hub().route("sas/gli/server/a\n= mqtt connected", b"{}")
        (text,) = caplog.messages
        assert text.isprintable()
        assert text.isascii()

    @given(st.text(max_size=40) | st.sampled_from(["smib/config", SERVER, "sas/server"]), st.binary())
    def test_never_raise(self, topic: str, data: bytes) -> None:
        hub = a_hub()
        logging.getLogger("cms").setLevel(logging.CRITICAL)
        try:
            hub.route(topic, data)
        finally:
            logging.getLogger("cms").setLevel(logging.NOTSET)
        assert sum(hub.counts().values()) == 1

    @given(
        st.dictionaries(
            st.sampled_from(["rly", "typ", "comp", "x"]),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers()
                | st.text(max_size=5)
                | st.sampled_from([RELAY, OTHER]),
                lambda inner: st.lists(inner, max_size=3),
            ),
        )
    )
    def test_any_object_is_routed_or_counted(self, fields: dict[str, Any]) -> None:
        hub = a_hub()
        logging.getLogger("cms").setLevel(logging.CRITICAL)
        try:
            with hub.subscribe(None) as floor:
                hub.route("smib/config", json.dumps(fields).encode())
                arrived = fields_of(floor)
        finally:
            logging.getLogger("cms").setLevel(logging.NOTSET)
        assert arrived == ([fields] if hub.counts()["routed"] else [])
        assert sum(refused(hub).values()) == (0 if arrived else 1)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


def numbered(hub: Hub, *numbers: int, relay_id: str = RELAY) -> None:
    for number in numbers:
        hub.route("smib/config", payload(rly=relay_id, n=number))


def numbers(items: list[Delivery | Dropped]) -> list[object]:
    return [item.fields["n"] if isinstance(item, Delivery) else item for item in items]


class TestQueues:
    def test_keep_the_order(self) -> None:
        hub = a_hub(queue_size=1000)
        with hub.subscribe(RELAY) as mine, hub.subscribe(None) as floor:
            for n in range(500):
                numbered(hub, n)
                numbered(hub, n, relay_id=OTHER)
            assert numbers(taken(mine)) == list(range(500))
            everything = [item for item in taken(floor) if isinstance(item, Delivery)]
        assert [item.fields["n"] for item in everything if item.relay_id == OTHER] == list(range(500))

    def test_drop_the_oldest_and_tell_the_reader(self) -> None:
        hub = a_hub(queue_size=3)
        with hub.subscribe(RELAY) as slow:
            numbered(hub, 1, 2, 3, 4, 5)
            assert numbers(taken(slow)) == [Dropped(2), 3, 4, 5]
            numbered(hub, 6)
            assert numbers(taken(slow)) == [6]
        assert hub.counts()["dropped"] == 2

    def test_a_slow_reader_holds_up_nobody(self) -> None:
        hub = a_hub(queue_size=3)
        with hub.subscribe(RELAY) as slow, hub.subscribe(RELAY) as quick:
            got = []
            for n in range(10):
                numbered(hub, n)
                got += numbers(taken(quick))
            assert got == list(range(10))
            assert numbers(taken(slow)) == [Dropped(7), 7, 8, 9]

    @given(st.lists(st.integers(-1, 4), max_size=60), st.integers(1, 5))
    def test_every_message_is_delivered_in_order_or_told_as_dropped(
        self, moves: list[int], size: int
    ) -> None:
        hub = a_hub(queue_size=size)
        sent = 0
        got: list[Delivery | Dropped] = []
        with hub.subscribe(RELAY) as reader:
            for move in moves:
                if move < 0:
                    got += taken(reader)
                for _ in range(move):
                    numbered(hub, sent)
                    sent += 1
            got += taken(reader)
        expected = 0
        for item in got:
            if isinstance(item, Dropped):
                expected += item.count
            else:
                assert item.fields["n"] == expected
                expected += 1
        assert expected == sent

    def test_a_waiting_reader_is_woken(self) -> None:
        async def work() -> None:
            hub = a_hub()
            with hub.subscribe(RELAY) as mine:
                waiting = asyncio.create_task(mine.next())
                await asyncio.sleep(0)
                numbered(hub, 1)
                assert numbers([await waiting]) == [1]

        run(work)

    def test_a_cancelled_wait_loses_nothing(self) -> None:
        async def work() -> None:
            hub = a_hub()
            with hub.subscribe(RELAY) as mine:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(mine.next(), 0.001)
                waiting = asyncio.create_task(mine.next())
                await asyncio.sleep(0)
                numbered(hub, 1, 2)
                waiting.cancel()
                await asyncio.wait([waiting])
                assert numbers(taken(mine)) == [1, 2]

        run(work)

    def test_closing_the_hub_ends_readers_when_they_have_read_all(self) -> None:
        async def work() -> None:
            hub = a_hub()
            with hub.subscribe(RELAY) as mine, hub.subscribe(None) as floor:
                numbered(hub, 1)
                waiting = asyncio.create_task(floor.next())
                hub.close()
                assert numbers([item async for item in mine]) == [1]
                assert numbers([await waiting]) == [1]
                with pytest.raises(BrokerUnavailable, match="stopping"):
                    await floor.next()
            with hub.subscribe(RELAY) as late:
                assert [item async for item in late] == []

        run(work)
