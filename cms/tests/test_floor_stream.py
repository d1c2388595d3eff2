"""The stream of the whole floor: a snapshot, then what changes (contract, section 7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cms import feed as feed_module
from cms.cabinet import Cabinet
from cms.tests.desk import NOW, RELAY, Desk, at_desk
from cms.tests.gate import until
from wire.jsontext import to_bytes

OTHER = "e831cdfa8464"


class Reader:
    """One who reads ``GET /api/events``, as an ASGI server would pass it on."""

    def __init__(self, desk: Desk, query: str = "", last_id: str | None = None) -> None:
        headers = [] if last_id is None else [(b"last-event-id", last_id.encode())]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/events",
            "raw_path": b"/api/events",
            "query_string": query.encode(),
            "headers": headers,
        }
        self.status = 0
        self.body = b""
        self.takes = asyncio.Event()
        self.takes.set()
        self.gone = asyncio.Event()
        self.task = asyncio.create_task(self._run(desk, scope))

    async def _run(self, desk: Desk, scope: Any) -> None:
        await desk.application.asgi(scope, self._receive, self._send)

    async def _receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message["body"]

    @property
    def blocks(self) -> list[tuple[str | None, dict[str, Any]]]:
        """Id and object of each frame."""
        found = []
        for block in self.body.decode().split("\n\n")[:-1]:
            head, _, data = block.rpartition("data: ")
            found.append((head.removeprefix("id: ").strip() or None, json.loads(data)))
        return found

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [frame for _, frame in self.blocks]

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    async def has(self, count: int) -> list[dict[str, Any]]:
        await until(lambda: len(self.frames) >= count)
        return self.frames

    async def leave(self) -> None:
        self.gone.set()
        await self.task


@asynccontextmanager
async def reading(desk: Desk, query: str = "", last_id: str | None = None) -> Any:
    reader = Reader(desk, query, last_id)
    try:
        yield reader
    finally:
        reader.takes.set()
        await reader.leave()


def known(reader: Reader) -> dict[str, str]:
    """The state of each cabinet, as a page would know it by now."""
    states: dict[str, str] = {}
    for frame in reader.frames:
        cabinets = frame.get("cabinets") if frame["type"] == "snapshot" else [frame.get("cabinet")]
        states |= {cabinet["id"]: cabinet["state"] for cabinet in cabinets or () if cabinet}
    return states


def say(desk: Desk, relay_id: str = RELAY, **fields: Any) -> None:
    desk.application.hub.route("sas/gy/server", to_bytes({"rly": relay_id, **fields}))


def at(act: Callable[[Desk], Awaitable[None]]) -> None:
    async def limited(desk: Desk) -> None:
        async with asyncio.timeout(20):
            await act(desk)

    at_desk(limited)


class TestOpening:
    def test_first_connected_then_the_floor_as_it_is(self) -> None:
        async def act(desk: Desk) -> None:
            say(desk, typ="MACHINE_LOCKED")
            async with reading(desk) as reader:
                connected, snapshot = await reader.has(2)
                assert reader.status == 200
                assert connected == {
                    "type": "connected",
                    "timestamp": NOW,
                    "message": "Connected to the floor stream",
                    "cabinets": 2,
                    "resumed": False,
                }
                assert (snapshot["part"], snapshot["parts"]) == (1, 1)
                assert [cabinet["id"] for cabinet in snapshot["cabinets"]] == ["cab-1", "cab-2"]
                assert snapshot["cabinets"][0] == {
                    "id": "cab-1",
                    "relayId": RELAY,
                    **dict.fromkeys(("name", "location", "assetNumber", "serialNumber", "game"), ""),
                    "state": "locked",
                    "online": True,
                    "locked": True,
                    "restarting": False,
                    "installing": False,
                    "updating": [],
                    "inStep": None,
                    "firmware": None,
                    "lastSeen": NOW,
                }

        at(act)

    def test_a_big_floor_comes_in_parts_of_which_the_last_has_the_id(self) -> None:
        async def act(desk: Desk) -> None:
            more = [Cabinet(f"big-{n}", f"b{n:011x}") for n in range(250)]
            await desk.application.store.add_cabinets(more)
            await desk.application.monitor.refresh()
            async with reading(desk) as reader:
                await reader.has(4)
                blocks = reader.blocks[1:4]
                assert [(frame["part"], frame["parts"]) for _, frame in blocks] == [(1, 3), (2, 3), (3, 3)]
                assert [frame_id is not None for frame_id, _ in blocks] == [False, False, True]
                ids = [cabinet["id"] for _, frame in blocks for cabinet in frame["cabinets"]]
                assert (len(ids), len(set(ids))) == (252, 252)

        at(act)

    @pytest.mark.parametrize(("query", "status"), [("cabinet=nobody", 404), ("cabinet=a/b", 400)])
    def test_a_cabinet_that_is_not_there(self, query: str, status: int) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk, query) as reader:
                await reader.task
                assert reader.status == status

        at(act)

    def test_a_cabinet_that_was_added_just_now_is_there(self) -> None:
        async def act(desk: Desk) -> None:
            await desk.application.store.add_cabinets([Cabinet("cab-9", "aabbccddeeff", location="Bar")])
            async with reading(desk, "cabinet=cab-9") as reader:
                _, snapshot = await reader.has(2)
                assert [cabinet["id"] for cabinet in snapshot["cabinets"]] == ["cab-9"]
            async with reading(desk, "location=bar") as reader:
                _, snapshot = await reader.has(2)
                assert [cabinet["id"] for cabinet in snapshot["cabinets"]] == ["cab-9"]

        at(act)

    def test_a_head_request_has_no_stream(self) -> None:
        async def act(desk: Desk) -> None:
            answer = await desk.ask("HEAD", "/api/events")
            assert (answer.status_code, answer.text) == (200, "")

        at(act)


class TestFrames:
    def test_a_change_and_what_caused_it(self) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk) as reader:
                await reader.has(2)
                say(desk, typ="BILL_ACCEPTED", mac="", tkn="", pyd="20")
                event, state = (await reader.has(4))[2:]
                assert event == {
                    "type": "event",
                    "cabinetId": "cab-1",
                    "relayId": RELAY,
                    "event": "BILL_ACCEPTED",
                    "pyd": "20",
                    "timestamp": NOW,
                }
                assert (state["type"], state["cabinet"]["state"]) == ("state", "online")
                say(desk, typ="GAME_PLAYED", mac="", tkn="", pyd="")
                assert (await reader.has(5))[4]["event"] == "GAME_PLAYED"

        at(act)

    def test_an_order_is_seen_from_the_request_to_the_confirmation(self) -> None:
        async def act(desk: Desk) -> None:
            say(desk, typ="GAME_PLAYED")
            async with reading(desk) as reader:
                await reader.has(2)
                desk.link.device = lambda relay_id, fields: {"rly": relay_id, **fields}
                order = {"smibConfig": {"net": {"netStaPwd": "hush-hush-hush"}}}
                answer = await desk.ask("POST", "/api/cabinets/cab-1/smib-config", order)
                assert answer.status_code == 200
                frames = await reader.has(5)
                assert [frame["type"] for frame in frames[2:5]] == ["state", "config", "state"]
                assert frames[2]["cabinet"]["updating"] == ["net"]
                assert (frames[3]["component"], frames[3]["refused"]) == ("net", False)
                assert frames[4]["cabinet"]["updating"] == []
                assert b"hush" not in reader.body

        at(act)

    @pytest.mark.parametrize(
        "fields",
        [
            {"typ": "cfg", "comp": "net", "netStaPwd": "geheim-1"},
            {"typ": "cfg", "comp": "net", "err": "netStaPwd geheim-1 is too short"},
            {"typ": "cfg", "comp": {"netStaPwd": "geheim-1"}},
            {"typ": "CONFIG_UPDATE", "pyd": "netStaPwd=geheim-1"},
            {"typ": "SYSTEM_ERROR", "pyd": "can't reach mqtt://floor:geheim-1@broker"},
            {"typ": "SYSTEM_ERROR", "pyd": {"netStaPwd": "geheim-1"}},
            {"typ": "status", "pyd": "geheim-1", "netStaPwd": "geheim-1"},
            {"typ": "geheim-1 and more", "mqttPassword": "geheim-1"},
        ],
    )
    def test_no_secret(self, fields: dict[str, Any]) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk) as reader:
                await reader.has(2)
                say(desk, **fields)
                say(desk, OTHER, typ="MACHINE_LOCKED")
                await until(lambda: '"locked":true' in reader.body.decode())
                assert len(reader.frames) >= 6
                assert b"geheim" not in reader.body

        at(act)

    def test_a_filtered_stream_has_its_own_alone(self) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk, "cabinet=cab-2") as reader:
                await reader.has(2)
                say(desk, typ="GAME_PLAYED")
                say(desk, OTHER, typ="GAME_WON")
                frames = await reader.has(4)
                assert [frame.get("event") for frame in frames[2:]] == ["GAME_WON", None]
                assert frames[3]["cabinet"]["id"] == "cab-2"

        at(act)

    def test_relays_without_a_cabinet_are_not_on_the_stream(self) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk) as reader:
                await reader.has(2)
                say(desk, "aabbccddeeff", typ="GAME_PLAYED")
                say(desk, typ="GAME_WON")
                assert (await reader.has(3))[2]["event"] == "GAME_WON"

        at(act)


class TestGoingOn:
    def test_readers_that_come_together_share_a_snapshot_and_miss_nothing(self) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk) as one:
                await one.has(2)
                say(desk, typ="MACHINE_LOCKED")
                async with reading(desk) as two:
                    await until(lambda: known(two).get("cab-1") == "locked")
                    await until(lambda: known(one) == known(two))
                    assert two.blocks[1] == one.blocks[1]

        at(act)

    def test_with_the_last_id_nothing_is_missed_and_nothing_comes_twice(self) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk) as reader:
                await reader.has(2)
                say(desk, typ="GAME_PLAYED")
                await reader.has(4)
                last_id = reader.blocks[-1][0]
            say(desk, typ="GAME_WON")
            async with reading(desk, last_id=last_id) as reader:
                connected, missed = (await reader.has(2))[:2]
                assert connected["resumed"] is True
                assert missed["event"] == "GAME_WON"
                assert len(reader.frames) == 2

        at(act)

    @pytest.mark.parametrize("last_id", ["", "nonsense", "other-1", "\N{SNOWMAN}-1"])
    def test_with_any_other_id_it_begins_anew(self, last_id: str) -> None:
        async def act(desk: Desk) -> None:
            async with reading(desk, last_id=last_id) as reader:
                connected, snapshot = await reader.has(2)
                assert (connected["resumed"], snapshot["type"]) == (False, "snapshot")

        at(act)

    def test_a_slow_reader_is_told_and_gets_the_floor_anew(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed_module.Feed.__init__, "__kwdefaults__", {"size": 16})

        async def act(desk: Desk) -> None:
            async with reading(desk) as slow, reading(desk) as quick:
                await slow.has(2)
                await quick.has(2)
                slow.takes.clear()
                for number in range(60):
                    say(desk, typ="GAME_PLAYED", mac="", tkn="", pyd=str(number))
                    await until(lambda number=number: f'"pyd":"{number}"' in quick.body.decode())  # type: ignore[misc]
                say(desk, typ="MACHINE_LOCKED")
                slow.takes.set()
                await until(lambda: "dropped" in slow.types and known(slow)["cab-1"] == "locked")
                assert slow.types[slow.types.index("dropped") + 1] == "snapshot"
                assert slow.frames[slow.types.index("dropped")]["count"] > 20
                assert "dropped" not in quick.types

        at(act)


def test_streams_of_the_floor_end_with_the_service_and_count_as_streams() -> None:
    async def act(desk: Desk) -> None:
        readers = [Reader(desk) for _ in range(5)]
        for reader in readers:
            await reader.has(2)
        streams = desk.application.streams
        assert streams.counts() == {"relay": 0, "floor": 5}
        assert len(desk.application.monitor.pulse) == 5
        desk.application.end_streams()
        await asyncio.gather(*(reader.task for reader in readers))
        assert (len(streams), len(desk.application.monitor.pulse)) == (0, 0)

    at(act)
