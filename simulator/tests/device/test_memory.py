"""The NVS of a board, and what of it is stored."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from simulator.device.device import Device
from simulator.device.dice import SmallDice
from simulator.device.installation import Installation, Phase
from simulator.device.memory import Factory, Memory
from simulator.device.play import Play
from simulator.errors import DamagedMemory
from wire.components import COMPONENTS
from wire.errors import ConfigError

FACTORY = Factory({"app": {"version": "1.2.3"}})


def test_only_what_differs_from_the_factory_is_held() -> None:
    memory = Memory(FACTORY)
    memory.update("coms", {**COMPONENTS["coms"].defaults(), "comsMode": 2})
    assert memory.to_dict() == {"locked": False, "config": {"coms": {"comsMode": 2}}}
    assert memory.update("coms", {"comsMode": 0}) is True
    assert memory.to_dict() == {"locked": False, "config": {}}


def test_boards_of_a_group_do_not_see_each_others_changes() -> None:
    one, other = Memory(FACTORY), Memory(FACTORY)
    one.update("net", {"netStaSSID": "One"})
    one.values("net")["netStaSSID"] = "Else"
    assert one.values("net")["netStaSSID"] == "One"
    assert other.values("net") == FACTORY.values("net") == COMPONENTS["net"].defaults()


def test_what_is_saved_does_not_change_later() -> None:
    memory = Memory(FACTORY)
    memory.update("net", {"netStaSSID": "One"})
    saved = memory.to_dict()
    memory.update("net", {"netStaSSID": "Two"})
    memory.fall_back()
    assert saved == {"locked": False, "config": {"net": {"netStaSSID": "One"}}, "working": {}}


def test_a_refused_update_names_every_field_and_changes_nothing() -> None:
    memory = Memory(FACTORY)
    with pytest.raises(ConfigError) as refused:
        memory.update("net", {"netStaSSID": "", "netStaChan": 99, "netMode": 1})
    assert [problem.field for problem in refused.value.problems] == ["net.netStaSSID", "net.netStaChan"]
    assert memory.to_dict() == Memory(FACTORY).to_dict()
    assert not memory.on_trial


def test_the_first_of_several_updates_sets_what_to_fall_back_to() -> None:
    memory = Memory(FACTORY)
    memory.update("net", {"netStaSSID": "One"})
    memory.keep()
    memory.update("net", {"netStaSSID": "Two"})
    memory.update("net", {"netStaSSID": "Three"})
    memory.update("coms", {"comsMode": 1})
    assert memory.fall_back() == ("net",)
    assert memory.values("net")["netStaSSID"] == "One"
    assert memory.values("coms")["comsMode"] == 1
    assert memory.fall_back() == ()


def test_what_was_stored_as_json_comes_back_whole() -> None:
    memory = Memory(FACTORY)
    memory.update("coms", {"comsMode": 1})
    memory.update("mqtt", {"mqttPassword": "floor-pass", "mqttQOS": 1})
    memory.locked = True
    memory.count("0600", 7)
    memory.cabinet.conditions = 5
    memory.installation = Installation("wifi.bin", Phase.LOADING, "1.0.0")
    again = Memory.from_dict(FACTORY, json.loads(json.dumps(memory.to_dict())))
    assert again.to_dict() == memory.to_dict()
    assert again.on_trial
    assert again.locked
    assert again.meter("0500") == 7
    assert all(again.values(name) == memory.values(name) for name in COMPONENTS)


@pytest.mark.parametrize(
    ("stored", "part"),
    [
        ({"locked": 1}, "locked"),
        ({"config": []}, "config"),
        ({"config": {"wifi": {}}}, "config.wifi"),
        ({"config": {"net": 3}}, "config"),
        ({"config": {"net": {"netStaChan": 15}}}, "config.net"),
        ({"config": {"net": {"netStaPwd": "hidd\n"}}}, "config.net"),
        ({"working": {"coms": {}}}, "working.coms"),
        ({"meters": {"FFFF": 1}}, "meters"),
        ({"meters": {"0600": -1}}, "meters"),
        ({"meters": {"0000": 5}}, "meters"),
        ({"meters": {"0600": 10**16}}, "meters"),
        ({"meters": 7}, "meters"),
        ({"cabinet": {"conditions": ["slot door"]}}, "cabinet"),
        ({"cabinet": {"conditions": ["fire"], "told": [], "stacked": 0}}, "cabinet.conditions"),
        ({"cabinet": {"conditions": [], "told": 4, "stacked": 0}}, "cabinet.told"),
        ({"cabinet": {"conditions": [], "told": [], "stacked": -1}}, "cabinet.stacked"),
        ({"update": []}, "update"),
        ({"update": {"binary": "a", "phase": "done", "before": "1", "why": ""}}, "update.phase"),
        ({"update": {"binary": 4, "phase": "failed", "before": "1", "why": ""}}, "update"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_damaged_storage_is_refused_by_part_and_shows_no_secret(stored: dict[str, Any], part: str) -> None:
    with pytest.raises(DamagedMemory) as damaged:
        Memory.from_dict(FACTORY, stored)
    assert damaged.value.part == part
    assert "hidd" not in str(damaged.value)


def test_a_version_is_another_one_after_every_change_and_only_then() -> None:
    memory = Memory(FACTORY)
    versions = [memory.version]
    memory.update("mqtt", {"mqttQOS": 0})
    memory.count("0600", 1)
    assert memory.version is versions[0]
    memory.update("mqtt", {"mqttQOS": 1})
    versions.append(memory.version)
    memory.update("mqtt", {"mqttPubTopic": "a/"})
    versions.append(memory.version)
    memory.keep()
    assert memory.version is versions[-1]
    memory.update("net", {"netStaChan": 3})
    versions.append(memory.version)
    memory.fall_back()
    versions.append(memory.version)
    assert len({id(version) for version in versions}) == len(versions)
    assert memory.value("mqtt", "mqttPubTopic") == "a/"
    assert memory.value("mqtt", "mqttSecure") == 0


def test_a_board_is_small() -> None:
    relay_ids = [f"e831cd{number:06x}" for number in range(1_000)]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        devices = [Device(relay_id, Memory(FACTORY)) for relay_id in relay_ids]
        for device in devices:
            device.memory.update("coms", {"comsMode": 1})
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / len(devices) < 2_048


def test_a_board_that_is_played_is_small_too() -> None:
    play = Play(games_per_minute=600, reject=0, jam=0)
    relay_ids = [f"e831cd{number:06x}" for number in range(500)]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        devices = [
            Device(relay_id, Memory(FACTORY), play=play, dice=SmallDice(number))
            for number, relay_id in enumerate(relay_ids)
        ]
        for device in devices:
            device.power_on(0)
            device.elapsed(500)
            device.link_up(500)
            device.elapsed(2_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert all(device.memory.meter("0500") for device in devices)
    assert (after - before) / len(devices) < 2_048
