"""The SMIBs of the pair: ``python -m features.pair.smib``, told by the environment.

MQTT_URI; RELAY: ``id,id,id=5``, the number being a device's mqttIdleTimeS; NETWORKS: the WiFi networks that
exist, ``ssid:password:channel,…``; STATE: a folder that outlives the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from features.pair import payload
from features.pair.address import Broker, broker_at
from features.pair.board import Act, Answer, Board, Event, Reconnect, Restart
from features.pair.console import log, say
from features.pair.errors import SettingError, Unreachable
from features.pair.identity import canonical, is_id
from features.pair.link import Link, Will

PAUSE_S = 0.2
START_S = 10.0
NETWORKS = "Casino_WiFi::1,Old_WiFi::1,New_WiFi:password123:1"

Network = tuple[str, str, int]


class Smib(Board):
    """A board on its connection. One task lives it, and handles its orders one after the other."""

    def __init__(
        self, relay: str, uri: str, idle_s: int, networks: frozenset[Network], nvs: Path | None
    ) -> None:
        super().__init__(relay, uri, idle_s)
        self.networks = networks
        self.nvs = nvs
        self.subscribed = asyncio.Event()
        self.restarted = False
        self.fell_back = False
        if nvs is not None and nvs.exists():
            self.remember(json.loads(nvs.read_text("utf-8")))

    def save(self) -> None:
        if self.nvs is not None:
            beside = self.nvs.with_suffix(".new")
            beside.write_text(json.dumps(self.remembered()), "utf-8")
            beside.replace(self.nvs)

    # Its life

    async def live(self) -> None:
        """Connects for ever; settings that lead nowhere are taken back after the idle time."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        while True:
            try:
                await self.session()
                since = loop.time()
            except Unreachable as exc:
                log("!", "unreachable", relay=self.relay, why=exc)
                await asyncio.sleep(PAUSE_S)
            if self.is_hopeless(loop.time() - since):
                self.fall_back()
                self.fell_back = True
                log("=", "fell back", relay=self.relay)

    def is_hopeless(self, tried_s: float) -> bool:
        return self.on_trial and tried_s >= self.values["mqtt"]["mqttIdleTimeS"]

    def broker(self) -> Broker:
        """Where its settings lead. Unreachable where its WiFi network does not exist."""
        net, mqtt = self.values["net"], self.values["mqtt"]
        if (net["netStaSSID"], net["netStaPwd"], net["netStaChan"]) not in self.networks:
            raise Unreachable("there is no such network")
        broker = broker_at(mqtt["mqttURI"])
        broker = broker.signed_in(mqtt.get("mqttUsername"), mqtt.get("mqttPassword"))
        return replace(broker, tls=True) if mqtt["mqttSecure"] else broker

    async def session(self) -> None:
        """One connection, until it is lost or the device leaves it."""
        orders: asyncio.Queue[bytes] = asyncio.Queue()
        link = Link(f"smib-{self.relay}", self.broker(), lambda _, raw: orders.put_nowait(raw), self.will())
        beats = lost = None
        try:
            await link.open()
            await link.subscribe([self.topic("mqttSubTopic")], self.values["mqtt"]["mqttQOS"])
            self.settled()
            await self.greet(link)
            self.subscribed.set()
            beats = asyncio.create_task(self.beat(link))
            lost = asyncio.create_task(link.lost.wait())
            await self.work(link, orders, lost)
        finally:
            for task in (beats, lost):
                if task is not None:
                    task.cancel()
            await link.close()

    def will(self) -> Will:
        return Will(self.topic("mqttPubTopic"), payload.written(self.event(Event("NETWORK_DISCONNECTED"))))

    async def greet(self, link: Link) -> None:
        acts = self.greeting(self.restarted, self.fell_back)
        self.restarted = self.fell_back = False
        for act in acts:
            await self.perform(link, act)

    async def work(self, link: Link, orders: asyncio.Queue[bytes], lost: asyncio.Task[bool]) -> None:
        while not lost.done():
            order = asyncio.create_task(orders.get())
            await asyncio.wait({order, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not order.done():
                order.cancel()
                return
            for act in self.receive(order.result()):
                if not await self.perform(link, act):
                    return

    async def perform(self, link: Link, act: Act) -> bool:
        """False where the device leaves its connection."""
        match act:
            case Answer():
                await self.say(link, self.topic("mqttCfgTopic"), self.answer(act))
            case Event():
                await self.say(link, self.topic("mqttPubTopic"), self.event(act))
            case Restart():
                self.restarted = True
        return not isinstance(act, Restart | Reconnect)

    async def say(self, link: Link, topic: str, fields: Mapping[str, object]) -> None:
        await link.publish(topic, payload.written(fields), self.values["mqtt"]["mqttQOS"])

    async def beat(self, link: Link) -> None:
        """A heartbeat event is due every ``mqttIdleTimeS`` (section 4)."""
        while True:
            await asyncio.sleep(self.values["mqtt"]["mqttIdleTimeS"])
            with contextlib.suppress(Unreachable):
                await self.perform(link, self.heartbeat())

    def heartbeat(self) -> Event:
        return Event("NETWORK_CONNECTED", "heartbeat")


def smibs_of(env: Mapping[str, str], smib: type[Smib]) -> list[Smib]:
    """SettingError, naming the variable, for what can't be."""
    uri = env.get("MQTT_URI", "mqtt://localhost:1883")
    try:
        broker_at(uri)
        networks = frozenset(map(_network, env.get("NETWORKS", NETWORKS).split(",")))
    except ValueError as exc:
        raise SettingError("MQTT_URI or NETWORKS", str(exc)) from exc
    state = Path(env["STATE"]) if env.get("STATE") else None
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
    found = []
    for entry in filter(None, env.get("RELAY", "e831cdfa8384").split(",")):
        name, _, idle = entry.partition("=")
        relay = canonical(name)
        if not is_id(relay) or not (idle or "30").isdecimal():
            raise SettingError("RELAY", f"id,id=idleSeconds was wanted, not {entry!r}")
        found.append(smib(relay, uri, int(idle or 30), networks, state and state / f"{relay}.json"))
    return found


def _network(text: str) -> Network:
    ssid, password, channel = text.split(":")
    return ssid, password, int(channel)


async def run(smib: type[Smib]) -> None:
    """Lives every device until SIGINT or SIGTERM. SettingError where the environment can't be."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    smibs = smibs_of(os.environ, smib)
    lives = [asyncio.create_task(one.live()) for one in smibs]
    waits = [asyncio.create_task(one.subscribed.wait()) for one in smibs]
    await asyncio.wait(waits, timeout=START_S)
    here = sum(one.subscribed.is_set() for one in smibs)
    say(f"ready fleet devices={len(smibs)} connected={here} subscribed={here}")
    await stopped.wait()
    for task in (*lives, *waits):
        task.cancel()
    await asyncio.gather(*lives, *waits, return_exceptions=True)


def main(smib: type[Smib] = Smib) -> int:
    try:
        asyncio.run(run(smib))
    except SettingError as exc:
        log("!", "setting", why=exc)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
