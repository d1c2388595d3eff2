"""The control of a running fleet, over HTTP: what it shows, what it does, whom it lets in."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.control.control import Control
from simulator.control.handlers import METERS
from simulator.control.metrics import metrics_text
from simulator.control.openapi import document
from simulator.control.operations import OPERATIONS
from simulator.control.options import ControlOptions, given_token
from simulator.errors import ControlError
from simulator.fleet.fleet import Fleet
from simulator.fleet.reading import Reading
from simulator.fleet_file.fleet_file import parse_plan
from simulator.link.links import MqttLinks
from simulator.tests.floor import DEADLINE_S, OTHER, RELAY, embedded, onlooker
from wire.address import parse_address
from wire.orders import ConfigRequest, ConfigUpdate

FIXTURES = Path(__file__).parents[3] / "fixtures"
TOKEN = "a-token-of-tests"
SECRET = "floor-wifi-1"
FLOOR = f"""
networks: [{{ssid: Casino_WiFi, password: {SECRET}}}]
groups:
  - name: slots
    relays: [{RELAY}]
    location: Annex
    config: {{coms: {{comsRTE: 1}}, net: {{netStaPwd: {SECRET}}}}}
  - {{name: tables, relays: [{OTHER}], config: {{net: {{netStaPwd: {SECRET}}}}}}}
"""
EVERY = [(operation.method, operation.path) for operation in OPERATIONS]


class Ruled:
    """A fleet under control, and a client of that."""

    def __init__(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        self.fleet = fleet
        self.client = client

    async def asks(self, method: str, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
        answer = await self.client.request(method, path, json=body if method == "POST" else None)
        assert answer.status_code == status, answer.text
        told = answer.json()
        assert told["success"] is (status == 200)
        return dict(told)

    async def until(self, **counts: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            await self.fleet.until(lambda: counts.items() <= dict(self.fleet.counts).items())


@asynccontextmanager
async def ruled(uri: str, text: str = FLOOR) -> AsyncIterator[Ruled]:
    control = Control(ControlOptions(0, TOKEN))
    fleet = Fleet(
        parse_plan("f.yaml", text.encode()), MqttLinks(), broker=parse_address(uri), on_event=control.hook()
    )
    client = httpx.AsyncClient(base_url=control.url, headers={"Authorization": f"Bearer {TOKEN}"})
    try:
        await fleet.start()
        control.start(fleet)
        async with client, asyncio.timeout(DEADLINE_S):
            await fleet.until(lambda: fleet.online == len(fleet))
            yield Ruled(fleet, client)
    finally:
        await fleet.stop()
        await control.stop()


class TestDevices:
    def test_they_are_listed_by_what_they_are(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri) as floor:
                everything = await floor.asks("GET", "/api/devices")
                assert everything["total"] == 2
                slot = everything["devices"][0]
                assert slot["relayId"] == RELAY
                assert (slot["cabinetId"], slot["group"], slot["location"]) == ("slots-1", "slots", "Annex")
                assert (slot["state"], slot["paused"], slot["faults"]) == ("online", False, [])
                for query, found in (
                    ("location=Annex", [RELAY]),
                    ("group=tables", [OTHER]),
                    ("state=off", []),
                    ("limit=1", [RELAY]),
                    (f"after={RELAY}", [OTHER]),
                ):
                    answer = await floor.asks("GET", f"/api/devices?{query}")
                    assert [device["relayId"] for device in answer["devices"]] == found
                await floor.asks("GET", "/api/devices?limit=0", 400)
                await floor.asks("GET", "/api/devices?state=asleep", 400)

        asyncio.run(scenario())

    def test_the_inside_of_one_is_shown_without_its_secrets(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, ruled(broker.uri) as floor:
                await cms.order(ConfigUpdate("coms", {"comsGPC": 7}))
                await cms.order(ConfigRequest("net"))
                await cms.heard(rly=RELAY, comp="net")
                answer = await floor.client.get(f"/api/devices/{RELAY.upper()}")
                assert SECRET not in answer.text
                inside = answer.json()["device"]
                assert inside["memory"]["net"]["netStaPwd"] == "***"
                assert inside["memory"]["coms"]["comsGPC"] == 7
                assert inside["meters"].keys() == METERS.keys()
                assert inside["counters"]["received"] == 2
                assert inside["messages"][-1]["fields"]["netStaPwd"] == "***"
                assert {message["mark"] for message in inside["messages"]} == {"<", ">"}
                assert inside["nextDeadline"].endswith("Z")

        asyncio.run(scenario())

    def test_they_come_and_go(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri, "groups: [{name: g, count: 1}]") as floor:
                added = await floor.asks("POST", "/api/devices", group="annex", location="Annex", count=3)
                assert added["count"] == 3
                await floor.until(online=4)
                assert (await floor.asks("GET", "/api/devices?location=Annex"))["total"] == 3
                await floor.asks("POST", "/api/devices", relayId=OTHER)
                await floor.asks("POST", "/api/devices", 409, relayId=OTHER.upper())
                await floor.asks("DELETE", f"/api/devices/{OTHER}")
                await floor.asks("DELETE", f"/api/devices/{OTHER}", 404)
                await floor.asks("GET", f"/api/devices/{OTHER}", 404)
                assert len(floor.fleet) == 4

        asyncio.run(scenario())


class TestInterference:
    def test_power_goes_and_comes(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri) as floor:
                off = await floor.asks("POST", "/api/power", power="off", location="Annex")
                assert off["relayIds"] == [RELAY]
                await floor.until(online=1, off=1)
                assert (await floor.asks("POST", "/api/power", power="off", relayId=RELAY))["count"] == 0
                await floor.asks("POST", "/api/power", power="on", all=True)
                await floor.until(online=2)
                briefly: dict[str, Any] = {"for": "100ms"}
                await floor.asks("POST", "/api/power", power="off", relayId=[OTHER], **briefly)
                await floor.until(off=1)
                await floor.until(online=2)

        asyncio.run(scenario())

    def test_faults_are_set_shown_and_cleared(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, ruled(broker.uri) as floor:
                fault = {"kind": "silent", "kinds": ["cfg"]}
                told = await floor.asks("POST", "/api/faults", group="slots", fault=fault, name="mute")
                assert (told["name"], told["relayIds"]) == ("mute", [RELAY])
                shown = await floor.asks("GET", f"/api/devices/{RELAY}")
                assert shown["device"]["faults"] == {"mute": fault}
                await cms.order(ConfigRequest("coms"))
                await cms.order(ConfigRequest("coms"), OTHER)
                await cms.heard(rly=OTHER, comp="coms")
                assert not [said for said in cms.said if (said["rly"], said["typ"]) == (RELAY, "cfg")]
                assert (await floor.asks("POST", "/api/faults/clear", all=True))["relayIds"] == [RELAY]
                await cms.order(ConfigRequest("coms"))
                await cms.heard(rly=RELAY, comp="coms")
                kinds = (await floor.asks("GET", "/api/faults"))["kinds"]
                assert kinds["slow"]["fields"] == {
                    "ms": "a whole number of milliseconds from 0 to 600000",
                }

        asyncio.run(scenario())

    def test_what_is_paused_waits(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, ruled(broker.uri) as floor:
                assert (await floor.asks("POST", "/api/pause", relayId=RELAY))["count"] == 1
                assert (await floor.asks("POST", "/api/pause", all=True))["relayIds"] == [OTHER]
                await cms.order(ConfigRequest("coms"))
                assert (await floor.asks("POST", "/api/resume", all=True))["count"] == 2
                await cms.heard(rly=RELAY, comp="coms")

        asyncio.run(scenario())

    def test_the_machine_is_played_and_opened(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, ruled(broker.uri) as floor:
                await floor.asks("POST", "/api/bill", relayId=RELAY, bill=20)
                await cms.heard(rly=RELAY, typ="BILL_ACCEPTED")
                await floor.asks("POST", "/api/play", relayId=RELAY, win=500)
                await cms.heard(rly=RELAY, typ="GAME_WON")
                door: dict[str, Any] = {"relayId": RELAY, "condition": "slot door"}
                await floor.asks("POST", "/api/condition", present=True, **door)
                await cms.heard(rly=RELAY, typ="exp", pyd="11")
                inside = (await floor.asks("GET", f"/api/devices/{RELAY}"))["device"]
                assert inside["conditions"] == ["slot door"]
                assert inside["meters"]["bills"] == 2_000
                assert inside["meters"]["gamesWon"] == 1
                await floor.asks("POST", "/api/condition", present=False, **door)
                await cms.heard(rly=RELAY, typ="exp", pyd="12")
                await floor.asks("POST", "/api/cash-out", relayId=RELAY)
                inside = (await floor.asks("GET", f"/api/devices/{RELAY}"))["device"]
                assert inside["meters"]["credits"] == 0

        asyncio.run(scenario())

    def test_figures_for_prometheus(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri) as floor:
                await floor.asks("POST", "/api/faults", relayId=RELAY, fault={"kind": "slow", "ms": 1})
                answer = await floor.client.get("/metrics")
                assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
                lines = answer.text.splitlines()
                assert 'smib_fleet_devices{state="online"} 2' in lines
                assert 'smib_fleet_faults{kind="slow"} 1' in lines
                assert "smib_fleet_paused 0" in lines
                assert 'smib_fleet_reached{stage="subscribed"} 2' in lines
                assert not [line for line in lines if RELAY in line]

        asyncio.run(scenario())

    def test_times_are_histograms_and_reasons_are_quoted(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri) as floor, onlooker(broker) as cms:
                await cms.order(ConfigRequest("net"))
                await cms.heard(typ="cfg", comp="net")
                await floor.asks("POST", "/api/faults", relayId=RELAY, fault={"kind": "bad-credentials"})
                await floor.fleet.until(lambda: bool(floor.fleet.totals["refused"]))
                text = (await floor.client.get("/metrics")).text
            families = {family.name: family for family in text_string_to_metric_families(text)}
            answers = {
                (sample.name, sample.labels.get("le")): sample.value
                for sample in families["smib_fleet_answer_seconds"].samples
            }
            assert answers["smib_fleet_answer_seconds_count", None] == 1
            assert answers["smib_fleet_answer_seconds_bucket", "+Inf"] == 1
            assert answers["smib_fleet_answer_seconds_sum", None] > 0
            (error,) = (s for s in families["smib_fleet_errors"].samples if s.labels["reason"] != "lost")
            assert error.labels["reason"] == "refused: broker refused"

        asyncio.run(scenario())

    def test_the_dashboard_asks_for_nothing_else(self) -> None:
        dashboard = (FIXTURES / "grafana" / "fleet.json").read_text()
        asked = set(re.findall(r"smib_[a-z_]+", dashboard))
        fleet = Fleet(parse_plan("f.yaml", FLOOR.encode()), MqttLinks())
        text = metrics_text(fleet, Reading())
        told = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        times = {f"{name}_{part}" for name in told for part in ("bucket", "count", "sum")}
        assert asked <= told | times
        assert told <= asked | {name.rpartition("_")[0] for name in asked}, "a figure that no panel shows"
        assert [panel["title"] for panel in json.loads(dashboard)["panels"]]


class TestWhoIsLetIn:
    def test_nothing_is_answered_without_the_token(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri) as floor:
                paths = [*EVERY, ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/nowhere")]
                for method, path in paths:
                    for given in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN):
                        answer = await floor.client.request(method, path, headers={"Authorization": given})
                        assert answer.status_code == 401
                        assert answer.json()["error"].startswith("Authorization: the token")
                        assert TOKEN not in answer.text

        asyncio.run(scenario())

    def test_a_generated_token_is_told_once_and_a_given_one_never(self) -> None:
        async def told(generated: bool) -> str:
            out = StringIO()
            control = Control(ControlOptions(0, TOKEN, generated=generated))
            control.start(Fleet(parse_plan("f.yaml", FLOOR.encode()), MqttLinks()), out)
            await control.stop()
            return out.getvalue()

        assert f"token={TOKEN}" in asyncio.run(told(True))
        assert asyncio.run(told(False)) == ""
        assert TOKEN not in repr(ControlOptions(0, TOKEN))

    @pytest.mark.parametrize(
        ("environ", "token"),
        [
            ({}, None),
            ({"SMIB_LAB_TOKEN": ""}, None),
            ({"SMIB_LAB_TOKEN": TOKEN}, TOKEN),
            ({"SMIB_LAB_TOKEN_FILE": "good"}, TOKEN),
            ({"SMIB_LAB_TOKEN": TOKEN, "SMIB_LAB_TOKEN_FILE": "nowhere"}, TOKEN),
        ],
    )
    def test_a_token_is_given_by_value_or_by_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], token: str | None
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("good").write_text(f"{TOKEN}\nand a remark\n")
        assert given_token(environ) == token

    @pytest.mark.parametrize(
        "environ",
        [
            {"SMIB_LAB_TOKEN": "short-secret"},
            {"SMIB_LAB_TOKEN": "long enough but in words"},
            {"SMIB_LAB_TOKEN_FILE": "nowhere"},
        ],
    )
    def test_a_token_that_is_none_is_refused_and_not_shown(self, environ: dict[str, str]) -> None:
        with pytest.raises(ControlError, match="SMIB_LAB_TOKEN") as refused:
            given_token(environ)
        assert "secret" not in str(refused.value)

    def test_a_port_that_is_taken_gets_a_sentence(self) -> None:
        async def scenario() -> None:
            control = Control(ControlOptions(0, TOKEN))
            taken = int(control.url.rpartition(":")[2])
            with pytest.raises(ControlError, match=f"--control-port {taken}: a free port of 127.0.0.1"):
                Control(ControlOptions(taken, TOKEN))
            await control.stop()

        asyncio.run(scenario())


class TestWrongRequests:
    @pytest.mark.parametrize(
        ("path", "body", "status", "error"),
        [
            ("/api/power", b"{", 400, "payload: JSON was wanted"),
            ("/api/power", b"[]", 400, "payload: a JSON object was wanted, not a list"),
            ("/api/power", b"{}", 400, "power: off or on was wanted, not nothing"),
            ("/api/power", b'{"power":"off"}', 400, "relayId: one of relayId, group, location, all"),
            ("/api/power", b'{"power":"off","all":false}', 400, "relayId: one of"),
            ("/api/power", b'{"power":"dim","all":1,"x":2}', 400, "x: unknown; relayId, group, location"),
            ("/api/power", b'{"power":"off","all":true,"for":"soon"}', 400, "for: a length of time"),
            ("/api/power", b'{"power":"off","group":"nobody"}', 404, "no device of this fleet is meant"),
            ("/api/power", b'{"power":"off","relayId":"e831cdffffff"}', 404, "no device e831cdffffff"),
            ("/api/pause", b'{"relayId":[]}', 400, "relayId: one or more relay ids were wanted"),
            ("/api/pause", b'{"relayId":"a/b"}', 400, "relayId: 1 to 64 characters"),
            (
                "/api/pause",
                b'{"all":true,"pad":"' + b"x" * 70_000 + b'"}',
                413,
                "at most 65536 bytes were wanted",
            ),
            ("/api/faults", b'{"all":true}', 400, "fault: a fault, as in a fleet file was wanted"),
            (
                "/api/faults",
                b'{"all":true,"fault":{"kind":"drop"}}',
                400,
                "probability: a number from",
            ),
            ("/api/faults", b'{"all":true,"fault":"drop"}', 400, "fault: an object with kind was wanted"),
            (
                "/api/condition",
                b'{"all":true,"condition":"fire","present":true}',
                400,
                "slot door, drop door",
            ),
            ("/api/bill", b'{"all":true,"bill":1.5}', 400, "bill: a whole number from 0 to 1000000"),
            ("/api/devices", b'{"count":100000}', 400, "count: a whole number from 1 to 1000"),
            ("/api/devices", b'{"group":""}', 400, "group: text of 1 to 128 characters was wanted"),
        ],
    )
    def test_each_gets_a_sentence(self, path: str, body: bytes, status: int, error: str) -> None:
        async def scenario() -> None:
            async with embedded() as broker, ruled(broker.uri) as floor:
                answer = await floor.client.post(path, content=body)
                told = answer.json()
                assert error.lower() in told["error"].lower()
                assert (answer.status_code, told["success"]) == (status, False)
                assert told["timestamp"].endswith("Z")
                assert (await floor.client.get("/api/power")).status_code == 405
                assert (await floor.client.get("/nowhere")).json()["success"] is False

        asyncio.run(scenario())


def test_the_document_names_every_operation_and_field() -> None:
    described = document()
    assert described["openapi"] == "3.1.0"
    for operation in OPERATIONS:
        told = described["paths"][operation.path][operation.method.lower()]
        assert told["summary"] == operation.summary
        if operation.method == "POST":
            named = set(told["requestBody"]["content"]["application/json"]["schema"]["properties"])
        else:
            named = {parameter["name"] for parameter in told.get("parameters", [])}
        assert named == set(operation.fields)
