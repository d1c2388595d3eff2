"""What becomes of an order after the broker has it: confirmed, refused, tried again, given up (section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cms.cabinet import Cabinet, ConfigChange
from cms.confirmation import Confirmations
from cms.errors import BrokerUnavailable
from cms.hub import Hub
from cms.outbox import Outbox
from cms.store.entry import MAX_TRIES, CommandOrder, OutboxEntry, OutboxFilter
from cms.store.sqlite import SqliteStore
from wire.jsontext import to_bytes
from wire.orders import Order, encode
from wire.topics import Topics

START = 1_760_000_000_000
RELAY = "e831cdfa8384"
PATIENCE_S = 10.0

Device = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass
class Clock:
    now_ms: int = START

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Desk:
    """Store, hub and outbox with a device that says what ``device`` gives for each order."""

    clock: Clock
    store: SqliteStore
    hub: Hub
    outbox: Outbox = field(init=False)
    heard_ms: int = 0
    up: bool = True
    loses_acks: bool = False
    device: Device = lambda _: None
    sent: list[dict[str, Any]] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def is_connected(self) -> bool:
        return self.up

    async def publish(self, order: Order, relay_id: str) -> None:
        if not self.up:
            raise BrokerUnavailable("away")
        self.sent.append(dict(order.fields()))
        if (answer := self.device(dict(order.fields()))) is not None:
            self.says(relay=relay_id, **answer)
        if self.loses_acks:
            self.up = False
            raise BrokerUnavailable("no acknowledgement")
        assert encode(order)

    def says(self, relay: str = RELAY, **fields: Any) -> None:
        """The device says something."""
        self.heard_ms = self.clock.now_ms
        self.hub.route("smib/config", to_bytes({"rly": relay, **fields}))

    async def order(self, component: str = "net", **values: Any) -> list[OutboxEntry]:
        ordered = await self.store.order("cab-1", ConfigChange({component: values}))
        self.outbox.learn(ordered.reduced)
        assert await self.outbox.deliver(ordered.entries, PATIENCE_S) is not self.loses_acks
        return list(ordered.entries)

    async def command(self, name: str) -> None:
        ordered = await self.store.order("cab-1", ConfigChange(), CommandOrder(name, self.clock()))
        await self.outbox.deliver(ordered.entries, 0.5 if self.loses_acks else PATIENCE_S)

    async def states(self) -> list[str]:
        return [str(entry.state) for entry in reversed(await self.store.outbox(OutboxFilter()))]

    async def become(self, *states: str) -> list[OutboxEntry]:
        """The entries, oldest first, once they are in these states."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.states() != list(states):
                pass
        return list(reversed(await self.store.outbox(OutboxFilter())))

    async def until_sent(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.sent) < count:
                await self.store.pending(1)

    def elapse(self, ms: int) -> None:
        self.clock.now_ms += ms
        self.outbox.wake()


@asynccontextmanager
async def desk(path: str | Path = ":memory:", device: Device = lambda _: None) -> AsyncIterator[Desk]:
    clock = Clock()
    store = SqliteStore(path, clock_ms=clock)
    await store.open()
    await store.add_cabinets([Cabinet("cab-1", RELAY)])
    hub = Hub(Topics(), clock_ms=clock)
    one = Desk(clock, store, hub, device=device)
    confirmations = Confirmations(
        store,
        clock_ms=clock,
        last_seen=lambda _: one.heard_ms,
        on_settled=lambda entry: one.settled.append(entry.what),
    )
    hub.observe(confirmations.note)
    one.outbox = Outbox(store, one, clock_ms=clock, jitter=lambda: 0.01, confirmations=confirmations)
    tasks = [asyncio.create_task(one.outbox.run()), asyncio.create_task(confirmations.run())]
    try:
        yield one
        for task in tasks:
            assert not task.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await store.close()


def play(scenario: Callable[[Desk], Awaitable[None]], device: Device = lambda _: None) -> None:
    async def whole() -> None:
        async with desk(device=device) as one:
            await scenario(one)

    asyncio.run(whole())


def agreeing(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "netMode": 1}


class TestUpdates:
    def test_an_answer_that_agrees_confirms_even_before_the_broker_does(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A")
            (entry,) = await one.become("confirmed")
            assert entry.tries == 1
            one.elapse(3_600_000)
            await one.outbox.deliver((), 1)
            assert len(one.sent) == 1

        play(scenario, agreeing)

    def test_an_answer_that_comes_later_confirms(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A", netStaPwd="casino-4711")
            await one.become("sent")
            one.says(typ="cfg", comp="net", netStaSSID="Z")
            one.says(typ="cfg", comp="coms", netStaSSID="A")
            one.says("other", typ="cfg", comp="net", netStaSSID="A")
            await one.store.pending(1)
            assert await one.states() == ["sent"]
            one.says(typ="cfg", comp="net", netStaSSID="A", netStaPwd="***")
            await one.become("confirmed")

        play(scenario)

    def test_an_answer_that_a_broker_kept_decides_nothing(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A")
            payload = to_bytes({"rly": RELAY, "typ": "cfg", "comp": "net", "netStaSSID": "A"})
            one.hub.route("smib/config", payload, retained=True)
            one.says(typ="cfg", comp="net", netStaSSID="Z", err="no such network")
            (entry,) = await one.become("refused")
            assert entry.detail == "no such network"

        play(scenario)

    def test_a_refusal_is_told_without_secrets(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaPwd="casino-4711")
            one.says(typ="cfg", comp="net", netStaPwd="other", err="casino-4711 is not it\n")
            (entry,) = await one.become("refused")
            assert "casino" not in entry.detail
            assert one.settled == ["net"]

        play(scenario)

    def test_each_of_two_orders_is_confirmed_for_what_it_still_stands_for(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A", netStaChan=3)
            await one.order(netStaChan=4)
            one.says(typ="cfg", comp="net", netStaSSID="A", netStaChan=4)
            await one.become("confirmed", "confirmed")

        play(scenario)

    def test_an_update_without_an_answer_is_sent_again_and_at_last_given_up(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A")
            for tries in range(1, MAX_TRIES):
                (entry,) = await one.become("sent")
                while entry.tries < tries:
                    (entry,) = await one.store.outbox(OutboxFilter())
                one.says(typ="GAME_PLAYED")
                one.elapse(300_000)
                await one.until_sent(tries + 1)
            while entry.tries < MAX_TRIES:
                (entry,) = await one.store.outbox(OutboxFilter())
            one.elapse(300_000)
            (entry,) = await one.become("unconfirmed")
            assert (entry.absent, len(one.sent)) == (False, MAX_TRIES)
            assert all(order == one.sent[0] for order in one.sent)
            one.says(typ="NETWORK_CONNECTED")
            one.elapse(3_600_000)
            await one.become("unconfirmed")
            assert len(one.sent) == MAX_TRIES

        play(scenario)

    def test_what_an_absent_device_missed_reaches_it_when_it_comes(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A")
            for _ in range(MAX_TRIES):
                (entry,) = await one.store.outbox(OutboxFilter())
                one.clock.now_ms = max(entry.next_ms or 0, one.clock.now_ms)
                count = len(one.sent)
                one.outbox.wake()
                async with asyncio.timeout(PATIENCE_S):
                    while (await one.store.outbox(OutboxFilter()))[0] == entry:
                        pass
                assert len(one.sent) <= count + 1
            (entry,) = await one.become("unconfirmed")
            assert entry.absent
            one.device = agreeing
            one.says(typ="GAME_PLAYED")
            await one.become("confirmed")
            assert len(one.sent) == MAX_TRIES + 1

        play(scenario)

    def test_a_device_that_announces_itself_is_not_kept_waiting(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A")
            await one.become("sent")
            one.device = agreeing
            one.says(typ="NETWORK_CONNECTED")
            await one.become("confirmed")
            assert len(one.sent) == 2

        play(scenario)

    def test_what_was_sent_before_a_restart_is_confirmed_after_it(self, tmp_path: Path) -> None:
        async def whole() -> None:
            async with desk(tmp_path / "cms.sqlite3") as one:
                await one.order(netStaSSID="A")
                await one.become("sent")
            async with desk(tmp_path / "cms.sqlite3") as one:
                async with asyncio.timeout(PATIENCE_S):
                    while await one.states() == ["sent"]:
                        one.says(typ="cfg", comp="net", netStaSSID="A")
                await one.become("confirmed")
                assert one.sent == []

        asyncio.run(whole())

    def test_odd_messages_disturb_nobody(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.order(netStaSSID="A")
            strange: list[Any] = [[], {}, None, 7, [["NETWORK_CONNECTED"]]]
            for odd in strange:
                one.says(typ=odd, comp=odd)
                one.says(typ="cfg", comp=odd, err=odd)
                one.says(typ="cfg", comp="net", netStaSSID=odd)
            one.says(typ="cfg", comp="net", netStaSSID="A")
            await one.become("confirmed")

        play(scenario)


class TestCommands:
    def test_the_event_of_the_device_confirms(self) -> None:
        events = {
            "RESTART": "MACHINE_RESTART",
            "LOCK MACHINE": "MACHINE_LOCKED",
            "UNLOCK MACHINE": "MACHINE_UNLOCKED",
        }

        async def scenario(one: Desk) -> None:
            for count, (name, event) in enumerate(events.items(), start=1):
                await one.command(name)
                one.says(typ=event)
                await one.become(*["confirmed"] * count)

        play(scenario)

    def test_a_device_that_found_it_too_old_refuses(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.command("RESTART")
            one.says(typ="COMMAND_EXPIRED")
            await one.become("refused")

        play(scenario)

    def test_one_that_the_broker_has_is_never_sent_again(self) -> None:
        async def scenario(one: Desk) -> None:
            await one.command("RESTART")
            one.says(typ="NETWORK_CONNECTED")
            one.elapse(60_000)
            await one.order(netStaChan=1)
            one.elapse(60_000)
            entries = await one.become("unconfirmed", "sent")
            assert not entries[0].absent
            assert [order for order in one.sent if "command" in order] == one.sent[:1]

        play(scenario)

    def test_one_that_the_device_did_is_not_repeated_for_want_of_an_acknowledgement(self) -> None:
        async def scenario(one: Desk) -> None:
            one.loses_acks = True
            await one.command("LOCK MACHINE")
            one.loses_acks, one.up = False, True
            one.outbox.wake()
            await one.become("confirmed")
            assert len(one.sent) == 1

        play(scenario, lambda _: {"typ": "MACHINE_LOCKED"})
