"""The outbox and a broker that refuses, hangs, loses acknowledgements and comes back (section 6)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.cabinet import Cabinet, ConfigChange
from cms.errors import BrokerUnavailable, StoreBusy
from cms.outbox import Outbox
from cms.outcomes import REMEMBERED, Outcomes
from cms.store.entry import CommandOrder, OutboxEntry
from cms.store.sqlite import SqliteStore
from wire.errors import RelayIdError
from wire.orders import Command, ConfigUpdate, Order

START = 1_760_000_000_000
RELAYS = {f"cab-{n}": f"e831cdfa000{n}" for n in range(1, 4)}
PATIENCE_S = 10.0


@dataclass
class Clock:
    now_ms: int = START

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Broker:
    """A Publisher. ``gate`` holds what is on its way; the next ``refusals`` are refused, the next
    ``lost_acks`` are taken and not acknowledged. ``delivered`` is what reached devices, in order."""

    clock: Clock
    connected: bool = True
    refusals: int = 0
    lost_acks: int = 0
    poison: str | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    attempts: list[tuple[str, Order]] = field(default_factory=list)
    delivered: list[tuple[str, Order, int]] = field(default_factory=list)
    tried: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.gate.set()

    def is_connected(self) -> bool:
        return self.connected

    async def publish(self, order: Order, relay_id: str) -> None:
        sent_ms = self.clock.now_ms
        self.attempts.append((relay_id, order))
        async with self.tried:
            self.tried.notify_all()
        await self.gate.wait()
        if self.poison == relay_id:
            raise RelayIdError("relayId: no such topic")
        if not self.connected or self.refusals > 0:
            self.refusals -= self.connected
            raise BrokerUnavailable("refused")
        self.delivered.append((relay_id, order, sent_ms))
        if self.lost_acks > 0:
            self.lost_acks -= 1
            raise BrokerUnavailable("no acknowledgement")

    async def attempted(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S), self.tried:
            await self.tried.wait_for(lambda: len(self.attempts) >= count)

    def payloads(self, cabinet_id: str = "cab-1") -> list[Any]:
        """What the device of a cabinet got."""
        relay_id = RELAYS[cabinet_id]
        return [short(order) for relay, order, _ in self.delivered if relay == relay_id]


@dataclass
class Floor:
    """A store with three cabinets, a broker and the outbox between them, running."""

    clock: Clock
    broker: Broker
    store: SqliteStore
    outbox: Outbox

    async def update(
        self, cabinet_id: str = "cab-1", component: str = "net", **values: Any
    ) -> list[OutboxEntry]:
        return list((await self.store.order(cabinet_id, ConfigChange({component: values}))).entries)

    async def command(self, name: str = "RESTART", cabinet_id: str = "cab-1") -> list[OutboxEntry]:
        command = CommandOrder(name, self.clock())
        return list((await self.store.order(cabinet_id, ConfigChange(), command)).entries)

    async def drained(self) -> None:
        """Returns once nothing waits any more."""
        self.outbox.wake()
        async with asyncio.timeout(PATIENCE_S):
            while await self.store.pending(1):
                pass

    def connect(self) -> None:
        self.broker.connected = True
        self.outbox.wake()


def short(order: Order) -> Any:
    assert isinstance(order, ConfigUpdate | Command)
    return order.name if isinstance(order, Command) else (order.component, dict(order.values))


@asynccontextmanager
async def floor(path: str | Path = ":memory:", *, running: bool = True) -> AsyncIterator[Floor]:
    clock = Clock()
    store = SqliteStore(path, clock_ms=clock)
    await store.open()
    await store.add_cabinets([Cabinet(cabinet_id, relay_id) for cabinet_id, relay_id in RELAYS.items()])
    broker = Broker(clock)
    # Pauses after a failure are a hundredth of what they are in service.
    outbox = Outbox(store, broker, clock_ms=clock, jitter=lambda: 0.01)
    task = asyncio.create_task(outbox.run()) if running else None
    try:
        yield Floor(clock, broker, store, outbox)
        assert task is None or not task.done(), "the outbox's task ended"
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await store.close()


def play(scenario: Callable[[Floor], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with floor() as one:
            await scenario(one)

    asyncio.run(whole())


class TestDelivery:
    def test_is_true_once_the_broker_has_all_of_it_in_order(self) -> None:
        change = ConfigChange({"net": {"netStaChan": 6}, "coms": {"comsMode": 1}})

        async def scenario(one: Floor) -> None:
            ordered = await one.store.order("cab-1", change, CommandOrder("RESTART", one.clock()))
            assert await one.outbox.deliver(ordered.entries, PATIENCE_S)
            assert one.broker.payloads() == [("coms", {"comsMode": 1}), ("net", {"netStaChan": 6}), "RESTART"]
            await one.drained()

        play(scenario)

    def test_does_not_wait_for_a_broker_that_is_away(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.connected = False
            first = await one.update(netStaSSID="A", netStaChan=1)
            async with asyncio.timeout(PATIENCE_S):
                assert not await one.outbox.deliver(first, 3600)
            await one.command("LOCK MACHINE")
            await one.update(netStaSSID="B", netMode=0)
            await one.update("cab-2", netStaChan=2)
            assert one.broker.attempts == []
            one.connect()
            await one.drained()
            update = ("net", {"netStaSSID": "B", "netStaChan": 1, "netMode": 0})
            assert one.broker.payloads() == [update, "LOCK MACHINE"]
            assert one.broker.payloads("cab-2") == [("net", {"netStaChan": 2})]

        play(scenario)

    @pytest.mark.parametrize("fault", ["refusals", "lost_acks"])
    def test_is_false_after_a_failure_and_the_order_goes_out_later(self, fault: str) -> None:
        async def scenario(one: Floor) -> None:
            setattr(one.broker, fault, 1)
            entries = await one.update(netStaChan=6)
            async with asyncio.timeout(PATIENCE_S):
                assert not await one.outbox.deliver(entries, 3600)
            await one.drained()
            assert set(map(repr, one.broker.payloads())) == {repr(("net", {"netStaChan": 6}))}
            assert len(one.broker.attempts) == 2

        play(scenario)

    def test_is_false_when_the_time_is_over_and_the_order_stays(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.gate.clear()
            entries = await one.update(netStaChan=6)
            assert not await one.outbox.deliver(entries, 0.02)
            one.broker.gate.set()
            await one.drained()
            assert one.broker.payloads() == [("net", {"netStaChan": 6})]

        play(scenario)

    def test_knows_what_was_sent_before_it_was_asked_for(self) -> None:
        async def scenario(one: Floor) -> None:
            entries = await one.update(netStaChan=6)
            await one.drained()
            async with asyncio.timeout(PATIENCE_S):
                assert await one.outbox.deliver(entries, 3600)
                one.broker.connected = False
                assert await one.outbox.deliver(entries, 3600)
            assert len(one.broker.attempts) == 1

        play(scenario)

    def test_of_nothing_is_true(self) -> None:
        async def scenario(one: Floor) -> None:
            assert await one.outbox.deliver((), 3600)

        play(scenario)

    def test_that_is_given_up_by_its_caller_goes_on(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.gate.clear()
            entries = await one.update(netStaChan=6)
            caller = asyncio.create_task(one.outbox.deliver(entries, 3600))
            await one.broker.attempted(1)
            caller.cancel()
            one.broker.gate.set()
            await one.drained()
            assert one.broker.payloads() == [("net", {"netStaChan": 6})]

        play(scenario)

    def test_many_at_once_are_sent_once_each(self) -> None:
        async def order(one: Floor, number: int) -> bool:
            cabinet_id = f"cab-{number % 3 + 1}"
            entries = await (one.command if number % 2 else one.update)(cabinet_id=cabinet_id)
            return await one.outbox.deliver(entries, PATIENCE_S)

        async def scenario(one: Floor) -> None:
            assert all(await asyncio.gather(*(order(one, number) for number in range(1, 200, 2))))
            assert len(one.broker.attempts) == 100
            await one.drained()

        play(scenario)


class TestAnotherProcess:
    """Its outbox sends to the relay; here nobody does."""

    def test_an_order_that_it_sent_was_sent(self) -> None:
        async def whole() -> None:
            async with floor(running=False) as one:
                entries = await one.update(netStaChan=6)
                delivering = asyncio.create_task(one.outbox.deliver(entries, PATIENCE_S))
                assert await one.store.sent(entries[0].id, entries[0].version, one.clock())
                assert await delivering

        asyncio.run(whole())

    def test_a_command_that_expired_there_was_not(self) -> None:
        async def whole() -> None:
            async with floor(running=False) as one:
                entries = await one.command()
                delivering = asyncio.create_task(one.outbox.deliver(entries, PATIENCE_S))
                assert len(await one.store.expire(one.clock() + 30_000)) == 1
                assert not await delivering

        asyncio.run(whole())

    def test_one_that_nobody_sends_is_waited_for_as_long_as_was_said(self) -> None:
        async def whole() -> None:
            async with floor(running=False) as one:
                assert not await one.outbox.deliver(await one.update(netStaChan=6), 0.5)
                assert await one.outbox.deliver([], 0.5)

        asyncio.run(whole())


class TestSender:
    def test_a_value_merged_while_an_older_one_is_on_its_way_is_sent_too(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.gate.clear()
            older = await one.update(netStaSSID="A", netStaChan=1)
            first = asyncio.create_task(one.outbox.deliver(older, PATIENCE_S))
            await one.broker.attempted(1)
            newer = await one.update(netStaSSID="B")
            second = asyncio.create_task(one.outbox.deliver(newer, PATIENCE_S))
            one.broker.gate.set()
            assert await first
            assert await second
            await one.drained()
            assert one.broker.payloads() == [
                ("net", {"netStaSSID": "A", "netStaChan": 1}),
                ("net", {"netStaSSID": "B", "netStaChan": 1}),
            ]

        play(scenario)

    def test_relays_do_not_wait_for_each_other(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.gate.clear()
            one.broker.connected = False
            for cabinet_id in RELAYS:
                await one.update(cabinet_id, netStaChan=6)
            one.connect()
            await one.broker.attempted(3)
            one.broker.gate.set()
            await one.drained()

        play(scenario)

    def test_an_order_that_no_topic_takes_is_given_up_and_said(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.poison = RELAYS["cab-1"]
            poisoned = await one.update("cab-1", netStaPwd="casino-4711")
            other = await one.update("cab-2", netStaChan=6)
            assert not await one.outbox.deliver(poisoned, PATIENCE_S)
            assert await one.outbox.deliver(other, PATIENCE_S)
            await one.drained()

        with caplog.at_level(logging.INFO, "cms"):
            play(scenario)
        assert f"! order given up relay={RELAYS['cab-1']} cabinet=cab-1" in caplog.text
        assert "casino-4711" not in caplog.text

    def test_what_was_acknowledged_is_not_sent_again_though_it_could_not_be_removed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def scenario(one: Floor) -> None:
            sent, refused = one.store.sent, asyncio.Event()

            async def busy_once(entry_id: str, version: int, now_ms: int) -> bool:
                if not refused.is_set():
                    refused.set()
                    raise StoreBusy("locked")
                return await sent(entry_id, version, now_ms)

            monkeypatch.setattr(one.store, "sent", busy_once)
            assert await one.outbox.deliver(await one.command(), PATIENCE_S)
            await one.drained()
            assert refused.is_set()
            assert one.broker.payloads() == ["RESTART"]

        play(scenario)

    def test_a_storage_that_fails_does_not_end_it(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def scenario(one: Floor) -> None:
            pending, failures, enough = one.store.pending, iter(range(3)), asyncio.Event()

            async def busy(limit: int) -> list[OutboxEntry]:
                if next(failures, None) is not None:
                    raise StoreBusy("the database is locked")
                enough.set()
                return await pending(limit)

            monkeypatch.setattr(one.store, "pending", busy)
            one.outbox.wake()
            async with asyncio.timeout(PATIENCE_S):
                await enough.wait()
            assert await one.outbox.deliver(await one.update(netStaChan=6), PATIENCE_S)

        with caplog.at_level(logging.INFO, "cms"):
            play(scenario)
        assert caplog.text.count("! outbox waits reason=") == 1


class TestCommands:
    def test_one_that_is_too_old_when_the_broker_is_back_is_not_sent(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.connected = False
            await one.command("UNLOCK MACHINE")
            one.clock.now_ms += 20_000
            await one.command("LOCK MACHINE")
            one.clock.now_ms += 10_000
            one.connect()
            await one.drained()
            assert one.broker.payloads() == ["LOCK MACHINE"]

        with caplog.at_level(logging.INFO, "cms"):
            play(scenario)
        line = (
            f'! command expired command="UNLOCK MACHINE" relay={RELAYS["cab-1"]} cabinet=cab-1 age_ms=30000'
        )
        assert line in caplog.text

    def test_is_removed_after_30_s_though_the_broker_stays_away(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.connected = False
            await one.update(netStaChan=6)
            await one.command()
            one.clock.now_ms += 30_000
            one.outbox.wake()
            async with asyncio.timeout(PATIENCE_S):
                while len(await one.store.pending(9)) > 1:
                    pass
            assert one.broker.attempts == []

        play(scenario)

    def test_its_age_is_judged_right_before_it_would_be_sent(self) -> None:
        async def scenario(one: Floor) -> None:
            one.broker.gate.clear()
            await one.update(netStaChan=6)
            restart = await one.command()
            waiting = asyncio.create_task(one.outbox.deliver(restart, PATIENCE_S))
            await one.broker.attempted(1)
            one.clock.now_ms += 30_000
            one.broker.gate.set()
            assert not await waiting
            await one.drained()
            assert one.broker.payloads() == [("net", {"netStaChan": 6})]

        play(scenario)


class TestOutcomes:
    def entry(self, number: int, version: int = 1) -> OutboxEntry:
        return OutboxEntry(str(number), version, "cab-1", "r", Command("RESTART", None), 0)

    def test_remembers_the_last_ones_and_no_more(self) -> None:
        outcomes = Outcomes()
        for number in range(REMEMBERED + 5):
            outcomes.acknowledge(self.entry(number))
        known = [outcomes.is_acknowledged(self.entry(number)) for number in (4, 5, REMEMBERED + 4)]
        assert known == [False, True, True]

    def test_tells_those_who_wait_for_that_version_or_an_older_one(self) -> None:
        async def scenario() -> None:
            outcomes = Outcomes()
            with outcomes.expecting([self.entry(1, 1), self.entry(1, 2), self.entry(1, 3)]) as futures:
                outcomes.acknowledge(self.entry(1, 2))
                assert [future.done() for future in futures] == [True, True, False]
                outcomes.disappoint_all()
                assert [future.result() for future in futures] == [True, True, False]

        asyncio.run(scenario())


ACTIONS = st.one_of(
    st.tuples(
        st.just("update"), st.sampled_from(list(RELAYS)), st.sampled_from(["net", "coms"]), st.integers(0, 2)
    ),
    st.tuples(st.just("command"), st.sampled_from(list(RELAYS))),
    st.tuples(st.sampled_from(["connect", "disconnect", "refuse", "lose"])),
    st.tuples(st.just("elapse"), st.integers(1, 40_000)),
)


class TestAnyCourse:
    @given(st.lists(ACTIONS, max_size=25))
    @settings(max_examples=60, deadline=None)
    def test_devices_end_up_as_ordered_and_no_command_is_late(self, actions: list[tuple[Any, ...]]) -> None:
        """Whatever happens in between: once the broker is back each device has the stored values, commands
        arrived in order, none after 30 s and none that was not given."""

        async def whole() -> None:
            async with floor() as one:
                for number, action in enumerate(actions):
                    await self.act(one, number, action)
                one.broker.refusals = 0
                one.connect()
                await one.drained()
                await self.judge(one)

        asyncio.run(whole())

    async def act(self, one: Floor, number: int, action: tuple[Any, ...]) -> None:
        match action:
            case ("update", cabinet_id, component, name):
                entries = await one.update(cabinet_id, component, **{f"f{name}": number})
                await one.outbox.deliver(entries, 0.001)
            case ("command", cabinet_id):
                entries = await one.command("RESTART", cabinet_id)
                await one.outbox.deliver(entries, 0.001)
            case ("connect",):
                one.connect()
            case ("disconnect",):
                one.broker.connected = False
            case ("refuse",):
                one.broker.refusals += 1
            case ("lose",):
                one.broker.lost_acks += 1
            case ("elapse", milliseconds):
                one.clock.now_ms += milliseconds

    async def judge(self, one: Floor) -> None:
        for cabinet in await one.store.cabinets():
            device: dict[str, dict[str, Any]] = {}
            issued: list[int] = []
            for relay_id, order, sent_ms in one.broker.delivered:
                if relay_id != cabinet.relay_id:
                    continue
                if isinstance(order, ConfigUpdate):
                    device.setdefault(order.component, {}).update(order.values)
                elif isinstance(order, Command):
                    assert order.issued_ms is not None
                    assert sent_ms - order.issued_ms < 30_000
                    issued.append(order.issued_ms)
            assert device == cabinet.smib_config
            assert issued == sorted(issued)


CHILD = """
import asyncio, sys
from cms.cabinet import ConfigChange
from cms.tests.test_outbox import floor, short

async def main(path, log):
    async with floor(path) as one:
        publish = one.broker.publish
        async def logged(order, relay_id):
            await publish(order, relay_id)
            print("device", relay_id, order.values["n"], file=log, flush=True)
        one.broker.publish = logged
        for number in range(100_000):
            cabinet_id = f"cab-{number % 3 + 1}"
            entries = await one.update(cabinet_id, "net", n=number)
            print("ordered", cabinet_id, number, flush=True)
            if number % 5 == 0:
                await one.outbox.deliver(entries, 5)

asyncio.run(main(sys.argv[1], open(sys.argv[2], "a")))
"""


class TestKill:
    @pytest.mark.parametrize("lines", [1, 40, 333])
    def test_nothing_that_was_ordered_is_lost_by_kill_9(self, tmp_path: Path, lines: int) -> None:
        path, log = tmp_path / "cms.sqlite3", tmp_path / "device.log"
        root = Path(__file__).parents[2]
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(log)], stdout=subprocess.PIPE, text=True, cwd=root
        )
        assert child.stdout is not None
        ordered = {}
        for _ in range(lines):
            _, cabinet_id, number = child.stdout.readline().split()
            ordered[cabinet_id] = int(number)
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
        for line in rest.splitlines()[:-1]:  # the last one may be cut off
            _, cabinet_id, number = line.split()
            ordered[cabinet_id] = int(number)
        devices = {line.split()[1]: int(line.split()[2]) for line in log.read_text().splitlines()}
        asyncio.run(self.after_the_crash(path, ordered, devices))

    async def after_the_crash(self, path: Path, ordered: dict[str, int], devices: dict[str, int]) -> None:
        async with floor(path) as one:
            await one.drained()
            for relay_id, order, _ in one.broker.delivered:
                assert isinstance(order, ConfigUpdate)
                devices[relay_id] = order.values["n"]
            for cabinet_id, number in ordered.items():
                cabinet = await one.store.cabinet(cabinet_id)
                assert cabinet is not None
                assert cabinet.smib_config["net"]["n"] >= number
                assert devices[cabinet.relay_id] == cabinet.smib_config["net"]["n"]
