"""A fleet against a real broker: what a CMS sees of it (contract, sections 2 to 4)."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest

from simulator.broker import create_broker
from simulator.device.device import Device
from simulator.device.transitions import State
from simulator.fleet.fleet import Fleet
from simulator.fleet.identities import identities
from simulator.fleet.plan import FleetPlan, Group
from simulator.fleet.state_dir import StateDir
from simulator.link.links import MqttLinks
from simulator.session.session import FAILED
from simulator.tests.floor import (
    DEADLINE_S,
    OTHER,
    RELAY,
    device,
    embedded,
    onlooker,
    running,
)
from wire.address import parse_address
from wire.commands import LOCK, RESTART
from wire.orders import Command, ConfigRequest, ConfigUpdate

NETWORKS = "networks: [{ssid: Casino_WiFi}, {ssid: Vault_WiFi, password: floor-wifi-1, channel: 6}]"
FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"
QUIET = "e831cd000001"
IMPATIENT = "    config: {mqtt: {mqttIdleTimeS: 1}}\n"


class TestOneDevice:
    def test_it_announces_itself_and_answers(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(device(), broker) as floor:
                await cms.heard(rly=RELAY, typ="NETWORK_CONNECTED")
                await cms.order(ConfigRequest("coms"))
                answer = await cms.heard(rly=RELAY, typ="cfg", comp="coms")
                assert answer["comsRateMs"] == 200
                assert floor.fleet.counts == {"online": 1}
                states = [facts["state"] for facts in floor.facts("state")]
                assert states == ["booting", "connecting", "online"]

        asyncio.run(scenario())

    @pytest.mark.parametrize("qos", [0, 1, 2])
    def test_a_good_network_is_confirmed_first_and_then_joined(self, qos: int) -> None:
        fleet = device(f"    config: {{mqtt: {{mqttQOS: {qos}}}}}\n", before=NETWORKS)

        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker) as floor:
                await cms.heard(rly=RELAY, typ="NETWORK_CONNECTED")
                update = {"netStaSSID": "Vault_WiFi", "netStaPwd": "floor-wifi-1", "netStaChan": 6}
                await cms.order(ConfigUpdate("net", update))
                await cms.heard(rly=RELAY, comp="net", netStaSSID="Vault_WiFi")
                confirmed = next(i for i, said in enumerate(cms.said) if said.get("comp") == "net")
                await cms.heard(after=confirmed, rly=RELAY, typ="NETWORK_CONNECTED")
                await cms.order(ConfigRequest("net"))
                await cms.heard(after=confirmed + 1, comp="net", netStaSSID="Vault_WiFi")
                joined = [facts["ssid"] for facts in floor.facts("connecting")]
                assert joined == ["Casino_WiFi", "Vault_WiFi"]
                assert floor.facts("disconnected") == [{"clean": True, "why": "new settings"}]
                assert not [said for said in cms.said if said["typ"] == "NETWORK_DISCONNECTED"]

        asyncio.run(scenario())

    @pytest.mark.parametrize(
        "update",
        [
            {"netStaSSID": "Nowhere"},
            {"netStaSSID": "Vault_WiFi", "netStaPwd": "floor-wifi-2", "netStaChan": 6},
            {"netStaSSID": "Vault_WiFi", "netStaPwd": "floor-wifi-1", "netStaChan": 7},
        ],
    )
    def test_from_a_network_that_does_not_work_it_comes_back(self, update: dict[str, Any]) -> None:
        async def scenario() -> None:
            fleet = device(IMPATIENT, before=NETWORKS)
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker) as floor:
                await cms.order(ConfigUpdate("net", update))
                await cms.heard(rly=RELAY, comp="net", **update)
                told = await cms.heard(rly=RELAY, typ="COMMUNICATION_ERROR")
                assert "fallback net" in told["pyd"]
                await cms.heard(rly=RELAY, comp="net", netStaSSID="Casino_WiFi")
                assert floor.facts("refused")
                assert floor.facts("connecting")[-1]["ssid"] == "Casino_WiFi"

        asyncio.run(scenario())

    def test_it_really_moves_to_the_broker_that_it_is_told(self) -> None:
        async def scenario() -> None:
            async with (
                embedded() as old,
                embedded() as new,
                onlooker(old) as left,
                onlooker(new) as joined,
                running(device(), old),
            ):
                await left.order(ConfigUpdate("mqtt", {"mqttURI": new.uri}))
                await left.heard(rly=RELAY, comp="mqtt", mqttURI=new.uri)
                await joined.heard(rly=RELAY, typ="NETWORK_CONNECTED")
                await joined.order(ConfigRequest("mqtt"))
                assert (await joined.heard(rly=RELAY, comp="mqtt"))["mqttURI"] == new.uri

        asyncio.run(scenario())

    def test_from_a_broker_that_is_not_there_it_comes_back(self) -> None:
        async def scenario() -> None:
            async with (
                embedded() as broker,
                onlooker(broker) as cms,
                running(device(IMPATIENT), broker) as floor,
            ):
                await cms.order(ConfigUpdate("mqtt", {"mqttURI": "mqtt://127.0.0.1:1"}))
                await cms.heard(rly=RELAY, comp="mqtt", mqttURI="mqtt://127.0.0.1:1")
                await cms.heard(rly=RELAY, typ="COMMUNICATION_ERROR")
                await cms.heard(rly=RELAY, comp="mqtt", mqttURI=broker.uri)
                assert {"why": "broker unreachable"} in floor.facts("refused")

        asyncio.run(scenario())

    def test_a_power_loss_is_told_by_the_broker_and_a_stop_is_not(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms:
                async with running(device(), broker) as floor:
                    floor.fleet[RELAY].power_off()
                    await cms.heard(rly=RELAY, typ="NETWORK_DISCONNECTED")
                    assert floor.fleet.counts == {"off": 1}
                    floor.fleet[RELAY].power_on()
                    await floor.all_online()
                    cms.said.clear()
                await cms.order(ConfigRequest("coms"))
                async with running(device(relay_id=OTHER), broker):
                    await cms.heard(rly=OTHER, typ="NETWORK_CONNECTED")
                assert not [said for said in cms.said if said["typ"] == "NETWORK_DISCONNECTED"]

        asyncio.run(scenario())

    def test_a_device_over_websocket_is_no_other(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms:
                assert broker.ws_uri
                async with running(device(), broker.ws_uri):
                    await cms.order(ConfigRequest("app"))
                    await cms.heard(rly=RELAY, comp="app")

        asyncio.run(scenario())


class TestFaults:
    def test_a_silent_device_applies_and_says_nothing(self) -> None:
        async def scenario() -> None:
            fleet = device("    faults: [{kind: silent}]\n")
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker) as floor:
                await cms.heard(typ="NETWORK_CONNECTED")
                await cms.order(ConfigUpdate("coms", {"comsMode": 2}))
                await cms.order(Command(RESTART, None))
                await cms.heard(after=len(cms.said), typ="NETWORK_CONNECTED")
                assert floor.fleet[RELAY].device.memory.values("coms")["comsMode"] == 2
                assert {said["typ"] for said in cms.said} == {"NETWORK_CONNECTED"}

        asyncio.run(scenario())

    def test_a_slow_device_answers_later_and_in_order(self) -> None:
        async def scenario() -> None:
            fleet = device("    faults: [{kind: slow, ms: 300}]\n")
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker):
                began = time.monotonic()
                for name in ("mqtt", "net", "coms"):
                    await cms.order(ConfigRequest(name))
                await cms.heard(comp="coms")
                assert time.monotonic() - began >= 0.3
                assert [said["comp"] for said in cms.said if said["typ"] == "cfg"] == ["mqtt", "net", "coms"]

        asyncio.run(scenario())

    def test_chance_takes_the_same_course_for_the_same_seed(self) -> None:
        async def course(seed: int) -> list[bool]:
            fleet = device("    faults: [{kind: drop, probability: 0.5}]\n", before=f"seed: {seed}")
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker) as floor:
                for number in range(40):
                    await cms.order(ConfigUpdate("coms", {"comsGPC": number}))
                await cms.order(ConfigUpdate("mqtt", {"mqttIdleTimeS": 60}))
                await floor.until(lambda: len(floor.facts("disconnected")) == 1)
            sent = {json.loads(facts["payload"]).get("comsGPC") for facts in floor.facts("sent")}
            return [number in sent for number in range(40)]

        first, again, other = (asyncio.run(course(seed)) for seed in (1, 1, 2))
        assert first == again != other
        assert 5 < sum(first) < 35

    def test_one_device_s_defect_touches_no_other(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        sound = Device.receive

        def receive(self: Device, topic: str, payload: bytes, now_ms: int) -> list[Any]:
            if self.relay_id == RELAY:
                raise RuntimeError("a defect")
            return list(sound(self, topic, payload, now_ms))

        monkeypatch.setattr(Device, "receive", receive)

        async def scenario() -> None:
            fleet = f"groups: [{{name: g, relays: [{RELAY}, {OTHER}]}}]"
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker) as floor:
                await cms.order(ConfigRequest("coms"), RELAY)
                await floor.until(lambda: floor.fleet.counts.get(FAILED) == 1)
                await cms.heard(rly=RELAY, typ="NETWORK_DISCONNECTED")
                await cms.order(ConfigRequest("coms"), OTHER)
                await cms.heard(rly=OTHER, comp="coms")
                assert floor.facts("failed") == [{"why": "RuntimeError: a defect"}]
                assert floor.fleet.counts == {"failed": 1, "online": 1}

        asyncio.run(scenario())
        assert f"! {RELAY} state=failed" in caplog.text

    def test_a_hook_that_raises_disturbs_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        def hook(*_: object) -> None:
            raise RuntimeError("a view that stumbles")

        async def scenario() -> None:
            async with embedded() as broker:
                plan = FleetPlan((Group("g", 3),))
                fleet = Fleet(plan, MqttLinks(), broker=parse_address(broker.uri), on_event=hook)
                await fleet.start()
                async with asyncio.timeout(DEADLINE_S):
                    await fleet.settled()
                assert fleet.online == 3
                await fleet.stop()

        asyncio.run(scenario())
        assert "on_event=failed" in caplog.text


class TestState:
    def test_what_was_applied_survives_the_process(self, tmp_path: Path) -> None:
        async def first() -> None:
            with StateDir(tmp_path) as state:
                async with (
                    embedded() as broker,
                    onlooker(broker) as cms,
                    running(device(), broker, state=state),
                ):
                    await cms.order(ConfigUpdate("coms", {"comsMode": 2}))
                    await cms.order(Command(LOCK, None))
                    await cms.heard(typ="MACHINE_LOCKED")

        async def second() -> None:
            with StateDir(tmp_path) as state:
                async with (
                    embedded() as broker,
                    onlooker(broker) as cms,
                    running(device(), broker, state=state) as floor,
                ):
                    await cms.order(ConfigRequest("coms"))
                    assert (await cms.heard(comp="coms"))["comsMode"] == 2
                    assert floor.fleet[RELAY].device.locked

        asyncio.run(first())
        asyncio.run(second())

    @pytest.mark.parametrize("data", [b"{", b'{"config": {"coms": {"comsMode": 9}}}', b'{"who": 1}'])
    def test_a_damaged_memory_is_told_and_factory_values_take_its_place(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes
    ) -> None:
        async def scenario() -> None:
            with StateDir(tmp_path) as state:
                state.file(RELAY).write_bytes(data)
                async with embedded() as broker, running(device(), broker, state=state) as floor:
                    assert floor.fleet[RELAY].device.memory.values("coms")["comsMode"] == 0

        with caplog.at_level(logging.WARNING):
            asyncio.run(scenario())
        assert f"! {RELAY} nvs=damaged file={tmp_path / f'{RELAY}.json'}" in caplog.text
        assert "use=factory-values" in caplog.text


class TestManyDevices:
    def test_the_mixed_floor_of_the_fixtures_comes_up_whole(self) -> None:
        text = (FLEETS / "mixed.yaml").read_text()

        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(text, broker) as floor:
                assert floor.fleet.online == 23
                for session in floor.fleet:
                    await cms.order(ConfigRequest("net"), session.device.relay_id)
                for session in floor.fleet:
                    identity = floor.fleet.identity(session.device.relay_id)
                    if identity.cabinet_id.startswith(("slots", "vault", "old-boards", "sluggish")):
                        await cms.heard(rly=identity.relay_id, typ="cfg", comp="net")
                assert not [said for said in cms.said if (said["rly"], said["typ"]) == (QUIET, "cfg")]

        asyncio.run(scenario())

    def test_200_come_up_and_the_same_ones_for_the_same_seed(self) -> None:
        plan = FleetPlan((Group("a", 120), Group("b", 80)), seed=7)

        async def scenario() -> None:
            async with embedded() as broker:
                fleet = Fleet(plan, MqttLinks(), broker=parse_address(broker.uri))
                await fleet.start()
                assert sum(fleet.counts.values()) == len(fleet) == 200
                async with asyncio.timeout(DEADLINE_S):
                    await fleet.until(lambda: fleet.online == 200)
                assert [session.device.relay_id for session in fleet] == [
                    identity.relay_id for _, identity in identities(plan)
                ]
                began = time.monotonic()
                await fleet.stop()
                assert time.monotonic() - began < 8

        asyncio.run(scenario())

    def test_after_a_broker_s_restart_everyone_is_back_and_subscribed(self) -> None:
        relays = [f"e831cd{number:06x}" for number in range(50)]
        text = f"groups: [{{name: g, relays: {relays}}}]"

        async def scenario() -> None:
            async with create_broker("amqtt", ws_port=None) as broker, running(text, broker) as floor:
                await broker.stop()
                await floor.until(lambda: floor.fleet.online == 0)
                assert floor.fleet.counts.get("failed") is None
                async with create_broker("amqtt", mqtt_port=broker.mqtt_port) as again:
                    await floor.all_online()
                    async with onlooker(again) as cms:
                        for relay in relays:
                            await cms.order(ConfigRequest("coms"), relay)
                        for relay in relays:
                            await cms.heard(rly=relay, comp="coms")

        asyncio.run(scenario())

    def test_where_no_broker_is_the_fleet_settles_and_keeps_trying(self) -> None:
        async def scenario() -> None:
            plan = FleetPlan((Group("g", 30),))
            fleet = Fleet(plan, MqttLinks(), broker=parse_address("mqtt://127.0.0.1:1"))
            await fleet.start()
            async with asyncio.timeout(DEADLINE_S):
                await fleet.settled()
                assert fleet.counts == {State.WAITING.value: 30}
                await fleet.until(lambda: fleet.totals["refused"] > 60)
            await fleet.stop()

        asyncio.run(scenario())
