"""The parts of a fleet on the workers of a Dask cluster, one on each.

Dask brings workers up (ssh, Kubernetes, Slurm, by hand), knows who is there, takes the parts to them and
their words back. The fleet's own is only what a part is: a command line with a shard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from distributed import Client

from simulator.errors import FleetPartError
from simulator.fleet.crew import SENTENCE, how_it_ended
from simulator.fleet.plan import FleetPlan
from simulator.fleet.remote_part import run_part
from simulator.fleet.shard import Shard
from simulator.fleet.words import Say, Words

CONNECT_S = 10.0
STOP_S = 5.0
"""From the cancelling on: the network is between us and the parts."""
CURE = "a worker that can start the same smib-lab as here was wanted; its own log says more."
EVERYTHING = "all"
"""The topic under which the scheduler tells who comes and goes."""


class Workers:
    """Those that a scheduler knows; see `simulator.fleet.gathering.Parts` for the interface."""

    def __init__(self, client: Any, addresses: Sequence[str], words: Words, say: Say) -> None:
        self._client = client
        self._addresses = addresses
        self._words = words
        self._say = say
        self._topic = f"smib-fleet-{uuid4().hex}"
        self._places: dict[str, str] = {}
        self._why: dict[str, str] = {}
        self._gone: set[str] = set()
        self._failure: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._all_gone = asyncio.Event()
        self._futures: list[Any] = []
        self._watching: list[asyncio.Task[None]] = []

    async def start(self, given: Sequence[str], plan: FleetPlan) -> None:
        """Start a part of the plan on each worker, with the options `given`, told which it is."""
        self._client.subscribe_topic(self._topic, self._hear)
        self._client.subscribe_topic(EVERYTHING, self._see)
        parts = self._words.expect(plan, len(self._addresses))
        for part, address in zip(parts, self._addresses, strict=True):
            shard = str(part.shard)
            self._places[shard] = address
            ordered = (list(given), shard, self._topic)
            future = self._client.submit(run_part, *ordered, workers=[address], pure=False)
            self._futures.append(future)
            self._watching.append(asyncio.create_task(self._watch(shard, future)))

    async def ended(self) -> None:
        """Wait until one of them ends by itself, or its worker does; FleetPartError says which and how."""
        raise FleetPartError(await asyncio.shield(self._failure))

    async def stop(self) -> None:
        """Cancel all, and hear their last words."""
        for task in self._watching:
            task.cancel()
        await self._client.cancel(self._futures, force=True)
        try:
            async with asyncio.timeout(STOP_S):
                await self._all_gone.wait()
        except TimeoutError:
            late = ", ".join(self._named(shard) for shard in self._places if shard not in self._gone)
            self._say(f"! fleet {late} did not end within {STOP_S:g} s")

    async def _watch(self, shard: str, future: Any) -> None:
        """Tell where a worker can't even start its part, of which nothing is heard then."""
        error = await future.exception()
        if error is not None:
            self._end(shard, f"{self._named(shard)} can't run it ({type(error).__name__}): {CURE}")

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """A line of a part, or its exit code."""
        _, told = event
        shard = told["shard"]
        if "feed" in told:
            number, of = shard.split("/")
            self._words.hear(Shard(int(number), int(of)), told["feed"])
        elif "error" in told and told["error"].startswith(SENTENCE):
            self._why[shard] = told["error"].removeprefix(SENTENCE)
        elif "error" in told:
            self._say(told["error"])
        else:
            self._end(shard, how_it_ended(self._named(shard), told["code"], self._why.get(shard)))

    def _see(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """A word of the scheduler on a worker."""
        _, told = event
        if told.get("action") == "remove-worker":
            for shard, address in self._places.items():
                if address == told.get("worker"):
                    self._end(shard, f"{self._named(shard)} is gone.")

    def _end(self, shard: str, sentence: str) -> None:
        self._gone.add(shard)
        if not self._failure.done():
            self._failure.set_result(sentence)
        if len(self._gone) == len(self._places):
            self._all_gone.set()

    def _named(self, shard: str) -> str:
        return f"worker {self._places[shard]} (--shard {shard})"


@asynccontextmanager
async def workers_of(scheduler: str, words: Words, say: Say) -> AsyncIterator[Workers]:
    """The workers that a scheduler has now; FleetPartError where it has none, or does not answer."""
    try:
        make: Any = Client  # it has no types
        client = await make(scheduler, asynchronous=True, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as exc:
        wanted = "a scheduler of Dask that runs was wanted, as tcp://192.0.2.7:8786"
        raise FleetPartError(f"--workers {scheduler}: {wanted} ({exc}).") from exc
    try:
        known = (await client.scheduler.identity(n_workers=-1))["workers"]
        if not known:
            raise FleetPartError(f"--workers {scheduler}: a scheduler with one worker or more was wanted.")
        yield Workers(client, sorted(known), words, say)
    finally:
        await client.close()
