"""A small floor for tests: a broker, a fleet, and an onlooker who hears all devices and orders them about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from simulator.broker import Broker, create_broker
from simulator.device.link import LinkSettings, Refusal, Wifi
from simulator.fleet.fleet import Fleet
from simulator.fleet.state_dir import StateDir
from simulator.fleet_file.fleet_file import parse_plan
from simulator.link.links import MqttLinks
from wire import orders
from wire.address import parse_address
from wire.errors import PayloadError
from wire.jsontext import parse_object, to_bytes
from wire.orders import Order
from wire.topics import Topics

RELAY = "e831cdfa8384"
OTHER = "e831cdfa8464"
DEADLINE_S = 20.0
TOPICS = Topics()

Said = dict[str, Any]
Moment = tuple[str, str, dict[str, Any]]


class Condition:
    """A list that can be waited on: `until` returns when what it holds satisfies a condition."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S), self._changed:
            await self._changed.wait_for(holds)

    async def changed(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class Onlooker:
    """A client of the broker on the CMS's side; `said` is everything that devices reported, decoded."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._change = Condition()
        self.said: list[Said] = []
        self.garbled = 0

    async def listen(self) -> None:
        async for message in self._client.messages:
            try:
                self.said.append(parse_object(bytes(message.payload)))
            except PayloadError:
                self.garbled += 1
            await self._change.changed()

    async def order(self, order: Order, relay_id: str = RELAY, qos: int = 1) -> None:
        await self.send(orders.encode(order), relay_id, qos)

    async def send(self, payload: bytes, relay_id: str = RELAY, qos: int = 1) -> None:
        await self._client.publish(TOPICS.relay(relay_id), payload, qos=qos)

    async def heard(self, after: int = 0, **fields: Any) -> Said:
        """The first report, from number `after` on, that has these fields; waited for."""

        def found() -> Said | None:
            return next((s for s in self.said[after:] if fields.items() <= s.items()), None)

        try:
            await self._change.until(lambda: found() is not None)
        except TimeoutError:
            raise AssertionError(f"never heard {fields}; heard {self.said[after:]}") from None
        report = found()
        assert report is not None
        return report


@asynccontextmanager
async def onlooker(broker: Broker) -> AsyncIterator[Onlooker]:
    async with aiomqtt.Client("127.0.0.1", broker.mqtt_port) as client:
        for topic in TOPICS.report_filters:
            await client.subscribe(topic, qos=1)
        looking = Onlooker(client)
        task = asyncio.create_task(looking.listen())
        try:
            yield looking
        finally:
            task.cancel()
            await asyncio.wait((task,))


@asynccontextmanager
async def embedded(port: int = 0) -> AsyncIterator[Broker]:
    async with create_broker("amqtt", mqtt_port=port, ws_port=0) as broker:
        yield broker


@dataclass
class Running:
    """A fleet and all that it told its hook."""

    fleet: Fleet
    moments: list[Moment] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def facts(self, kind: str, relay_id: str = RELAY) -> list[dict[str, Any]]:
        return [facts for relay, k, facts in self.moments if (relay, k) == (relay_id, kind)]

    async def until(self, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self.fleet.until(holds)
        except TimeoutError:
            raise AssertionError(f"never so; states {dict(self.fleet.counts)}") from None

    async def told(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds`, which is looked at whenever the hook is told something."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not holds():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"never so; last {self.moments[-5:]}") from None

    async def times(self, kind: str, number: int, relay_id: str = RELAY) -> None:
        """Wait until the device told its hook so often."""
        await self.told(lambda: len(self.facts(kind, relay_id)) >= number)

    async def all_online(self) -> None:
        await self.until(lambda: self.fleet.online == len(self.fleet))


@asynccontextmanager
async def running(
    text: str, broker: Broker | str, *, state: StateDir | None = None, wait: bool = True
) -> AsyncIterator[Running]:
    """The fleet of a fleet file's text; `wait` until all of it is online."""
    address = parse_address(broker if isinstance(broker, str) else broker.uri)
    moments: list[Moment] = []
    changed = asyncio.Event()

    def told(relay: str, kind: str, facts: Mapping[str, Any]) -> None:
        moments.append((relay, kind, dict(facts)))
        changed.set()

    fleet = Fleet(
        parse_plan("test.yaml", text.encode()),
        MqttLinks(),
        broker=address,
        state=state,
        on_event=told,
    )
    run = Running(fleet, moments, changed)
    try:
        await fleet.start()
        if wait:
            await run.all_online()
        yield run
    finally:
        await fleet.stop()


def device(text: str = "", *, relay_id: str = RELAY, before: str = "") -> str:
    """The text of a fleet file with one device."""
    return f"{before}\ngroups:\n  - name: g\n    relays: [{relay_id}]\n{text}"


class Listening:
    """A link's listener that can be waited on."""

    def __init__(self) -> None:
        self.told: list[str | Refusal] = []
        self.messages: list[tuple[str, bytes]] = []
        self._change = asyncio.Event()

    def link_up(self) -> None:
        self._tell("up")

    def link_refused(self, reason: Refusal) -> None:
        self._tell(reason)

    def link_down(self) -> None:
        self._tell("down")

    def link_message(self, topic: str, payload: bytes) -> None:
        self.messages.append((topic, payload))
        self._change.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                self._change.clear()
                await self._change.wait()

    async def first(self) -> str | Refusal:
        await self.until(lambda: bool(self.told))
        return self.told[0]

    def _tell(self, what: str | Refusal) -> None:
        self.told.append(what)
        self._change.set()


def settings(
    uri: str,
    client_id: str = "smib-a",
    *,
    qos: int = 1,
    topics: tuple[str, ...] = ("in",),
) -> LinkSettings:
    """Link settings for a test of links alone."""
    return LinkSettings(
        wifi=Wifi("Casino_WiFi", "", 1),
        address=parse_address(uri),
        client_id=client_id,
        subscriptions=topics,
        qos=qos,
        will_topic=f"will/{client_id}",
        will_payload=to_bytes({"typ": "NETWORK_DISCONNECTED", "rly": client_id}),
    )
