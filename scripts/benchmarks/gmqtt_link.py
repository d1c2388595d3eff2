"""The fleet's link over gmqtt: one of the candidates that were measured (simulator/README.md).

Over TCP alone, and without the faults of lines.
"""

from __future__ import annotations

import asyncio

import gmqtt
from gmqtt.mqtt.constants import MQTTv311

from simulator.device.link import LinkSettings
from simulator.link.link import LinkListener

CONNECTS = 100


class GmqttLinks:
    """Links that share the limit of connects under way; gmqtt keeps each alive with a task of its own."""

    def __init__(self) -> None:
        self.gate = asyncio.Semaphore(CONNECTS)

    def link(self) -> GmqttLink:
        return GmqttLink(self.gate)


class GmqttLink:
    """One device's link; see `simulator.link.link.Link`."""

    def __init__(self, gate: asyncio.Semaphore) -> None:
        self._gate = gate
        self._client: gmqtt.Client | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._end: asyncio.Task[None] | None = None

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        self._attempt = asyncio.get_running_loop().create_task(self._connect(settings, listener))

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        if self._client is None:
            return False
        self._client.publish(topic, payload, qos, retain)
        return True

    def close(self, *, clean: bool) -> None:
        client, self._client = self._client, None
        if client is not None and clean:
            self._end = asyncio.get_running_loop().create_task(client.disconnect())

    def freeze(self, frozen: bool) -> None:
        raise NotImplementedError

    async def closed(self) -> None:
        if self._end is not None:
            await self._end

    async def _connect(self, settings: LinkSettings, listener: LinkListener) -> None:
        will = gmqtt.Message(settings.will_topic, settings.will_payload, settings.qos)
        client = gmqtt.Client(settings.client_id, will_message=will)
        client.set_config({"reconnect_retries": 0, "reconnect_delay": 1})
        subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wanted = [gmqtt.Subscription(topic, qos=settings.qos) for topic in settings.subscriptions]

        def heard(_client: object, topic: str, payload: bytes, _qos: int, _properties: object) -> int:
            listener.link_message(topic, payload)
            return 0

        client.on_connect = lambda *_: client.subscribe(wanted)
        client.on_subscribe = lambda *_: subscribed.set_result(None)
        client.on_message = heard
        async with self._gate:
            address = settings.address
            await client.connect(address.host, address.port, keepalive=settings.keepalive_s, version=MQTTv311)
            await subscribed
        self._client = client
        listener.link_up()
