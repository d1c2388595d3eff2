"""Faults of lines and of power against a real broker, set by file, by schedule and by hand."""

from __future__ import annotations

import asyncio

import pytest

from simulator.broker import create_broker
from simulator.broker.broker import Credentials
from simulator.errors import FaultSpecError, FleetPlanError
from simulator.fleet.plan import Group
from simulator.fleet.schedule import Power
from simulator.fleet.who import EVERYBODY, Who, one
from simulator.tests.floor import OTHER, RELAY, device, embedded, onlooker, running
from wire.orders import ConfigRequest

TWO = f"groups: [{{name: g, relays: [{RELAY}, {OTHER}]}}]"
WHO = one(RELAY)


class TestLine:
    def test_a_flapping_connection_breaks_with_a_will_and_comes_back(self) -> None:
        async def scenario() -> None:
            fleet = device("    faults: [{kind: flapping, up_ms: 200, down_ms: 100}]\n")
            async with embedded() as broker, onlooker(broker) as cms, running(fleet, broker) as floor:
                await floor.times("lost", 2)
                await cms.heard(rly=RELAY, typ="NETWORK_DISCONNECTED")
                floor.fleet.switchboard.relieve(EVERYBODY)
                await floor.all_online()
                await cms.order(ConfigRequest("coms"))
                await cms.heard(rly=RELAY, comp="coms")

        asyncio.run(scenario())

    def test_down_means_that_no_attempt_gets_through(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, running(device(), broker) as floor:
                spec = {"kind": "flapping", "up_ms": 1, "down_ms": 600_000}
                floor.fleet.switchboard.afflict(WHO, spec)
                await floor.times("refused", 2)
                assert {"why": "broker unreachable"} in floor.facts("refused")
                floor.fleet.switchboard.relieve(WHO, "flapping")
                await floor.all_online()

        asyncio.run(scenario())

    def test_a_half_open_connection_stands_and_nothing_passes(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(TWO, broker) as floor:
                await cms.heard(rly=RELAY, typ="NETWORK_CONNECTED")
                session = floor.fleet[RELAY]
                floor.fleet.switchboard.afflict(WHO, {"kind": "half-open", "after_ms": 1})
                mute = 0
                while not mute or any(said["rly"] == RELAY for said in cms.said[mute:]):
                    mute = len(cms.said)
                    await cms.order(ConfigRequest("coms"), RELAY)
                    await cms.order(ConfigRequest("coms"), OTHER)
                    await cms.heard(after=mute, rly=OTHER, comp="coms")
                assert session.state == "online"
                assert not [s for s in cms.said if s["typ"] == "NETWORK_DISCONNECTED"]
                after = len(cms.said)
                floor.fleet.switchboard.relieve(WHO)
                await cms.heard(after=after, rly=RELAY, comp="coms")

        asyncio.run(scenario())

    def test_a_frozen_connection_is_lost_when_its_keepalive_is_over(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("simulator.link.connection.FROZEN_KEEPALIVES", 0)

        async def scenario() -> None:
            async with embedded() as broker, running(device(), broker) as floor:
                floor.fleet.switchboard.afflict(WHO, {"kind": "half-open"})
                await floor.times("lost", 1)

        asyncio.run(scenario())

    def test_two_with_one_client_id_throw_each_other_out(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, running(TWO, broker) as floor:
                spec = {"kind": "client-id-clash", "client_id": f"smib-{OTHER}"}
                floor.fleet.switchboard.afflict(WHO, spec)
                await floor.times("lost", 2, OTHER)
                await floor.times("lost", 2)
                floor.fleet.switchboard.relieve(WHO)
                await floor.all_online()

        asyncio.run(scenario())

    def test_bad_credentials_are_refused_even_where_anybody_gets_in(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(device(), broker) as floor:
                floor.fleet.switchboard.afflict(WHO, {"kind": "bad-credentials"})
                await floor.times("refused", 2)
                assert {f["why"] for f in floor.facts("refused")} == {"broker refused"}
                assert len([s for s in cms.said if s["typ"] == "NETWORK_CONNECTED"]) == 1
                floor.fleet.switchboard.relieve(WHO)
                await floor.all_online()

        asyncio.run(scenario())

    def test_bad_credentials_are_really_sent(self) -> None:
        credentials = Credentials("floor", "floor-password-1")

        async def scenario() -> None:
            async with create_broker("amqtt", ws_port=None, credentials=credentials) as broker:
                uri = f"mqtt://floor:floor-password-1@127.0.0.1:{broker.mqtt_port}"
                async with running(device(), uri) as floor:
                    floor.fleet.switchboard.afflict(WHO, {"kind": "bad-credentials"})
                    await floor.times("refused", 1)
                    floor.fleet.switchboard.relieve(WHO)
                    await floor.all_online()

        asyncio.run(scenario())


class TestPower:
    def test_a_reboot_loop_reboots_until_it_is_cleared(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(device(), broker) as floor:
                floor.fleet.switchboard.afflict(WHO, {"kind": "reboot-loop", "every_ms": 300})
                await floor.times("disconnected", 1)
                await cms.heard(rly=RELAY, typ="NETWORK_DISCONNECTED")
                floor.fleet.switchboard.relieve(WHO)
                await floor.all_online()

        asyncio.run(scenario())

    def test_a_storm_is_heard_and_ends_by_itself(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(TWO, broker) as floor:
                reached = floor.fleet.switchboard.afflict(
                    Who(group="g"), {"kind": "storm", "per_s": 200}, "noise", for_ms=500
                )
                assert reached == [RELAY, OTHER]
                assert floor.fleet[RELAY].faults == {"noise": {"kind": "storm", "per_s": 200}}
                await cms.heard(rly=RELAY, typ="SYSTEM_ERROR", pyd="storm")
                await floor.told(lambda: not floor.fleet[RELAY].faults and not floor.fleet[OTHER].faults)

        asyncio.run(scenario())

    def test_a_location_loses_its_power_by_the_schedule_and_gets_it_back(self) -> None:
        text = f"""
groups:
  - {{name: a, relays: [{RELAY}], location: Annex}}
  - {{name: b, relays: [{OTHER}]}}
schedule:
  - {{at: 700ms, for: 300ms, location: Annex, power: off}}
  - {{at: 700ms, group: b, fault: {{kind: slow, ms: 1}}}}
"""

        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(text, broker) as floor:
                await floor.until(lambda: floor.fleet.counts.get("off") == 1)
                await cms.heard(rly=RELAY, typ="NETWORK_DISCONNECTED")
                await floor.all_online()
                assert not floor.facts("disconnected", OTHER)
                assert set(floor.fleet[OTHER].faults) == {"slow"}
                assert not floor.fleet[RELAY].faults

        asyncio.run(scenario())

    def test_power_that_was_off_already_stays_off(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, running(TWO, broker) as floor:
                board = floor.fleet.switchboard
                assert board.power(WHO, Power.OFF) == [RELAY]
                assert board.power(EVERYBODY, Power.OFF, for_ms=1) == [OTHER]
                await floor.until(lambda: floor.fleet.online == 1)
                assert floor.fleet[RELAY].state == "off"
                assert board.power(EVERYBODY, Power.ON) == [RELAY]
                await floor.all_online()

        asyncio.run(scenario())

    def test_devices_arrive_one_after_the_other(self) -> None:
        async def scenario() -> None:
            text = "arrival: 900ms\ngroups: [{name: g, count: 3}]"
            async with embedded() as broker, running(text, broker, wait=False) as floor:
                assert floor.fleet.counts == {"booting": 1, "off": 2}
                await floor.all_online()

        asyncio.run(scenario())


class TestByHand:
    def test_what_comes_while_it_is_paused_is_answered_afterwards(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(TWO, broker) as floor:
                board = floor.fleet.switchboard
                assert board.pause(WHO) == [RELAY]
                assert board.pause(EVERYBODY) == [OTHER]
                assert board.resume(one(OTHER)) == [OTHER]
                await cms.order(ConfigRequest("coms"), RELAY)
                await floor.times("received", 1)
                await cms.order(ConfigRequest("coms"), OTHER)
                await cms.heard(rly=OTHER, comp="coms")
                assert not [s for s in cms.said if (s["rly"], s["typ"]) == (RELAY, "cfg")]
                assert board.resume(EVERYBODY) == [RELAY]
                await cms.heard(rly=RELAY, comp="coms")

        asyncio.run(scenario())

    def test_devices_come_and_go(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, onlooker(broker) as cms, running(device(), broker) as floor:
                fleet = floor.fleet
                group = Group("annex", 0, location="Annex", faults=({"kind": "slow", "ms": 1},))
                relay_id = fleet.add(group).device.relay_id
                await floor.all_online()
                assert len(fleet) == 2
                assert fleet.identity(relay_id).cabinet_id == "annex-1"
                assert set(fleet[relay_id].faults) == {"annex-1"}
                assert fleet.select(Who(location="Annex")) == [fleet[relay_id]]
                with pytest.raises(FleetPlanError, match=f"no device has was wanted, not {RELAY}"):
                    fleet.add(group, RELAY)
                await fleet.remove(relay_id)
                assert dict(fleet.counts) == {"online": 1}
                assert relay_id not in fleet
                assert fleet.select(one(relay_id)) == []
                await cms.order(ConfigRequest("coms"))
                await cms.heard(rly=RELAY, comp="coms")
                assert not [s for s in cms.said if s["typ"] == "NETWORK_DISCONNECTED"]

        asyncio.run(scenario())

    def test_a_share_of_the_floor_has_it_and_the_same_share_for_the_same_seed(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker:
                text = "groups: [{name: g, count: 60, faults: [{kind: silent, share: 0.3}]}]"
                async with running(text, broker) as floor:
                    sick = [s.device.relay_id for s in floor.fleet if s.faults]
                async with running(text, broker, wait=False) as again:
                    assert sick == [s.device.relay_id for s in again.fleet if s.faults]
                assert 8 <= len(sick) <= 30

        asyncio.run(scenario())

    def test_what_can_t_be_made_is_refused(self) -> None:
        async def scenario() -> None:
            async with embedded() as broker, running(device(), broker) as floor:
                with pytest.raises(FaultSpecError, match="every_ms"):
                    floor.fleet.switchboard.afflict(WHO, {"kind": "reboot-loop"})
                assert not floor.fleet[RELAY].faults

        asyncio.run(scenario())
