"""What a fleet did, counted as its hook is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from simulator.deadlines import Deadlines
from simulator.device.transitions import State
from simulator.faults import ANSWERS
from simulator.fleet.fleet import Fleet
from simulator.fleet.latency import Latencies
from simulator.fleet.loop_watch import LoopWatch, Turns
from simulator.fleet.reading import Reading

DIRECT = ANSWERS - {"exp"}
"""What only an order brings about; `exp` comes from the machine too."""

MOST_REASONS = 64
"""Reasons of failures that are told apart."""


class Tally:
    """Its `tell` is a fleet's hook. `end` takes down the state of the fleet before it is stopped.

    A time to an answer begins when the order may have been waiting for us, and ends with the first answer
    that is handed to the connection: the device's own share, faults included, without network and broker.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock_ns = clock_ns
        self._turns = Turns(clock_ns)
        self._began_ns = clock_ns()
        self._asked_ns: dict[str, int] = {}
        self._subscribed: set[str] = set()
        self._there = (0, 0)
        self._answering: set[str] = set()
        self._totals: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._answers, self._behind, self._lag = Latencies(), Latencies(), Latencies()
        self._watch = LoopWatch(self._lag)
        self._ended: Reading | None = None
        self.joining: Callable[[], int] = lambda: 0
        """How many devices are connected and not yet subscribed; set by who knows."""

    def tell(self, relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        self._totals[kind] += 1
        if kind == "sent":
            if relay_id in self._asked_ns and facts["kind"] in DIRECT:
                self._answered(relay_id)
        elif kind == "received":
            self._asked_ns[relay_id] = self._turns.since_ns()
        elif kind == "state":
            if facts["state"] == State.ONLINE.value:
                self._subscribed.add(relay_id)
        elif kind in ("refused", "failed"):
            self._wrong(f"{kind}: {facts['why']}")
        elif kind == "lost":
            self._wrong("lost")

    def watch(self, deadlines: Deadlines) -> None:
        """Watch ourselves from now on: a fleet that is only being made is busy with that."""
        deadlines.late = lambda late_ms: self._behind.add(late_ms * 1_000)
        self._watch.start()

    def reading(self, fleet: Fleet) -> Reading:
        """The figures up to now, or those of the end."""
        if self._ended is not None:
            return self._ended
        return Reading(
            took_s=(self._clock_ns() - self._began_ns) / 1e9,
            devices=fleet.plan.share,
            connected=fleet.online + self.joining(),
            subscribed=len(self._subscribed),
            answering=len(self._answering),
            missing=self._missing(fleet),
            states=Counter(fleet.counts),
            totals=Counter(self._totals),
            errors=Counter(self._errors),
            answers=self._answers.copy(),
            behind=self._behind.copy(),
            lag=self._lag.copy(),
        )

    def unwatch(self) -> None:
        """Watch ourselves no more."""
        self._watch.stop()

    def end(self, fleet: Fleet) -> None:
        """Take the figures down, once."""
        self.unwatch()
        self._ended = self.reading(fleet)

    @property
    def ended(self) -> Reading | None:
        """The figures at the end; None before."""
        return self._ended

    def _answered(self, relay_id: str) -> None:
        self._answers.add((self._clock_ns() - self._asked_ns.pop(relay_id)) // 1_000)
        self._answering.add(relay_id)

    def _wrong(self, what: str) -> None:
        known = what in self._errors or len(self._errors) < MOST_REASONS
        self._errors[what if known else "other"] += 1

    def _missing(self, fleet: Fleet) -> int:
        """Devices of groups without faults that were never there; counted anew where some are new there."""
        if len(self._subscribed) != self._there[0]:
            sound = (r for r in self._subscribed if r in fleet and not fleet.group(r).faults)
            self._there = (len(self._subscribed), sum(1 for _ in sound))
        return max(0, fleet.plan.sound - self._there[1])
