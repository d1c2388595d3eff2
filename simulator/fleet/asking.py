"""A fleet that is asked by the one that runs it, so that there is something to time."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Awaitable

from simulator.fleet.identities import Register
from simulator.fleet.plan import FleetPlan
from simulator.fleet.reading import Reading, together
from simulator.fleet.view import Source
from simulator.link.trust import trusting
from simulator.traffic.inquiry import Inquiry

PARTING_S = 1.0
"""How long its connection may take to end."""


class Asking:
    """A source of figures together with those of an inquiry, if there is one, which begins with `begin`."""

    def __init__(self, source: Source, args: argparse.Namespace, plan: FleetPlan) -> None:
        self._source = source
        self._args = args
        self._inquiry: Inquiry | None = None
        self._asking: asyncio.Task[None] | None = None
        if args.ask is not None:
            self._inquiry = Inquiry([seat.relay_id for _, seat in Register(plan).seats()], args.ask)

    def __len__(self) -> int:
        return len(self._source)

    @property
    def ready(self) -> bool:
        return self._source.ready

    @property
    def reading(self) -> Reading:
        """All of it."""
        if self._inquiry is None:
            return self._source.reading
        counts = Counter(asked=self._inquiry.asked, unheard=self._inquiry.unheard(time.perf_counter_ns()))
        own = Reading(totals=counts, trips=self._inquiry.trips, behind=self._inquiry.behind)
        return together((self._source.reading, own))

    def begin(self) -> None:
        """Ask from now on."""
        if self._inquiry is not None:
            work = self._inquiry.run(self._args.broker, trusting(self._args.ca_file))
            self._asking = asyncio.create_task(work)

    async def over(self, work: Awaitable[None]) -> None:
        """Do `work`; before it is ended nobody asks any more."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        finally:
            if self._asking is not None:
                self._asking.cancel()
                await asyncio.wait((self._asking,), timeout=PARTING_S)
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
