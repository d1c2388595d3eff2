"""Two whole services on one database and one broker: what one is asked for, the other knows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import httpx

from cms.app import Application, build
from cms.hub import Delivery
from cms.settings import read_settings
from cms.tests.broker import running_broker
from cms.tests.engines import mongodb_database, mongodb_uri
from wire.address import parse_address

__all__ = ["mongodb_database", "mongodb_uri"]

RELAY = "e831cdfa8384"
ORDER = "/api/cabinets/cab-1/smib-config"
PATIENCE_S = 20.0


class Device:
    """Confirms what it is ordered, and notes it."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.channels: list[int] = []

    async def run(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            fields = json.loads(message.payload)
            self.channels.append(fields["netStaChan"])
            await self._client.publish("smib/config", json.dumps({"rly": RELAY, **fields}))


class Service:
    """One of the two: its application, and a caller of it."""

    def __init__(self, application: Application) -> None:
        self.application = application
        transport = httpx.ASGITransport(application.asgi, raise_app_exceptions=False)
        headers = {"sec-fetch-site": "same-origin"}
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.client.request(method, path, json=body)

    async def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(found := (await self.ask("GET", path)).json()):
                pass
        return found


@asynccontextmanager
async def service(database: str, broker: str) -> AsyncIterator[Service]:
    named = {
        "CMS_DATABASE": database,
        "MQTT_URI": broker,
        "CMS_CABINETS": f"cab-1={RELAY}",
        "CMS_LOG": "quiet",
    }
    async with build(read_settings(named)) as application:
        one = Service(application)
        async with one.client:
            await one.until("/readyz", lambda found: bool(found["success"]))
            yield one


def with_two(database: str, act: Callable[[Service, Service, Device], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with running_broker() as broker:
            address = parse_address(broker.uri)
            async with (
                service(database, broker.uri) as a,
                service(database, broker.uri) as b,
                aiomqtt.Client(address.host, address.port) as client,
            ):
                await client.subscribe(f"sas/relay/{RELAY}", qos=1)
                device = Device(client)
                playing = asyncio.create_task(device.run())
                try:
                    await act(a, b, device)
                finally:
                    playing.cancel()
                    await asyncio.wait([playing])

    asyncio.run(whole())


def test_orders_given_to_both_reach_the_device_once_each_and_in_order(mongodb_database: str) -> None:
    async def act(a: Service, b: Service, device: Device) -> None:
        for channel, giver in zip(range(1, 9), [a, b] * 4, strict=True):
            answer = await giver.ask("POST", ORDER, {"smibConfig": {"net": {"netStaChan": channel}}})
            assert answer.json()["mqttSent"] is True
        for one in (a, b):
            standing = await one.until(ORDER, lambda found: found["data"]["inStep"] is True)
            assert standing["data"]["reported"]["net"]["netStaChan"]["value"] == 8
        assert device.channels == [*range(1, 9)]

    with_two(mongodb_database, act)


def test_an_answer_reaches_the_readers_of_both(mongodb_database: str) -> None:
    async def act(a: Service, b: Service, _device: Device) -> None:
        with a.application.hub.subscribe(RELAY) as one, b.application.hub.subscribe(RELAY) as two:
            await a.ask("POST", ORDER, {"smibConfig": {"net": {"netStaChan": 6}}})
            async with asyncio.timeout(PATIENCE_S):
                for reader in (one, two):
                    heard = await reader.next()
                    assert isinstance(heard, Delivery)
                    assert heard.fields["netStaChan"] == 6

    with_two(mongodb_database, act)
