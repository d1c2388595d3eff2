"""A fleet in several parts, from its start to its verdict."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from simulator.control.options import ControlOptions
from simulator.device.transitions import State
from simulator.errors import FleetPartError
from simulator.fleet.asking import Asking
from simulator.fleet.crew import Crew
from simulator.fleet.plan import FleetPlan
from simulator.fleet.reading import Reading
from simulator.fleet.report_options import judged, shortage
from simulator.fleet.running import for_a_while
from simulator.fleet.view import View
from simulator.fleet.words import Say, Words
from simulator.interrupt import until_interrupted


class Parts(Protocol):
    """Where the parts of a fleet run. What they tell goes into `Words`."""

    async def start(self, given: Sequence[str], plan: FleetPlan) -> None:
        """Start a part of the plan at each place, with these options of `smib-lab`."""

    async def ended(self) -> None:
        """Wait until one of them ends by itself; FleetPartError says which and how."""

    async def stop(self) -> None:
        """End all, and hear their last words."""


Places = Callable[[Words, Say], AbstractAsyncContextManager[Parts]]


class Gathering:
    """The parts of one fleet, and what is shown of them."""

    def __init__(self, args: argparse.Namespace, plan: FleetPlan, places: Places) -> None:
        self._args = args
        self._plan = plan
        self._places = places
        self.words = Words(lambda line: self._view.say(line))
        self.asking = Asking(self.words, args, plan)
        self._view = View(self.asking, plain=args.plain or args.verbose)
        self.was_ready = False

    async def run(self) -> None:
        """Start, tell when all are ready, and go on until cancelled; FleetPartError where one ends."""
        async with self._places(self.words, self._view.say) as parts:
            await self._view.over(self.asking.over(self._gathered(parts)))

    async def _gathered(self, parts: Parts) -> None:
        tasks: list[asyncio.Task[None]] = []
        try:
            await parts.start(self._args.given, self._plan)
            tasks = [asyncio.create_task(parts.ended()), asyncio.create_task(self.words.settled())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not tasks[0].done():
                self.was_ready = True
                announce(self._view, self.words.reading, self.words.control)
                self.asking.begin()
            await tasks[0]
        finally:
            for task in tasks:
                task.cancel()
            await parts.stop()


def gathered(args: argparse.Namespace, plan: FleetPlan, places: Places) -> int:
    """Run the parts of a fleet until told to stop, and judge it as a whole."""
    gathering = Gathering(args, plan, places)
    failure: FleetPartError | None = None
    try:
        asyncio.run(until_interrupted(for_a_while(gathering.run(), args.duration)))
    except FleetPartError as exc:
        failure = exc
    if failure is not None and not len(gathering.words):
        raise failure
    code = judged(gathering.asking.reading, args, was_ready=gathering.was_ready)
    if failure is not None:
        raise failure
    return code


def processes(number: int, control: ControlOptions | None = None) -> Places:
    """So many processes of this machine; a token that was generated is told once."""

    @asynccontextmanager
    async def places(words: Words, say: Say) -> AsyncIterator[Parts]:
        if control is not None and control.generated:
            say(f"= control token={control.token}")
        yield Crew(number, words, say, control)

    return places


def workers(scheduler: str) -> Places:
    """The workers of a Dask cluster."""

    def places(words: Words, say: Say) -> AbstractAsyncContextManager[Parts]:
        try:
            from simulator.fleet.workers import workers_of  # Dask, which a fleet on one machine does without
        except ImportError as exc:
            raise FleetPartError("--workers: Dask was wanted (pip install 'smib-floor[workers]').") from exc
        return workers_of(scheduler, words, say)

    return places


def announce(view: View, reading: Reading, control: str | None = None) -> None:
    """Say that a fleet is ready, and whether it is short."""
    view.ready(ready_line(reading, control))
    if reading.missing:
        view.say(f"! fleet short: {shortage(reading)}")


def ready_line(reading: Reading, control: str | None = None) -> str:
    """The line that a harness waits for. Subscribed is who has its subscriptions acknowledged now."""
    url = "" if control is None else f" control={control}"
    online = reading.states[State.ONLINE.value]
    return f"ready fleet devices={reading.devices} connected={reading.connected} subscribed={online}{url}"
