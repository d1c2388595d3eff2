"""The SMIBs of a run, all on one connection: they take everything, answer at once, and note what they got."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiomqtt

from scripts.havoc.ledger import Line
from wire.address import BrokerAddress
from wire.commands import LOCK, UNLOCK
from wire.timestamps import parse_timestamp
from wire.topics import Topics

FIELD = "comsRateMs"
EVENTS = {LOCK: "MACHINE_LOCKED", UNLOCK: "MACHINE_UNLOCKED"}
RETRY_S = 0.1
CONNECT_S = 3.0
NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Devices:
    """``lines`` by relay id. They come back by themselves whenever the broker does, and announce it."""

    def __init__(self, address: BrokerAddress, lines: Mapping[str, Line]) -> None:
        self._address = address
        self._lines = lines
        self._topics = Topics()
        self._values = dict.fromkeys(lines, 0)
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Play, for ever."""
        while True:
            with suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    self._address.host, self._address.port, timeout=CONNECT_S, socket_options=[NO_DELAY]
                ) as client:
                    await client.subscribe(self._topics.relay("+"), qos=1)
                    for relay_id in self._lines:
                        await self._say(client, relay_id, {"typ": "NETWORK_CONNECTED"})
                    self.connected.set()
                    async for message in client.messages:
                        await self._take(client, str(message.topic), message.payload)
            self.connected.clear()
            await asyncio.sleep(RETRY_S)

    async def _take(self, client: aiomqtt.Client, topic: str, payload: Any) -> None:
        relay_id, fields = topic.rpartition("/")[2], json.loads(payload)
        line = self._lines.get(relay_id)
        if line is None:
            return
        if "command" in fields:
            line.got_command(parse_timestamp(fields["timestamp"]), time.time_ns() // 1_000_000)
            await self._say(client, relay_id, {"typ": EVENTS[fields["command"]]})
        elif fields.get("typ") == "cfg":
            if FIELD in fields:
                line.got_value(fields[FIELD])
                self._values[relay_id] = fields[FIELD]
            answer = {"rly": relay_id, "typ": "cfg", "comp": fields["comp"], FIELD: self._values[relay_id]}
            await client.publish(self._topics.config, json.dumps(answer), qos=1)

    async def _say(self, client: aiomqtt.Client, relay_id: str, event: Mapping[str, Any]) -> None:
        fields = {**event, "rly": relay_id, "mac": relay_id, "tkn": "", "pyd": ""}
        await client.publish(self._topics.server(relay_id), json.dumps(fields), qos=1)
