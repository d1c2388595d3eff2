"""`smib-lab clone`: a fleet file that can be run, like the floor it was made from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from simulator.errors import TapeError
from simulator.fleet_file.fleet_file import load_plan, parse_plan
from simulator.tape.clone import clone
from simulator.tape.clone_command import write
from simulator.tape.line import Taped
from simulator.tape.survey import Survey
from simulator.tape.tape import TapeWriter
from simulator.tests.floor import running
from simulator.tests.program import Program, run
from simulator.virtual.floor import VirtualFloor
from wire import reports
from wire.components import COMPONENTS
from wire.reports import ConfigAnswer, Event

MINUTE = 60_000
FLOOR = """
seed: 3
groups:
  - {name: slots, count: 6, config: {coms: {comsRTE: 1}}, play: {games_per_minute: 12, bet: 25, bills: [20]}}
  - {name: old, count: 3, profile: smib-0.9.4}
  - {name: quiet, relays: [e831cdfa8384], config: {net: {netStaPwd: ""}}}
"""


def survey_of(messages: list[Taped]) -> Survey:
    survey = Survey()
    for message in messages:
        survey.see(message)
    return survey


def answers(relay_id: str, **values: Mapping[str, object]) -> list[Taped]:
    """A device's five answers: the contract's defaults with these in their place."""
    given = {name: {**c.defaults(), **values.get(name, {})} for name, c in COMPONENTS.items()}
    answered = (reports.encode(ConfigAnswer(relay_id, name, v)) for name, v in given.items())
    return [Taped(0, "smib/config", payload) for payload in answered]


def event(relay_id: str, time_ms: int, name: str, pyd: str = "", ts: str | None = "x") -> Taped:
    return Taped(time_ms, "sas/server", reports.encode(Event(name, relay_id, relay_id, pyd, ts=ts)))


def cloned(survey: Survey, folder: Path) -> list[dict[str, object]]:
    """The groups of the clone, which has to be a fleet file."""
    path = folder / "clone.yaml"
    write(clone(survey, path))
    load_plan(str(path))
    groups: list[dict[str, object]] = yaml.safe_load(path.read_text())["groups"]
    return groups


def test_devices_are_grouped_by_firmware_values_and_play(tmp_path: Path) -> None:
    survey = survey_of(
        [
            *answers("a1", coms={"comsRTE": 1}),
            *answers("b1", coms={"comsRTE": 1, "comsAddr": 2}),
            *answers("c1", app={"version": "2.0.0"}),
            *answers("d1", coms={"comsRTE": 1}),
            *(event("d1", 6_000 * n, "GAME_PLAYED", "75") for n in range(11)),
            *(event("d1", 6_000 * n, "BILL_ACCEPTED", "2000") for n in range(2)),
        ]
    )
    groups = cloned(survey, tmp_path)
    assert [group["relays"] for group in groups] == [["a1"], ["b1"], ["d1"], ["c1"]]
    assert groups[1]["config"] == {"coms": {"comsAddr": 2}}
    assert groups[2]["play"] == {"games_per_minute": 11.0, "bet": 75, "bills": [20] * 20}
    profile = yaml.safe_load((tmp_path / "clone-profile-1.yaml").read_text())
    assert profile["config"] == {"coms": {"comsRTE": 1}}
    other = yaml.safe_load((tmp_path / "clone-profile-2.yaml").read_text())
    assert other["firmware"] == {"firmware": "smib", "version": "2.0.0"}


def test_what_is_secret_or_of_the_site_is_left_out(tmp_path: Path) -> None:
    values = {"netStaSSID": "Vault", "netStaPwd": "swordfish", "netStaChan": 6}
    survey = survey_of(answers("a", net=values, mqtt={"mqttURI": "mqtt://u:hunter2@prod"}))
    cloned(survey, tmp_path)
    text = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not any(word in text for word in ("Vault", "swordfish", "hunter2", "prod\n", "netSta"))


def test_boards_without_a_clock_or_a_field_are_a_firmware_of_their_own(tmp_path: Path) -> None:
    payload = reports.encode(ConfigAnswer("b", "coms", {"comsMode": 1}))
    survey = survey_of(
        [
            event("a", 0, "NETWORK_CONNECTED"),
            event("b", 0, "NETWORK_CONNECTED", ts=None),
            Taped(0, "smib/config", payload),
        ]
    )
    groups = cloned(survey, tmp_path)
    assert "profile" not in groups[0]
    profile = yaml.safe_load((tmp_path / str(groups[1]["profile"])).read_text())
    assert profile["clock"] is False
    assert "comsGPC" in profile["lacks"]["coms"]


def test_a_day_is_told_by_its_hours(tmp_path: Path) -> None:
    hour = 60 * MINUTE
    games = [(h, n) for h in range(24) for n in range(10 if h < 12 else 5)]
    survey = survey_of([event("a", h * hour + n, "GAME_PLAYED", "1") for h, n in games])
    survey.see(Taped(24 * hour, "x", b""))
    play = cloned(survey, tmp_path)[0]["play"]
    assert isinstance(play, dict)
    assert play["day"] == [1.0] * 12 + [0.5] * 12
    assert play["games_per_minute"] == pytest.approx(10 / 60, abs=0.01)


def test_hostile_reports_make_no_wrong_file(tmp_path: Path) -> None:
    app = {"firmware": "x\x1b[2J\n- evil", "version": "v" * 999}
    survey = survey_of(
        [
            *answers("831000008384", app=app, coms={"comsMode": True, "comsAddr": 900, "comsRTE": []}),
            *(event("831000008384", n, "GAME_PLAYED", str(10**30)) for n in range(3)),
            event("831000008384", 5, "BILL_ACCEPTED", "99999999999"),
            Taped(9, "smib/config", b"\xff"),
            Taped(9, "sas/gli/server/b", b'{"rly":"a"}'),
        ]
    )
    groups = cloned(survey, tmp_path)
    assert groups[0]["relays"] == ["831000008384"]


def test_an_empty_floor_can_t_be_cloned(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="nothing to clone"):
        clone(Survey(), tmp_path / "x.yaml")


def test_a_recorded_day_makes_a_fleet_that_behaves_alike(tmp_path: Path) -> None:
    tape, out, again = tmp_path / "a.ndjson", tmp_path / "ours.yaml", Survey()
    with TapeWriter(tape) as writer:
        floor = VirtualFloor(parse_plan("t", FLOOR.encode()), writer.keep, start_ms=0)
        asyncio.run(floor.play(30 * MINUTE, lambda _: None))
    assert run("clone", str(tape), "--out", str(out)).returncode == 0
    assert run("fleet", "check", str(out)).returncode == 0
    plan = load_plan(str(out))
    assert plan.count == 10

    def keep(time_ms: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        again.see(Taped(time_ms, topic, payload, qos, retain))

    asyncio.run(VirtualFloor(plan, keep, start_ms=0).play(30 * MINUTE, lambda _: None))
    played = sum(seen.played for seen in again.devices.values())
    assert played == pytest.approx(6 * 12 * 30, rel=0.15)
    assert run("clone", str(tape), "--out", str(out)).returncode == 1


def test_a_live_floor_is_asked_what_it_is_like(tmp_path: Path) -> None:
    out = tmp_path / "ours.yaml"

    def look(uri: str) -> None:
        done = run("clone", "--broker", uri, "--duration", "4s", "--out", str(out))
        assert done.returncode == 0, done.stderr

    async def scenario() -> None:
        with Program("broker", "--mqtt-port", "0", "--no-ws") as program:
            uri = program.ready()["mqtt"]
            beating = FLOOR.replace("{coms: {comsRTE: 1}}", "{coms: {comsRTE: 1}, mqtt: {mqttIdleTimeS: 1}}")
            beating = beating.replace("smib-0.9.4", "smib-0.9.4, config: {mqtt: {mqttIdleTimeS: 1}}")
            async with running(beating, uri):
                await asyncio.to_thread(look, uri)

    asyncio.run(scenario())
    groups = load_plan(str(out)).groups
    versions = {group.config.get("app", {}).get("version", "1.0.0"): group for group in groups}
    assert set(versions) == {"1.0.0", "0.9.4"}
    # those that played a game within these seconds are a group of their own
    assert sum(group.count for group in groups if group.config.get("coms", {}).get("comsRTE") == 1) == 6


@pytest.mark.parametrize("args", [(), ("x", "--broker", "mqtt://x")])
def test_file_or_broker_is_wanted(args: tuple[str, ...]) -> None:
    done = run("clone", *args, "--out", "x")
    assert done.returncode == 2
    assert "a FILE or --broker was wanted" in done.stderr
