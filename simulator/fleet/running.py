"""A fleet that runs in this process, from its start until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.control.options import ControlOptions
from simulator.deadlines import Deadlines, steady_clock
from simulator.errors import LinkError
from simulator.fleet.fleet import Fleet, PapersOf
from simulator.fleet.plan import FleetPlan
from simulator.fleet.reading import Reading
from simulator.fleet.state_dir import StateDir
from simulator.fleet.tally import Tally
from simulator.link.links import MqttLinks
from wire.address import BrokerAddress

if TYPE_CHECKING:
    from simulator.control.control import Control

STRAGGLERS_S = 5.0
"""How long the ready line waits for the last devices once the first one is connected."""
PATIENCE_S = 30.0
"""How long a fleet tries to reach its broker at the start, unless told otherwise."""

_log = logging.getLogger("simulator.fleet")


@dataclass(frozen=True, slots=True)
class Run:
    """What is to run: `control` is where it is to be controlled, None for nowhere."""

    plan: FleetPlan
    broker: BrokerAddress
    links: MqttLinks
    state: StateDir | None = None
    control: ControlOptions | None = None
    patience_s: float = PATIENCE_S
    papers: PapersOf | None = None


class Course:
    """How far a run has come: `ready` once all its devices had their time, `control` where it listens."""

    def __init__(self, plan: FleetPlan) -> None:
        self.look: Callable[[], Reading] = lambda: unborn(plan)
        self.ready = False
        self.control: str | None = None

    def __len__(self) -> int:
        return 1

    @property
    def reading(self) -> Reading:
        """The figures up to now."""
        return self.look()


def unborn(plan: FleetPlan) -> Reading:
    """The figures of a fleet of which nothing runs yet."""
    return Reading(devices=plan.share, missing=plan.sound)


async def run_fleet(run: Run, tally: Tally, course: Course, told: Callable[[Course], object]) -> None:
    """Start, tell when it is ready, and go on until cancelled; `tally` counts along, and is ended.

    LinkError where no device is connected within the patience of the run.
    """
    async with controlled(run.control, tally) as control:
        clock = steady_clock()
        deadlines = Deadlines(clock)

        def trust() -> ssl.SSLContext:
            return run.links.tls

        fleet = Fleet(
            run.plan,
            run.links,
            broker=run.broker,
            state=run.state,
            clock=clock,
            deadlines=deadlines,
            trust=trust,
            papers=run.papers,
            on_event=tally.tell if control is None else control.hook(tally.tell),
        )
        tally.joining = lambda: run.links.joining
        course.look = lambda: tally.reading(fleet)
        try:
            await fleet.start()
            if control is not None:
                control.start(fleet)
                course.control = control.url
            await _reached(fleet, run)
            await _gathered(fleet)
            tally.watch(deadlines)
            course.ready = True
            told(course)
            await asyncio.get_running_loop().create_future()
        finally:
            tally.end(fleet)
            await fleet.stop()


async def for_a_while(work: Awaitable[None], duration_ms: int | None) -> None:
    """Do `work` until it ends or that long has gone by."""
    limit = asyncio.timeout(None if duration_ms is None else duration_ms / 1000)
    try:
        async with limit:
            await work
    except TimeoutError:
        if not limit.expired():
            raise


async def _reached(fleet: Fleet, run: Run) -> None:
    """Wait until a device is connected; LinkError if that takes too long from the first attempt on.

    Boards that boot for long, or have no power at first, take nothing of that time.
    """
    await fleet.until(lambda: fleet.totals["connecting"] > 0)
    broker, patience_s = run.broker, run.patience_s
    try:
        async with asyncio.timeout(patience_s):
            await fleet.until(lambda: fleet.online > 0 or fleet.is_settled)
            if not fleet.online:
                sentence = f"no device is connected to {broker} yet; they keep trying for {patience_s:g} s"
                _log.warning("! fleet %s", sentence)
            await fleet.until(lambda: fleet.online > 0)
    except TimeoutError as exc:
        sentence = f"no device was connected to {broker} within {patience_s:g} s: a broker that runs and lets"
        raise LinkError("no broker", f"{sentence} them in was wanted (--patience waits longer).") from exc


async def _gathered(fleet: Fleet) -> None:
    """Wait until all devices are connected, or those that are not had their time."""
    await fleet.settled()
    with contextlib.suppress(TimeoutError):  # those that have not come by then may never come
        async with asyncio.timeout(STRAGGLERS_S):
            await fleet.until(lambda: fleet.online == len(fleet))


@contextlib.asynccontextmanager
async def controlled(options: ControlOptions | None, tally: Tally) -> AsyncIterator[Control | None]:
    """The control that was asked for, whose port is claimed, with the figures of `tally`; None for none."""
    if options is None:
        yield None
        return
    from simulator.control.control import Control  # an HTTP server, which a fleet without it does without

    control = Control(options, tally)
    try:
        yield control
    finally:
        await control.stop()
