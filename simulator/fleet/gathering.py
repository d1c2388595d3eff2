"""A fleet in several processes from its start to its verdict."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace

from simulator.errors import FleetPartError
from simulator.fleet.crew import Crew, command_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.reading import Reading
from simulator.fleet.report_options import judged
from simulator.fleet.running import for_a_while
from simulator.fleet.shard import Shard
from simulator.fleet.view import View
from simulator.interrupt import until_interrupted


def ready_line(reading: Reading, control: str | None = None) -> str:
    """The line that a harness waits for. Connected is who has its subscriptions acknowledged."""
    url = "" if control is None else f" control={control}"
    online = reading.connected
    return f"ready fleet devices={reading.devices} connected={online} subscribed={online}{url}"


class Gathering:
    """The processes of one fleet, and what is shown of them."""

    def __init__(self, args: argparse.Namespace, plan: FleetPlan, shards: Sequence[Shard]) -> None:
        self._args = args
        self._parts = [replace(plan, shard=shard) for shard in shards]
        plain = args.plain or args.verbose
        self._crew = Crew(lambda line: self._view.say(line))
        self._view = View(
            lambda: self._crew.reading, lambda: self._crew.ready, plain=plain, processes=len(shards)
        )
        self.was_ready = False

    @property
    def reading(self) -> Reading:
        return self._crew.reading

    async def run(self) -> None:
        """Start, tell when all are ready, and go on until cancelled; FleetPartError where one ends."""
        await self._view.over(self._gathered())

    async def _gathered(self) -> None:
        ended: asyncio.Task[None] | None = None
        try:
            await self._crew.start(command_of(self._args.given), self._parts)
            ended = asyncio.create_task(self._crew.ended())
            settled = asyncio.create_task(self._crew.settled())
            await asyncio.wait((ended, settled), return_when=asyncio.FIRST_COMPLETED)
            settled.cancel()
            if not ended.done():
                self.was_ready = True
                self._view.ready(ready_line(self._crew.reading))
            await ended
        finally:
            if ended is not None:
                ended.cancel()
            await self._crew.stop()


def gathered(args: argparse.Namespace, plan: FleetPlan, shards: Sequence[Shard]) -> int:
    """Run the fleet in a process for each shard until told to stop, and judge it as a whole."""
    gathering = Gathering(args, plan, shards)
    failure: FleetPartError | None = None
    try:
        asyncio.run(until_interrupted(for_a_while(gathering.run(), args.duration)))
    except FleetPartError as exc:
        failure = exc
    code = judged(gathering.reading, args, was_ready=gathering.was_ready)
    if failure is not None:
        raise failure
    return code
