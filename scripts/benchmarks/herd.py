"""Many clients in a process of their own: the fleet as its users start it, or its bare peer."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import psutil

from scripts.benchmarks import processes
from simulator.fleet.identities import identities
from simulator.fleet.plan import default_plan

FLEET, BARE = "fleet", "bare sockets"
KINDS = (FLEET, BARE)


@dataclass(frozen=True)
class Herd:
    """Clients that are connected and subscribed. ``seconds`` is from the start of their process to that."""

    process: subprocess.Popen[str]
    relays: list[str]
    seconds: float

    @property
    def memory(self) -> int:
        """Resident bytes of the process and its children."""
        return sum(each.memory_info().rss for each in self._processes())

    @property
    def cpu_s(self) -> float:
        """Processor time of the process and its children up to now."""
        return sum(sum(each.cpu_times()[:2]) for each in self._processes())

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]


@contextlib.contextmanager
def herd(kind: str, uri: str, count: int, *options: str) -> Iterator[Herd]:
    """``count`` of KINDS or `candidate.KINDS` at a broker; RuntimeError where they are not all there."""
    if kind == BARE:
        command = ("scripts.benchmarks.bare_client", uri, str(count), *options)
        relays = [f"e831cd{number:06x}" for number in range(count)]
    else:
        fleet = ("simulator", "fleet", "--count", str(count), "--broker", uri, *options)
        command = fleet if kind == FLEET else ("scripts.benchmarks.candidate", kind, uri, str(count))
        relays = [identity.relay_id for _, identity in identities(default_plan().with_count(count))]
    began = perf_counter()
    with processes.running(*command) as (process, facts):
        seconds = perf_counter() - began
        if facts["subscribed"] != str(count):
            raise RuntimeError(f"{facts['subscribed']} of {count} devices subscribed")
        yield Herd(process, relays, seconds)
