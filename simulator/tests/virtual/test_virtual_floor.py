"""A floor in virtual time: the same bytes from the same file and seed, and what its broker does."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from simulator.fleet_file.fleet_file import parse_plan
from simulator.tape.line import Taped
from simulator.tape.tape import TapeReader
from simulator.tests.program import Program, run
from simulator.virtual.agenda import Agenda, VirtualClock
from simulator.virtual.floor import Progress, VirtualFloor

FLEETS = Path(__file__).parents[3] / "fixtures" / "fleets"
START_MS = 1_767_225_600_000
MINUTE = 60_000


def played(text: str, duration_ms: int) -> tuple[VirtualFloor, list[Taped]]:
    heard: list[Taped] = []

    def keep(time_ms: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        heard.append(Taped(time_ms, topic, payload, qos, retain))

    floor = VirtualFloor(parse_plan("test.yaml", text.encode()), keep, start_ms=START_MS)
    asyncio.run(floor.play(duration_ms, lambda _: None))
    return floor, heard


def kinds(heard: list[Taped]) -> Counter[str]:
    return Counter(str(json.loads(one.payload)["typ"]) for one in heard)


class TestAgenda:
    def test_what_is_due_happens_in_order_and_the_clock_never_goes_back(self) -> None:
        clock = VirtualClock(100)
        agenda = Agenda(clock)
        seen: list[tuple[str, int]] = []

        def early() -> None:
            seen.append(("a", clock()))
            agenda.at(50, lambda: seen.append(("x", clock())))

        agenda.at(300, lambda: seen.append(("c", clock())))
        agenda.at(200, early)
        agenda.at(200, lambda: seen.append(("b", clock())))
        agenda.at(250, lambda: seen.append(("never", clock()))).cancel()
        agenda.at(400, lambda: seen.append(("late", clock())))
        assert agenda.play(400, 2)
        assert not agenda.play(400, 99)
        assert seen == [("a", 200), ("x", 200), ("b", 200), ("c", 300)]
        assert clock() == 400


class TestFloor:
    def test_it_is_the_same_to_the_byte_whatever_the_hashes(self, tmp_path: Path) -> None:
        digests = set()
        for number, (name, hashes) in enumerate(
            [("a.ndjson.gz", "0"), ("b.ndjson.gz", "1"), ("c.ndjson.gz", "77")]
        ):
            out = tmp_path / name
            given = ["--fleet", str(FLEETS / "weak-lines.yaml"), "--play", "6", "--out", str(out)]
            with Program(
                "fleet", "--virtual-time", "--duration", "5m", *given, env={"PYTHONHASHSEED": hashes}
            ) as program:
                assert program.process.wait(20) == 0, number
            digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
        assert len(digests) == 1

    def test_a_script_is_played(self) -> None:
        floor, heard = played((FLEETS / "scripted.yaml").read_text(), MINUTE)
        demo = [one for one in heard if b'"rly":"e831cdfa8384"' in one.payload]
        told = [
            ((one.time_ms - START_MS) // 1000, fields["pyd"] if fields["typ"] == "exp" else fields["typ"])
            for one in demo
            if (fields := json.loads(one.payload))["typ"] not in ("NETWORK_CONNECTED", "cfg")
        ]
        kept = [one for one in told if one[1] in ("11", "12", "BILL_ACCEPTED", "GAME_PLAYED", "JACKPOT_HIT")]
        assert kept[:3] == [(10, "11"), (15, "12"), (20, "BILL_ACCEPTED")]
        assert [second for second, what in kept if what == "GAME_PLAYED"] == [22, 25, 28, 31, 34, 40]
        device = floor.fleet["e831cdfa8384"].device
        assert device.memory.credits == 0
        assert kinds(heard)["VALIDATOR_ERROR"] == 4

    def test_another_seed_is_another_day(self) -> None:
        text = "groups: [{name: g, count: 2, play: {}}]"
        assert played(text, MINUTE)[1] == played(text, MINUTE)[1]
        assert played(f"seed: 2\n{text}", MINUTE)[1] != played(text, MINUTE)[1]

    def test_it_takes_its_time_from_the_start_alone_and_in_order(self) -> None:
        floor, heard = played("arrival: 10s\ngroups: [{name: g, count: 5, play: {}}]", 5 * MINUTE)
        times = [one.time_ms for one in heard]
        assert times == sorted(times)
        assert times[0] >= START_MS
        assert times[-1] < START_MS + 5 * MINUTE == floor.clock()
        assert floor.fleet.online == 5
        assert kinds(heard)["GAME_PLAYED"] > 50

    def test_a_power_cut_of_the_schedule_is_heard_as_wills_and_a_return(self) -> None:
        text = "groups: [{name: g, count: 3}]\nschedule: [{at: 10s, for: 5s, power: off}]"
        said = kinds(played(text, MINUTE)[1])
        assert said["NETWORK_DISCONNECTED"] == 3
        assert said["NETWORK_CONNECTED"] >= 6

    def test_who_joins_no_network_or_seeks_another_broker_says_nothing(self) -> None:
        text = """
networks: [{ssid: Casino_WiFi}]
groups:
  - {name: lost, count: 2, config: {net: {netStaSSID: Nowhere}}}
  - {name: kept-out, count: 2, faults: [{kind: bad-credentials}]}
"""
        floor, heard = played(text, MINUTE)
        assert floor.fleet.online == 0
        assert {json.loads(one.payload)["typ"] for one in heard} <= {"NETWORK_DISCONNECTED"}

    def test_a_clone_takes_the_connection_over(self) -> None:
        text = "groups: [{name: g, count: 2, faults: [{kind: client-id-clash}]}]"
        floor, heard = played(text, MINUTE)
        assert kinds(heard)["NETWORK_DISCONNECTED"] > 1
        assert floor.fleet.online <= 1

    def test_a_frozen_connection_ends_after_its_keepalive(self) -> None:
        text = "groups: [{name: g, count: 1, faults: [{kind: half-open, after_ms: 1000}]}]"
        _, heard = played(text, 2 * MINUTE)
        wills = [one for one in heard if b"NETWORK_DISCONNECTED" in one.payload]
        assert [one.time_ms - START_MS for one in wills] == [1_000 + 90_000 + 505]

    def test_a_message_reaches_the_device_that_hears_its_topic(self) -> None:
        text = """
groups:
  - {name: a, relays: [e831cdfa8384], config: {mqtt: {mqttPubTopic: sas/relay/e831cdfa8464}}}
  - {name: b, relays: [e831cdfa8464]}
"""
        floor, _ = played(text, MINUTE)
        assert floor.fleet["e831cdfa8464"].device.counters["received"] >= 1
        assert not floor.fleet["e831cdfa8384"].device.counters["received"]

    @pytest.mark.parametrize("name", sorted(path.name for path in FLEETS.glob("*.yaml")))
    def test_every_example_can_be_played(self, name: str) -> None:
        heard: list[Taped] = []
        plan = parse_plan(str(FLEETS / name), (FLEETS / name).read_bytes())
        elastic = any(not group.relays for group in plan.groups)
        plan = plan.with_count(min(plan.count, 24)) if elastic else plan

        def keep(time_ms: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
            heard.append(Taped(time_ms, topic, payload, qos, retain))

        floor = VirtualFloor(plan, keep, start_ms=START_MS)
        progress = asyncio.run(floor.play(20_000, lambda _: None))
        assert heard
        assert isinstance(progress, Progress)
        assert "failed" not in floor.fleet.counts


class TestCommand:
    def test_ctrl_c_leaves_a_whole_file(self, tmp_path: Path) -> None:
        out = tmp_path / "day.ndjson.gz"
        given = ("--count", "50", "--play", "60", "--duration", "8760h", "--out", str(out))
        with Program("fleet", "--virtual-time", *given) as program:
            program.err.find(lambda line: "played=" in line, "progress")
            code, seconds = program.end()
            assert code == 0
            assert seconds < 2
            assert any("interrupted" in line for line in program.err.rest())
        assert sum(1 for _ in TapeReader(out)) >= 50

    @pytest.mark.parametrize(
        ("args", "code", "sentence"),
        [
            (("--virtual-time",), 2, "--duration was wanted too"),
            (("--virtual-time", "--duration", "1h"), 2, "--out was wanted too"),
            (("--virtual-time", "--duration", "soon", "--out", "x"), 2, "a length of time"),
            (("--virtual-time", "--duration", "1s", "--out", "x", "--state", "d"), 2, "--state"),
            (("--virtual-time", "--duration", "1s", "--out", "x", "--start", "noon"), 2, "ISO 8601"),
            (("--virtual-time", "--duration", "1s", "--out", "/dev/null"), 1, "it is there already"),
            (("--broker", "mqtt://x", "--out", "x"), 2, "--out: only with --virtual-time"),
        ],
    )
    def test_what_can_t_be_gets_a_sentence(self, args: tuple[str, ...], code: int, sentence: str) -> None:
        ended = run("fleet", *args)
        assert sentence in ended.stderr
        assert ended.returncode == code
