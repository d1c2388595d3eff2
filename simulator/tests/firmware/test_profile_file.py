"""Firmware profiles: what they may say, and that everything wrong with them is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.device.device import BOOT_MS
from simulator.device.memory import Factory
from simulator.errors import FleetFileError, FleetPlanError
from simulator.firmware.profile import Profile
from simulator.firmware.profile_file import SHIPPED, load_profile, parse_profile

FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"


def problems(text: str) -> list[str]:
    with pytest.raises(FleetFileError) as caught:
        parse_profile("p.yaml", text.encode())
    return str(caught.value).splitlines()


def test_a_profile_says_what_its_boards_are_like() -> None:
    profile = parse_profile(
        "old.yaml",
        b"""
about: old boards
firmware: {firmware: smib, version: 1.10}
config: {coms: {comsMode: 1}}
lacks: {coms: [comsGPC], mqtt: [mqttUsername, mqttPassword]}
timing: {boot_ms: 4000}
clock: false
quirks: [{kind: slow, ms: 250}]
""",
    )
    assert profile == Profile(
        name="old",
        config={"coms": {"comsMode": 1}, "app": {"firmware": "smib", "version": "1.10"}},
        lacks={"coms": frozenset({"comsGPC"}), "mqtt": frozenset({"mqttUsername", "mqttPassword"})},
        boot_ms=4000,
        clock=False,
        quirks=({"kind": "slow", "ms": 250},),
    )


def test_what_it_does_not_say_is_as_the_contract_has_it() -> None:
    assert parse_profile("p.yaml", b"{}") == Profile("p")
    assert Profile("p").boot_ms == BOOT_MS


def test_everything_that_is_wrong_is_told_at_once_with_its_line() -> None:
    assert problems(
        """colour: red
firmware: {name: x}
config: {app: {version: 2}, coms: {comsMode: 3}}
lacks:
  coms: [comsMood, 3]
  wifi: []
timing: {boot_ms: -1}
clock: maybe
quirks: [{kind: slow}]
"""
    ) == [
        "p.yaml:1: colour: unknown; about, firmware, config, lacks, timing, clock, quirks can be set",
        "p.yaml:2: firmware.name: unknown; firmware, version can be set",
        "p.yaml:3: config.app: unknown; mqtt, net, coms, ota can be set",
        "p.yaml:3: config.coms.comsMode: a whole number from 0 to 2 was wanted, not 3",
        "p.yaml:5: lacks.coms[0]: one of comsMode, comsAddr, comsRateMs, comsRTE, comsGPC was wanted, "
        "not 'comsMood'",
        "p.yaml:5: lacks.coms[1]: one of comsMode, comsAddr, comsRateMs, comsRTE, comsGPC was wanted, not 3",
        "p.yaml:6: lacks.wifi: unknown; mqtt, net, coms, ota, app can be set",
        "p.yaml:7: timing.boot_ms: a whole number from 0 to 600000 was wanted, not -1",
        "p.yaml:8: clock: true or false was wanted, not 'maybe'",
        "p.yaml:9: quirks[0].ms: a whole number of milliseconds from 0 to 600000 was wanted, not nothing",
    ]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_fixture_is_a_profile_that_boards_can_be_made_by(path: Path) -> None:
    profile = load_profile(path.stem, FLEETS)
    assert profile == load_profile(f"../profiles/{path.name}", FLEETS) == load_profile(str(path), Path("/"))
    assert Factory(profile.config, profile.lacks).values("app")["version"] == profile.name.removeprefix(
        "smib-"
    )


def test_a_name_is_looked_for_next_to_the_fleet_file_first(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "smib-1.0.0.yaml").write_text("clock: false")
    (tmp_path / "fleets").mkdir()
    assert load_profile("smib-1.0.0", tmp_path / "fleets") == Profile("smib-1.0.0", clock=False)
    assert load_profile("smib-2.0.0", tmp_path / "fleets").boot_ms == 200


@pytest.mark.parametrize("name", ["smib-7", "../x", ""])
def test_a_name_that_no_profile_has_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(FleetPlanError, match=r"path of a \.yaml file was wanted"):
        load_profile(name, FLEETS)
    with pytest.raises(FleetFileError, match=r"nowhere\.yaml: file: No such file"):
        load_profile("nowhere.yaml", FLEETS)
