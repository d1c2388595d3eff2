"""Meters on demand: what is asked of a machine, what it tells, and who else hears it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cms.floor import Identity
from cms.floor_frames import report
from cms.meters import ASKED, poll, reading_of
from cms.tests.desk import NOW, NOW_MS, RELAY, Desk, at_desk
from wire.jsontext import to_bytes
from wire.sas import MeterAnswer, decode_poll

PATH = "/api/cabinets/cab-1/meters"
TOLD = MeterAnswer(tuple((code, 100 + index) for index, code in enumerate(ASKED)))
FRAME = TOLD.encode()
IDENTITY = Identity("cab-1", RELAY, "", "Main Floor", "", "", "")


def rsp(pyd: Any = FRAME) -> dict[str, Any]:
    return {"typ": "rsp", "rly": RELAY, "mac": "", "sta": "", "pyd": pyd}


def test_the_poll_is_the_contracts() -> None:
    frame = poll(1).frame
    assert frame.startswith("016F160000" + "00000100040003002200240002000C0005000600".upper())
    assert frame.endswith("E180")


@pytest.mark.parametrize(
    "fields", [rsp("-1"), rsp("00"), rsp(7), rsp(FRAME[:-2] + "00"), {"typ": "exp", "pyd": "0A"}, {}]
)
def test_what_holds_no_meters_is_no_reading(fields: dict[str, Any]) -> None:
    assert reading_of(fields, NOW_MS) is None


def test_the_floor_stream_has_meters_by_name_and_unit() -> None:
    frame = report(IDENTITY, rsp())
    assert frame["type"] == "meters"
    assert frame["cabinetId"] == "cab-1"
    assert frame["meters"][0] == {"code": "0000", "name": "coin in", "value": 100, "unit": "credits"}
    assert frame["meters"][8] == {"code": "0500", "name": "games played", "value": 108, "unit": "games"}
    assert report(IDENTITY, rsp("-1"))["type"] == "event"


def test_the_machine_is_asked_and_its_answer_is_given() -> None:
    async def act(desk: Desk) -> None:
        desk.link.device = lambda _, fields: rsp() if fields.get("typ") == "cmd" else None
        data = (await desk.ask("POST", PATH)).json()["data"]
        assert (data["cabinetId"], data["relayId"], data["at"]) == ("cab-1", RELAY, NOW)
        assert [meter["value"] for meter in data["meters"]] == [*range(100, 110)]
        ((topic, payload),) = desk.link.sent
        assert topic == f"sas/relay/{RELAY}"
        assert json.loads(payload)["siz"] == 54
        assert (await desk.ask("GET", PATH)).json()["data"] == data
        assert len(desk.link.sent) == 1

    at_desk(act)


def test_what_a_machine_pushes_is_known_without_asking() -> None:
    async def act(desk: Desk) -> None:
        assert (await desk.ask("GET", PATH)).json()["data"]["at"] is None
        desk.link.hub.route("sas/gy/server", to_bytes(rsp()), retained=True)
        assert (await desk.ask("GET", PATH)).json()["data"]["meters"] == []
        desk.link.hub.route("sas/gy/server", to_bytes(rsp()))
        assert len((await desk.ask("GET", PATH)).json()["data"]["meters"]) == 10
        assert desk.link.sent == []

    at_desk(act)


def test_it_is_asked_at_the_address_that_it_reports() -> None:
    async def act(desk: Desk) -> None:
        order = {"smibConfig": {"coms": {"comsAddr": 7}}}
        await desk.ask("POST", "/api/cabinets/cab-1/smib-config", order)
        await desk.ask("POST", f"{PATH}?wait=0.01")
        assert decode_poll(json.loads(desk.link.sent[-1][1])["pyd"]).address == 7
        said = {"rly": RELAY, "typ": "cfg", "comp": "coms", "comsAddr": 9}
        desk.link.hub.route("smib/config", to_bytes(said))
        await desk.ask("POST", f"{PATH}?wait=0.01")
        assert decode_poll(json.loads(desk.link.sent[-1][1])["pyd"]).address == 9

    at_desk(act)


def test_a_silent_device_a_refusing_machine_and_a_broker_that_is_away() -> None:
    async def act(desk: Desk) -> None:
        silent = await desk.ask("POST", f"{PATH}?wait=0.01")
        assert silent.status_code == 504
        assert "meters" in silent.json()["error"]
        desk.link.device = lambda _, fields: rsp("-1") if fields.get("typ") == "cmd" else None
        refused = await desk.ask("POST", PATH)
        assert refused.status_code == 409
        assert "cab-1" in refused.json()["error"]
        desk.link.up = False
        assert (await desk.ask("POST", PATH)).status_code == 503

    at_desk(act)


def test_two_who_ask_at_once_both_get_an_answer() -> None:
    async def act(desk: Desk) -> None:
        desk.link.device = lambda _, fields: rsp() if fields.get("typ") == "cmd" else None
        answers = await asyncio.gather(*(desk.ask("POST", PATH) for _ in range(2)))
        assert [one.status_code for one in answers] == [200, 200]

    at_desk(act)
