"""What the CMS of the pair decides, without a connection and without HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from features.pair.cms import Cms
from features.pair.errors import Refused, SettingError
from features.pair.payload import written
from features.pair.settings import settings_of

RELAY, OTHER = "e831cdfa8384", "e831cdfa8464"


def cms(**env: str) -> Cms:
    return Cms(settings_of({"CABINETS": f"cab-1={RELAY},cab-2={OTHER}", **env}))


@pytest.mark.parametrize(
    ("topic", "fields", "sender"),
    [
        ("smib/config", {"rly": RELAY}, RELAY),
        ("smib/config", {"rly": RELAY.upper()}, RELAY),
        ("smib/config", {"rly": "Slot_17"}, "Slot_17"),
        ("smib/config", {}, None),
        ("smib/config", {"rly": 7}, None),
        ("smib/config", {"rly": ""}, None),
        (f"sas/gli/server/{RELAY}", {}, RELAY),
        (f"sas/gli/server/{RELAY}", {"rly": OTHER}, None),
        (f"sas/gli/server/{RELAY}", {"rly": None}, None),
    ],
)
def test_who_sent_a_report(topic: str, fields: dict[str, Any], sender: str | None) -> None:
    assert cms().sender(topic, fields) == sender


def test_a_report_reaches_each_reader_of_its_relay() -> None:
    one = cms()
    first, second, other = one.join(RELAY), one.join(RELAY), one.join(OTHER)
    one.heard("smib/config", written({"rly": RELAY, "typ": "cfg", "comp": "net"}))
    one.heard("smib/config", b"\xff")
    one.leave(first)
    one.heard("sas/server", written({"rly": RELAY, "typ": "GAME_PLAYED"}))
    assert [len(reader.pending) for reader in (first, second, other)] == [1, 2, 0]
    assert "component" not in second.pending[1]
    one.leave(second)
    assert RELAY not in one.readers


def test_a_full_queue_drops_its_oldest_and_tells() -> None:
    async def told() -> list[dict[str, Any]]:
        one = cms()
        reader = one.join(RELAY)
        for number in range(1002):
            reader.put({"number": number})
        return [await reader.next(), await reader.next()]

    assert asyncio.run(told()) == [{"type": "dropped", "relayId": RELAY, "count": 2}, {"number": 2}]


def test_with_the_broker_away_the_newest_values_wait_and_survive(tmp_path: Path) -> None:
    one = cms(STATE=str(tmp_path / "state.json"))
    cabinet = one.store.cabinets["cab-1"]
    for values in ({"comsMode": 1, "comsAddr": 9}, {"comsMode": 2}):
        answer = asyncio.run(one.save(cabinet, {"smibConfig": {"coms": values}}))
        assert (answer["mqttSent"], answer["queued"]) == (False, True)
    again = cms(STATE=str(tmp_path / "state.json"))
    assert [order.values for order in again.store.waiting] == [{"comsMode": 2, "comsAddr": 9}]
    assert again.store.cabinets["cab-1"].configuration == {"coms": {"comsMode": 2, "comsAddr": 9}}


def test_no_password_is_shown_and_none_is_lost() -> None:
    one = cms()
    cabinet = one.store.cabinets["cab-1"]
    secrets = {"mqtt": {"mqttURI": "mqtt://floor:hidden@mq:1883"}, "net": {"netStaPwd": "password123"}}
    asyncio.run(one.save(cabinet, {"smibConfig": secrets}))
    shown = one.read(cabinet)["data"]["smibConfig"]
    assert "hidden" not in str(shown)
    assert "password123" not in str(shown) + str(one.form(cabinet))
    asyncio.run(one.save(cabinet, {"smibConfig": shown}))
    assert cabinet.configuration == secrets


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "smibConfig"),
        ({"smibConfig": {"wifi": {}}}, "wifi"),
        ({"smibConfig": {"coms": {"comsMode": 7}}}, "comsMode"),
        ({"machineControl": "EXPLODE"}, "machineControl"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_bad_order_is_refused_by_name_and_stores_nothing(body: dict[str, Any], named: str) -> None:
    one = cms()
    cabinet = one.store.cabinets["cab-1"]
    with pytest.raises(Refused, match=named):
        asyncio.run(one.save(cabinet, body))
    assert cabinet.configuration == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MQTT_URI", "gopher://nowhere"),
        ("MQTT_URI", "mqtt://host:99999"),
        ("MQTT_PUB_TOPIC", "sas/#"),
        ("PORT", "many"),
        ("CABINETS", "cab-1"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        settings_of({name: value})


def test_the_test_endpoint_is_off_beyond_loopback() -> None:
    one = cms(HOST="0.0.0.0")
    with pytest.raises(Refused, match="off"):
        asyncio.run(one.probe({"action": "connect"}))
