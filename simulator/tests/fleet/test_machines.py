"""Machines that are played and firmware that is loaded, over a real broker and a real HTTP server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator.device.image import firmware_image
from simulator.device.play import Play
from simulator.errors import FleetFileError
from simulator.fleet.state_dir import StateDir
from simulator.fleet_file.fleet_file import load_plan, parse_plan
from simulator.tests.floor import RELAY, Onlooker, device, embedded, onlooker, running
from simulator.tests.session.test_download import Server, answer, serving
from wire import sas
from wire.commands import LOCK
from wire.orders import Command, ConfigRequest, FirmwareOrder, LongPoll
from wire.sas import MeterPoll

FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"
ORDER = FirmwareOrder("wifi.bin")
BUSY = "    play: {games_per_minute: 600, reject: 0, jam: 0, tilt: 0}\n"


def served(server: Server) -> str:
    """A fleet file with one device that loads its firmware from this server."""
    return device(f"    config: {{ota: {{otaURL: '{server.url('/')}'}}}}\n")


async def version(floor: Onlooker) -> str:
    after = len(floor.said)
    await floor.order(ConfigRequest("app"))
    return str((await floor.heard(after, comp="app"))["version"])


def test_a_new_version_is_loaded_installed_and_kept(tmp_path: Path) -> None:
    async def run() -> None:
        state = StateDir(tmp_path / "state")
        image = answer(firmware_image("smib", "1.1.0", 1_000_000))
        async with embedded() as broker, onlooker(broker) as floor, serving(image) as server:
            with state:
                async with running(served(server), broker, state=state):
                    await floor.order(ORDER)
                    await floor.heard(typ="MACHINE_RESTART")
                    await floor.heard(typ="OTA_COMPLETE", pyd="1.1.0")
                    told = [int(said["pyd"]) for said in floor.said if said["typ"] == "OTA_PROGRESS"]
                    assert told == sorted(set(told))
                    assert (told[0], told[-1]) == (0, 100)
                    assert len(told) > 4
                    assert await version(floor) == "1.1.0"
            with state:
                async with running(served(server), broker, state=state):
                    assert await version(floor) == "1.1.0"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (answer(b"", status="404 Not Found"), "not found (404)"),
        (answer(firmware_image("smib", "1.1.0", 9_000)[:5_000], length=9_000), "truncated"),
        (answer(firmware_image("smib", "1.1.0", 9_000)[:-1] + b"?"), "wrong checksum"),
        (answer(b"", length=10**9), "too large"),
    ],
)
def test_what_can_not_be_installed_leaves_the_old_version(sent: bytes, why: str) -> None:
    async def run() -> None:
        async with (
            embedded() as broker,
            onlooker(broker) as floor,
            serving(sent) as server,
            running(served(server), broker),
        ):
            await floor.order(ORDER)
            await floor.heard(typ="OTA_FAILED", pyd=f"wifi.bin: {why}")
            assert await version(floor) == "1.0.0"

    asyncio.run(run())


def test_a_power_cut_half_way_ends_the_download_and_is_told_afterwards() -> None:
    async def run() -> None:
        half = answer(firmware_image("smib", "1.1.0", 200_000)[:100_000], length=200_100)
        async with (
            embedded() as broker,
            onlooker(broker) as floor,
            serving(half, hangs=True) as server,
            running(served(server), broker) as one,
        ):
            await floor.order(ORDER)
            await floor.heard(typ="OTA_PROGRESS", pyd="40")
            one.fleet[RELAY].power_off()
            await server.ended.wait()
            one.fleet[RELAY].power_on()
            await floor.heard(typ="OTA_FAILED", pyd="wifi.bin: power lost")
            assert await version(floor) == "1.0.0"

    asyncio.run(run())


def test_a_machine_is_played_and_its_meters_tell_it_until_it_is_locked() -> None:
    async def run() -> None:
        async with embedded() as broker, onlooker(broker) as floor, running(device(BUSY), broker):
            await floor.heard(typ="BILL_ACCEPTED")
            await floor.heard(typ="GAME_PLAYED", pyd="50")
            await floor.order(Command(LOCK, None))
            await floor.heard(typ="MACHINE_LOCKED")
            await floor.order(LongPoll(MeterPoll(("0500", "0000")).encode()))
            answered = await floor.heard(typ="rsp")
            played = [said for said in floor.said if said["typ"] == "GAME_PLAYED"]
            assert sas.decode_answer(answered["pyd"]).meters == (
                ("0500", len(played)),
                ("0000", 50 * len(played)),
            )
            assert floor.said.index(answered) > max(map(floor.said.index, played))

    asyncio.run(run())


def test_boards_of_a_profile_have_its_values_and_lack_what_it_lacks() -> None:
    async def run() -> None:
        text = device("    profile: smib-0.9.4\n    config: {coms: {comsAddr: 7}}\n")
        async with embedded() as broker, onlooker(broker) as floor, running(text, broker):
            await floor.order(ConfigRequest("coms"))
            coms = await floor.heard(comp="coms")
            assert (coms["comsAddr"], coms["comsRateMs"]) == (7, 500)
            assert "comsGPC" not in coms
            assert await version(floor) == "0.9.4"
            connected = await floor.heard(typ="NETWORK_CONNECTED")
            assert "ts" not in connected

    asyncio.run(run())


def test_a_file_says_how_its_groups_are_played_and_the_rest_is_as_the_command_wants_it() -> None:
    plan = parse_plan(
        "f.yaml", b"groups:\n  - {name: a, count: 1, play: {bet: 5}}\n  - {name: b, count: 1}\n"
    )
    first, second = plan.groups
    assert first.play is not None
    assert (first.play.bet, second.play, plan.play) == (5, None, None)
    assert load_plan(None).play is None


def test_what_is_wrong_with_play_and_profiles_is_told_with_the_rest(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("clock: 3\ncolour: red\n")
    file = tmp_path / "floor.yaml"
    file.write_text(
        "seed: x\n"
        "groups:\n"
        "  - {name: a, count: 1, play: {bet: 0, colour: red}}\n"
        "  - {name: b, count: 1, profile: smib-7}\n"
        "  - {name: c, count: 1, profile: ours.yaml, play: fast}\n"
    )
    with pytest.raises(FleetFileError) as refused:
        load_plan(str(file))
    problems = [(Path(p.file).name, p.line, p.field) for p in refused.value.problems]
    assert problems == [
        ("floor.yaml", 1, "seed"),
        ("floor.yaml", 3, "groups[0].play.colour"),
        ("floor.yaml", 3, "groups[0].play.bet"),
        ("floor.yaml", 4, "groups[1].profile"),
        ("floor.yaml", 5, "groups[2].play"),
        ("ours.yaml", 1, "clock"),
        ("ours.yaml", 2, "colour"),
    ]


def test_a_group_is_its_profile_but_for_what_it_says_itself() -> None:
    text = device(
        "    profile: smib-0.9.4\n    firmware: {version: 0.9.5}\n    config: {coms: {comsRateMs: 300}}\n"
        "    faults: [{kind: silent}]\n"
    )
    (group,) = parse_plan("f.yaml", text.encode()).groups
    assert group.config["coms"] == {"comsRateMs": 300}
    assert group.config["mqtt"] == {"mqttPubTopic": "sas/gy/server", "mqttIdleTimeS": 60}
    assert group.config["app"] == {"firmware": "smib", "version": "0.9.5"}
    assert [fault["kind"] for fault in group.faults] == ["slow", "silent"]
    assert (group.boot_ms, group.clock) == (2000, False)


def test_the_pace_of_the_command_is_for_groups_that_do_not_say_theirs() -> None:
    plan = load_plan(str(FLEETS / "busy.yaml")).with_pace(2)
    assert plan.play == Play(games_per_minute=2)
    assert [group.play is None for group in plan.groups] == [False] * 4
    assert plan.with_pace(0).play is None
