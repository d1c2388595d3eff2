"""The WebSocket on a real socket: what is sent over it, who may open one, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cms.role import Role
from cms.tests.desk import RELAY
from cms.tests.test_access import NOTE, add_everybody, bearer, settle
from cms.tests.test_batches import OTHER, obedient
from cms.tests.test_scope import ANNEX_RELAY, admit, furnish
from cms.tests.test_server import Place, place
from wire.jsontext import to_bytes

NET = {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaChan": 3, "netStaPwd": "casino-4711"}


class Client:
    """One end of a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, **fields: Any) -> None:
        await self.socket.send(json.dumps(fields))

    async def hear(self, **wanted: Any) -> dict[str, Any]:
        """The next message that has these fields, in it or in its frame."""
        async with asyncio.timeout(10):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                both = {**message, **message.get("frame", {})}
                if all(name in both and value in (..., both[name]) for name, value in wanted.items()):
                    return message


@asynccontextmanager
async def client(here: Place, **headers: str) -> AsyncIterator[Client]:
    uri = f"ws://127.0.0.1:{here.port}/api/ws"
    async with connect(uri, additional_headers=headers, proxy=None) as socket:
        yield Client(socket)


def at_place(act: Callable[[Place], Awaitable[None]], **settings: str) -> None:
    async def run() -> None:
        async with place(**settings) as here:
            await act(here)

    asyncio.run(run())


class TestChannels:
    def test_the_floor_and_a_relay_come_over_one_socket(self) -> None:
        async def act(here: Place) -> None:
            async with client(here) as one:
                await one.say(subscribe="floor")
                snapshot = await one.hear(channel="floor", type="snapshot")
                assert [cabinet["id"] for cabinet in snapshot["frame"]["cabinets"]] == ["cab-1", "cab-2"]
                assert snapshot["id"]
                await one.say(subscribe=RELAY)
                await one.hear(channel=RELAY, type="connected")
                here.desk.link.hub.route("smib/config", to_bytes(NET))
                both = [await one.hear(type=kind) for kind in ("config_update", "config")]
                assert [message["channel"] for message in both] in ([RELAY, "floor"], ["floor", RELAY])
                await one.say(unsubscribe=RELAY)
                await one.hear(channel=RELAY, ended=True)
                await one.say(unsubscribe=RELAY)
                assert "open" in (await one.hear(channel=RELAY, error=...))["error"]
                assert here.desk.application.streams.counts() == {"relay": 0, "floor": 1}

        at_place(act)

    def test_a_client_goes_on_where_it_was(self) -> None:
        async def act(here: Place) -> None:
            async with client(here) as one:
                await one.say(subscribe="floor")
                last = (await one.hear(type="snapshot"))["id"]
            here.desk.link.hub.route("sas/gy/server", to_bytes({"rly": RELAY, "typ": "GAME_WON", "pyd": ""}))
            async with client(here) as one:
                await one.say(subscribe="floor", lastEventId=last)
                assert (await one.hear(type="connected"))["frame"]["resumed"] is True
                await one.hear(type="event", event="GAME_WON")

        at_place(act)

    def test_a_smib_is_asked_over_it_and_answers_on_its_channel(self) -> None:
        async def act(here: Place) -> None:
            here.desk.link.device = obedient
            async with client(here) as one:
                await one.say(subscribe=RELAY)
                await one.hear(type="connected")
                await one.say(request="net", relayId=RELAY)
                await one.hear(type="config_update", component="net")
                assert here.desk.link.sent == [(f"sas/relay/{RELAY}", b'{"typ":"cfg","comp":"net"}')]

        at_place(act)

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ("[]", "object"),
            ("{", "JSON"),
            ("{}", "subscribe"),
            ('{"subscribe":"floor","all":1}', "all"),
            ('{"subscribe":"a/b"}', "subscribe"),
            ('{"subscribe":7}', "subscribe"),
            ('{"subscribe":"floor","cabinet":"cab-9"}', "cab-9"),
            ('{"request":"zap","relayId":"a"}', "request"),
            ('{"request":"net"}', "relayId"),
            ('{"unsubscribe":"floor"}', "open"),
            ('{"subscribe":"floor","subscribe":"floor"}', "twice"),
            ("x" * 5000, "4096"),
            (b"\x00", "text"),
        ],
    )
    def test_what_is_wrong_is_told_and_the_socket_goes_on(self, said: str | bytes, words: str) -> None:
        async def act(here: Place) -> None:
            async with client(here) as one:
                await one.socket.send(said)
                assert words in (await one.hear(error=...))["error"]
                await one.say(subscribe="floor")
                await one.hear(type="connected")
                assert here.desk.link.sent == []

        at_place(act)

    def test_it_has_so_many_channels_and_no_more(self) -> None:
        async def act(here: Place) -> None:
            async with client(here) as one:
                for number in range(17):
                    await one.say(subscribe=f"relay-{number}")
                assert "16" in (await one.hear(channel="relay-16", error=...))["error"]

        at_place(act)


class TestWhoMay:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [({"origin": "http://evil.example"}, 403), ({"sec-fetch-site": "cross-site"}, 403)],
    )
    def test_another_sites_page_can_not_open_one(self, headers: dict[str, str], status: int) -> None:
        async def act(here: Place) -> None:
            with pytest.raises(InvalidStatus) as refused:
                async with client(here, **headers):
                    pass
            assert refused.value.response.status_code == status
            assert json.loads(refused.value.response.body)["success"] is False
            async with client(here, origin=f"http://127.0.0.1:{here.port}"):
                pass

        at_place(act)

    def test_nobody_gets_in_without_a_credential_where_there_are_users(self) -> None:
        async def act(here: Place) -> None:
            await add_everybody(here.desk)
            with pytest.raises(InvalidStatus) as refused:
                async with client(here):
                    pass
            assert refused.value.response.status_code == 401
            async with client(here, **bearer("viewer")) as one:
                await one.say(subscribe=RELAY)
                await one.hear(type="connected")
                here.desk.link.hub.route("smib/config", to_bytes(NET))
                assert "casino-4711" not in json.dumps(await one.hear(type="config_update"))

        at_place(act)

    def test_it_ends_with_the_right_to_it(self) -> None:
        async def act(here: Place) -> None:
            await add_everybody(here.desk)
            async with client(here, **bearer("viewer")) as one:
                await one.say(subscribe="floor")
                await one.hear(type="connected")
                store = here.desk.application.store
                assert await store.remove_user("viewer", NOTE)
                await settle(here.desk)
                with pytest.raises(ConnectionClosed) as closed:
                    await one.hear(nothing=...)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1008

        at_place(act)

    def test_whoever_is_limited_hears_of_its_own_locations(self) -> None:
        async def act(here: Place) -> None:
            await furnish(here.desk)
            await admit(here.desk, Role.VIEWER)
            async with client(here, **bearer("viewer")) as one:
                await one.say(subscribe=ANNEX_RELAY)
                assert OTHER == ANNEX_RELAY
                await one.hear(channel=ANNEX_RELAY, error=...)
                await one.say(subscribe="floor")
                snapshot = await one.hear(type="snapshot")
                assert [cabinet["id"] for cabinet in snapshot["frame"]["cabinets"]] == ["cab-1"]

        at_place(act)


def test_what_is_no_websocket_is_told_so() -> None:
    async def act(here: Place) -> None:
        answer = await here.desk.ask("GET", "/api/ws")
        assert (answer.status_code, answer.json()["success"]) == (426, False)

    at_place(act)


def test_the_service_stops_with_sockets_open() -> None:
    async def act(here: Place) -> None:
        async with client(here) as one:
            await one.say(subscribe="floor")
            await one.hear(type="connected")
            async with asyncio.timeout(10):
                await here.stop()
            with pytest.raises(ConnectionClosed):
                await one.hear(nothing=...)

    at_place(act)
