"""A fleet in several processes: the same devices, one ready line, one summary, and nobody left behind."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from simulator.errors import FleetPartError, SummaryError
from simulator.fleet.crew import Crew
from simulator.fleet.feed import Word, heard
from simulator.fleet.identities import identities
from simulator.fleet.part_options import suited
from simulator.fleet.plan import default_plan
from simulator.fleet.reading import Reading
from simulator.fleet.words import Words
from simulator.tests.floor import embedded, onlooker
from simulator.tests.program import DEADLINE_S, Program, run

NOWHERE = "mqtt://127.0.0.1:1"


def children(of: Program) -> list[int]:
    pid = of.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def on_a_floor(check: Callable[[str], None]) -> None:
    async def scenario() -> None:
        async with embedded() as broker:
            await asyncio.to_thread(check, broker.uri)

    asyncio.run(scenario())


def test_a_process_that_can_t_be_started_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    said: list[str] = []
    crew = Crew(2, Words(said.append), said.append)

    async def scenario() -> None:
        with pytest.raises(FleetPartError, match=r"^0 of 2 processes could be started \(Resource .*fewer"):
            await crew.start([], default_plan())
        await crew.stop()

    asyncio.run(scenario())


class TestProcesses:
    def test_they_are_one_fleet(self, tmp_path: Path) -> None:
        report = tmp_path / "run.json"

        async def scenario() -> set[str]:
            async with embedded() as broker, onlooker(broker) as cms:
                given = ("--count", "9", "--processes", "3", "--summary-json", str(report))
                with Program("fleet", "--broker", broker.uri, *given) as program:
                    ready = await asyncio.to_thread(program.ready)
                    assert ready == {"devices": "9", "connected": "9", "subscribed": "9"}
                    assert len(children(program)) == 3
                    code, seconds = await asyncio.to_thread(program.end)
                    assert code == 0
                    assert seconds < DEADLINE_S
                    return {str(said["rly"]) for said in cms.said}

        relays = asyncio.run(scenario())
        assert relays == {identity.relay_id for _, identity in identities(default_plan().with_count(9))}
        fields = json.loads(report.read_text())
        assert (fields["devices"], fields["subscribed"], fields["missing"]) == (9, 9, 0)
        assert fields["sent"] >= 9

    def test_one_that_dies_is_named_and_ends_all(self) -> None:
        def check(uri: str) -> None:
            with Program("fleet", "--broker", uri, "--count", "4", "--processes", "2") as program:
                program.ready()
                first, second = children(program)
                os.kill(first, signal.SIGKILL)
                assert program.process.wait(DEADLINE_S) == 1
                said = program.err.rest()
                ended = f"process 1 of 2 (--shard 1/2, pid {first}) ended by signal SIGKILL."
                assert said[-1] == f"smib-lab: {ended}"
                assert any(line.startswith("= fleet devices=4 ") for line in said)
                assert not Path(f"/proc/{second}").exists()

        on_a_floor(check)

    def test_none_outlives_the_one_that_started_them(self) -> None:
        def check(uri: str) -> None:
            with Program("fleet", "--broker", uri, "--count", "4", "--processes", "2") as program:
                program.ready()
                ends = [os.pidfd_open(pid) for pid in children(program)]
                program.process.kill()
                for end in ends:
                    assert _gone(end)
                    os.close(end)

        on_a_floor(check)

    def test_without_a_broker_their_sentence_is_told_once(self) -> None:
        given = ("--count", "4", "--processes", "2", "--patience", "300ms")
        done = run("fleet", "--broker", NOWHERE, *given)
        assert done.returncode == 1
        assert done.stdout == ""
        (sentence,) = (line for line in done.stderr.splitlines() if "no device was connected" in line)
        assert sentence.startswith("smib-lab: process ")
        assert "= fleet devices=4 connected=0 subscribed=0 answering=0" in done.stderr
        assert "Traceback" not in done.stderr

    def test_each_has_a_control_of_its_own_with_the_same_token(self) -> None:
        def check(uri: str) -> None:
            given = ("--broker", uri, "--count", "4", "--processes", "2", "--control-port", "0")
            with Program("fleet", *given) as program:
                token = program.err.find(lambda line: line.startswith("= control token="), "a token")[16:]
                found: set[str] = set()
                for url in program.ready()["control"].split(","):
                    answer = httpx.get(f"{url}/api/devices", headers={"Authorization": f"Bearer {token}"})
                    found |= {device["relayId"] for device in answer.json()["devices"]}
                assert found == {
                    identity.relay_id for _, identity in identities(default_plan().with_count(4))
                }
                assert program.end()[0] == 0

        on_a_floor(check)

    def test_what_they_share_is_claimed_once(self, tmp_path: Path) -> None:
        def check(uri: str) -> None:
            given = ("--broker", uri, "--count", "4", "--processes", "2", "--state", str(tmp_path))
            with Program("fleet", *given) as program:
                program.ready()
                second = run("fleet", *given)
                assert second.returncode == 1
                assert "another fleet uses this folder" in second.stderr
                assert program.end()[0] == 0

        on_a_floor(check)


class TestParts:
    def test_a_shard_runs_its_share(self) -> None:
        def check(uri: str) -> None:
            with Program("fleet", "--broker", uri, "--count", "9", "--shard", "2/2") as program:
                assert program.ready() == {"devices": "4", "connected": "4", "subscribed": "4"}

        on_a_floor(check)

    def test_a_pod_of_an_indexed_job_knows_its_own(self) -> None:
        def check(uri: str) -> None:
            given = ("fleet", "--broker", uri, "--count", "9", "--shard", "job/2")
            with Program(*given, env={"JOB_COMPLETION_INDEX": "0"}) as program:
                assert program.ready()["devices"] == "5"

        on_a_floor(check)

    @pytest.mark.parametrize(
        ("args", "code", "sentence"),
        [
            (("--processes", "0"), 2, "a whole number from 1 to 64 was wanted, not '0'"),
            (("--processes", "many"), 2, "a whole number from 1 to 64 was wanted"),
            (("--processes", "26"), 1, "at most one for each of 25 devices was wanted"),
            (("--shard", "3/2"), 2, "a part as 2/8"),
            (("--shard", "job/2"), 2, "JOB_COMPLETION_INDEX was wanted as a whole number from 0, not ''"),
            (("--shard", "30/30"), 1, "a part of the 25 devices was wanted"),
        ],
    )
    def test_what_can_t_be_gets_a_sentence(self, args: tuple[str, ...], code: int, sentence: str) -> None:
        ended = run("fleet", "--broker", NOWHERE, *args)
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.returncode == code

    @pytest.mark.parametrize(
        ("devices", "cores", "connections", "processes"),
        [
            (25, 8, None, 1),
            (5_000, 8, None, 1),
            (5_001, 8, None, 2),
            (10_000, 2, 19_800, 1),
            (30_000, 2, 19_800, 2),
            (200_000, 16, None, 15),
            (200_000, 1, 1_000, 64),
        ],
    )
    def test_processes_are_used_as_cores_and_limits_allow(
        self, devices: int, cores: int, connections: int | None, processes: int
    ) -> None:
        assert suited(devices, cores, connections) == processes


class TestFeed:
    def test_a_line_is_heard_as_it_was_told(self) -> None:
        reading = Reading(1.5, 9, 8, 7, 6, 2)
        reading.totals["sent"] = 3
        reading.answers.add(1_234)
        word = heard(Word(reading, True, "http://127.0.0.1:1").line().encode())
        assert (word.ready, word.control) == (True, "http://127.0.0.1:1")
        assert word.reading.to_dict() == reading.to_dict()

    @pytest.mark.parametrize(
        "line", [b"", b"{}", b"[]", b'{"reading":{},"ready":true,"control":null}', b"\xff"]
    )
    def test_what_is_none_is_refused(self, line: bytes) -> None:
        with pytest.raises(SummaryError):
            heard(line)


def _gone(end: int) -> bool:
    """Whether the process behind a file descriptor ends in time."""
    return bool(select.select([end], [], [], DEADLINE_S)[0])
