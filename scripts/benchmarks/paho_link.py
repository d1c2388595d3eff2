"""The fleet's link over paho, on asyncio: one of the candidates that were measured (simulator/README.md).

Over TCP alone, and without the faults of lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from simulator.device.link import LinkSettings
from simulator.link.link import LinkListener

CONNECTS = 100
SWEEP_S = 1.0


class _HandedOver(Client):
    """A paho client that is given its socket, because its own connect blocks."""

    given: socket.socket

    def _create_socket(self) -> Any:
        return self.given


class PahoLinks:
    """Links that share one sweep over the keepalives of all."""

    def __init__(self) -> None:
        self.gate = asyncio.Semaphore(CONNECTS)
        self.clients: set[Client] = set()
        self._sweeping = False

    def link(self) -> PahoLink:
        if not self._sweeping:
            self._sweeping = True
            self._sweep()
        return PahoLink(self)

    def _sweep(self) -> None:
        asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        for client in tuple(self.clients):
            client.loop_misc()


class PahoLink:
    """One device's link; see `simulator.link.link.Link`."""

    def __init__(self, links: PahoLinks) -> None:
        self._links = links
        self._client: _HandedOver | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._inbox: list[tuple[str, bytes]] = []
        self._flushing = False

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        self._attempt = asyncio.get_running_loop().create_task(self._connect(settings, listener))

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        if self._client is None:
            return False
        self._client.publish(topic, payload, qos, retain)
        return True

    def close(self, *, clean: bool) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        asyncio.get_running_loop().remove_reader(client.given.fileno())
        self._links.clients.discard(client)
        if clean:
            client.disconnect()
        client.given.close()

    def freeze(self, frozen: bool) -> None:
        raise NotImplementedError

    async def closed(self) -> None: ...

    async def _connect(self, settings: LinkSettings, listener: LinkListener) -> None:
        loop, address = asyncio.get_running_loop(), settings.address
        async with self._links.gate:
            sock = socket.create_connection((address.host, address.port))
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = _HandedOver(CallbackAPIVersion.VERSION2, settings.client_id, reconnect_on_failure=False)
            client.given = sock
            client.will_set(settings.will_topic, settings.will_payload, settings.qos)
            subscribed: asyncio.Future[None] = loop.create_future()
            topics = [(topic, settings.qos) for topic in settings.subscriptions]
            client.on_connect = lambda *_: self._subscribe(client, topics)
            client.on_subscribe = lambda *_: subscribed.set_result(None)
            client.on_message = lambda _c, _d, m: self._inbox.append((m.topic, bytes(m.payload)))
            client.on_socket_register_write = lambda *_: self._flush_soon(client)
            loop.add_reader(sock.fileno(), self._readable, client, listener)
            client.connect(address.host, address.port, settings.keepalive_s)
            await subscribed
        self._client = client
        self._links.clients.add(client)
        listener.link_up()

    def _subscribe(self, client: Client, topics: list[tuple[str, int]]) -> None:
        client.subscribe(topics)

    def _readable(self, client: _HandedOver, listener: LinkListener) -> None:
        client.loop_read()
        while self._inbox:
            listener.link_message(*self._inbox.pop(0))
        if client.socket() is None and self._client is client:
            self.close(clean=False)
            listener.link_down()

    def _flush_soon(self, client: Client) -> None:
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush, client)

    def _flush(self, client: Client) -> None:
        self._flushing = False
        with contextlib.suppress(OSError):
            client.loop_write()
