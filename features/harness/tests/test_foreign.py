"""What a foreign subject is told in the place of ours."""

from __future__ import annotations

from pathlib import Path

from features.harness.floor import cabinets_file, fleet_file, new_floor
from features.harness.foreign import cms_env, fleet_env


def test_a_cms_is_told_of_broker_port_and_cabinets(tmp_path: Path) -> None:
    floor = new_floor(played=2, devices=0, restless=0, silent=0)
    ours = {
        "MQTT_URI": "mqtt://127.0.0.1:1",
        "CMS_CABINETS": str(cabinets_file(tmp_path / "cabinets.yaml", floor.cabinets)),
        "CMS_DATABASE": str(tmp_path / "cms.sqlite3"),
    }
    told = cms_env(("cms", "--port", "0"), ours)
    assert told["CABINETS"] == "played-1=e831cd000001,played-2=e831cd000002"
    assert (told["MQTT_URI"], told["PORT"], told["HOST"]) == ("mqtt://127.0.0.1:1", "0", "127.0.0.1")


def test_a_fleet_is_told_of_relays_idle_times_and_networks_and_lacks_the_silent(tmp_path: Path) -> None:
    floor = new_floor(played=0, devices=1, restless=1, silent=1)
    description = fleet_file(tmp_path / "fleet.yaml", floor)
    argv = ("fleet", "--fleet", str(description), "--state", "nvs", "--broker", "mqtt://127.0.0.1:1")
    told = fleet_env(argv, {})
    assert told["RELAY"] == "e831cd000001=3600,e831cd000002=1"
    assert told["NETWORKS"].split(",")[2] == "New_WiFi:password123:1"
