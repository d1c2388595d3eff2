"""An operator's desk: the whole service in one process, over a link that records what would be sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from cms.app import Application, build
from cms.errors import BrokerUnavailable
from cms.hub import Hub
from cms.settings import read_settings
from wire.jsontext import parse_object, to_bytes
from wire.orders import ConfigRequest, Order, encode

NOW_MS = 1_761_474_600_000
NOW = "2025-10-26T10:30:00.000Z"
RELAY = "e831cdfa8384"
SETTINGS = {
    "CMS_DATABASE": ":memory:",
    "CMS_CABINETS": f"cab-1={RELAY},cab-2=e831cdfa8464",
    "CMS_LOG": "quiet",
}

Device = Callable[[str, dict[str, Any]], Mapping[str, Any] | None]


@dataclass
class RecordingLink:
    """Stands where the MQTT service stands. ``device`` answers what it is sent, on ``smib/config``."""

    hub: Hub
    up: bool = True
    device: Device = lambda _relay_id, _fields: None
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    subscribed: list[str] = field(default_factory=list)
    dead: bool = False
    connects: int = 1

    @property
    def failure(self) -> str | None:
        return None if self.up else "connection refused"

    def start(self) -> None:
        pass

    async def first_attempt(self) -> None:
        pass

    def alive(self) -> bool:
        return not self.dead

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        return callback

    async def disconnect(self) -> None:
        pass

    def is_connected(self) -> bool:
        return self.up

    async def request_config(self, relay_id: str, component: str) -> None:
        await self.publish(ConfigRequest(component), relay_id)

    async def publish_config(self, relay_id: str, config: Mapping[str, Any]) -> None:
        await self.publish_raw(f"sas/relay/{relay_id}", to_bytes(config), 1)

    async def publish(self, order: Order, relay_id: str) -> None:
        await self.publish_raw(f"sas/relay/{relay_id}", encode(order), 1)

    async def publish_raw(self, topic: str, payload: bytes, qos: int) -> None:
        assert qos in (0, 1)
        if not self.up:
            raise BrokerUnavailable("connection refused")
        self.sent.append((topic, payload))
        relay_id = topic.rpartition("/")[2]
        if payload.startswith(b"{") and (answer := self.device(relay_id, parse_object(payload))) is not None:
            self.hub.route("smib/config", to_bytes(answer))

    async def subscribe(self, topic: str) -> None:
        self.subscribed.append(topic)


@dataclass
class Desk:
    """The running service, a client of it, and the link under it."""

    application: Application
    client: httpx.AsyncClient
    link: RecordingLink

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send a request; a ``body`` that is not bytes goes as JSON."""
        if body is None:
            return await self.client.request(method, path, **more)
        content = body if isinstance(body, bytes) else to_bytes(body)
        headers = {"content-type": "application/json", **more.pop("headers", {})}
        return await self.client.request(method, path, content=content, headers=headers, **more)

    async def stored(self) -> list[Any]:
        """Everything that the service keeps."""
        store = self.application.store
        return [*await store.cabinets(), *await store.pending(100)]


@asynccontextmanager
async def desk(clock_ms: Callable[[], int] = lambda: NOW_MS, /, **settings: str) -> AsyncIterator[Desk]:
    """A service with two cabinets, in memory, at a fixed time unless ``clock_ms`` tells another."""
    links: list[RecordingLink] = []

    def link_to(hub: Hub) -> RecordingLink:
        links.append(RecordingLink(hub))
        return links[0]

    read = read_settings({**SETTINGS, **settings})
    async with build(read, clock_ms=clock_ms, link_to=link_to) as application:
        transport = httpx.ASGITransport(application.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(application, client, links[0])


def at_desk(
    act: Callable[[Desk], Awaitable[None]], clock_ms: Callable[[], int] = lambda: NOW_MS, /, **settings: str
) -> None:
    """Run ``act`` at a desk of its own."""

    async def run() -> None:
        async with desk(clock_ms, **settings) as open_desk:
            await act(open_desk)

    asyncio.run(run())
