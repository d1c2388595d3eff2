"""A fleet on the workers of a Dask cluster: real ones, each a process of its own, on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from simulator.fleet.identities import identities
from simulator.fleet.plan import default_plan
from simulator.tests.floor import embedded, onlooker
from simulator.tests.program import DEADLINE_S, Program, run

pytest.importorskip("distributed")

REGISTERED = r"Registered to:\s+(tcp://\S+)"


class Process:
    """A process of Dask, which says on stderr where it is."""

    def __init__(self, *args: str, folder: Path | None = None) -> None:
        command = [sys.executable, "-m", "dask", *args, "--host", "127.0.0.1"]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=folder
        )

    def says(self, pattern: str) -> str:
        """The first group of a pattern, in the first line that has it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(f"{pattern} was never said")

    def end(self) -> None:
        assert self.process.stderr is not None
        self.process.kill()
        self.process.wait(DEADLINE_S)
        self.process.stderr.close()


@contextmanager
def process(*args: str, folder: Path | None = None) -> Iterator[Process]:
    made = Process(*args, folder=folder)
    try:
        yield made
    finally:
        made.end()


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, opened: ExitStack, number: int) -> None:
        scheduler = opened.enter_context(process("scheduler", "--port", "0", "--no-dashboard", "--no-show"))
        self.address = scheduler.says(r"Scheduler at:\s+(tcp://\S+)")
        self._given = ("worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard")
        self.workers = [opened.enter_context(self.another()) for _ in range(number)]
        for worker in self.workers:
            worker.says(REGISTERED)

    def another(self, folder: Path | None = None) -> AbstractContextManager[Process]:
        return process(*self._given, folder=folder)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with ExitStack() as opened:
        yield Cluster(opened, 2)


def children(pid: int) -> list[int]:
    return [int(c) for file in Path(f"/proc/{pid}/task").glob("*/children") for c in file.read_text().split()]


def gone(pids: list[int]) -> bool:
    """Whether these processes end in time."""
    for pid in pids:
        try:
            end = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with open(end, "rb", buffering=0):
            if not select.select([end], [], [], DEADLINE_S)[0]:
                return False
    return True


def test_a_part_runs_on_each_worker_and_they_are_one_fleet(cluster: Cluster, tmp_path: Path) -> None:
    report = tmp_path / "run.json"

    async def scenario() -> set[str]:
        async with embedded() as broker, onlooker(broker) as cms:
            given = ("--broker", broker.uri, "--count", "9", "--summary-json", str(report))
            with Program("fleet", "--workers", cluster.address, *given) as program:
                ready = await asyncio.to_thread(program.ready)
                assert ready == {"devices": "9", "connected": "9", "subscribed": "9"}
                assert all(children(worker.process.pid) for worker in cluster.workers)
                assert (await asyncio.to_thread(program.end))[0] == 0
                return {str(said["rly"]) for said in cms.said}

    relays = asyncio.run(scenario())
    assert relays == {identity.relay_id for _, identity in identities(default_plan().with_count(9))}
    fields = json.loads(report.read_text())
    assert (fields["devices"], fields["subscribed"], fields["missing"]) == (9, 9, 0)
    assert fields["sent"] >= 9


def test_none_outlives_the_one_that_asked_for_them(cluster: Cluster) -> None:
    async def scenario() -> None:
        async with embedded() as broker:
            given = ("fleet", "--workers", cluster.address, "--broker", broker.uri, "--count", "4")
            with Program(*given) as program:
                await asyncio.to_thread(program.ready)
                parts = [pid for worker in cluster.workers for pid in children(worker.process.pid)]
                assert parts
                program.process.send_signal(signal.SIGKILL)
                assert await asyncio.to_thread(gone, parts)

    asyncio.run(scenario())


def test_a_part_that_fails_is_named_with_its_worker(cluster: Cluster) -> None:
    given = ("--broker", "mqtt://127.0.0.1:1", "--count", "4", "--patience", "300ms")
    done = run("fleet", "--workers", cluster.address, *given)
    assert done.returncode == 1
    assert re.search(
        r"smib-lab: worker tcp://\S+ \(--shard ./2\) ended with exit code 1: no device was", done.stderr
    )
    assert "Traceback" not in done.stderr


def test_a_worker_that_dies_is_named_and_ends_all(cluster: Cluster) -> None:
    async def scenario() -> None:
        with cluster.another() as third:
            await asyncio.to_thread(third.says, REGISTERED)
            async with embedded() as broker:
                given = ("fleet", "--workers", cluster.address, "--broker", broker.uri, "--count", "6")
                with Program(*given) as program:
                    await asyncio.to_thread(program.ready)
                    third.process.kill()
                    assert await asyncio.to_thread(program.process.wait, DEADLINE_S) == 1
                    assert re.search(r"worker tcp://\S+ \(--shard ./3\) is gone", program.err.rest()[-1])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (("--workers", "tcp://127.0.0.1:1", "--state", "x"), 2, "a fleet on --workers has none"),
        (("--workers", "nowhere"), 1, "--workers nowhere: a scheduler of Dask that runs was wanted"),
    ],
)
def test_what_can_t_be_gets_a_sentence(args: tuple[str, ...], code: int, sentence: str) -> None:
    done = run("fleet", "--broker", "mqtt://127.0.0.1:1", *args)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code


def test_a_worker_that_can_t_start_its_part_is_named(tmp_path: Path) -> None:
    package = tmp_path / "simulator" / "fleet"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "remote_part.py").write_text("def run_part(*_):\n    raise BlockingIOError('no process left')")
    with ExitStack() as opened:
        cluster = Cluster(opened, 0)
        worker = opened.enter_context(cluster.another(tmp_path))
        worker.says(REGISTERED)
        given = ("--broker", "mqtt://user:a-secret@127.0.0.1:1", "--count", "2")
        done = run("fleet", "--workers", cluster.address, *given)
    assert done.returncode == 1
    assert re.search(r"worker tcp://\S+ \(--shard 1/1\) can't run it \(BlockingIOError\)", done.stderr)
    assert "a-secret" not in done.stderr
    assert "Traceback" not in done.stderr
