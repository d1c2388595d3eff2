"""What a fleet did, counted as its hook is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from simulator.device.transitions import State
from simulator.faults import ANSWERS
from simulator.fleet.fleet import Fleet
from simulator.fleet.latency import Latencies
from simulator.fleet.summary import PERCENTILES, Summary

DIRECT = ANSWERS - {"exp"}
"""What only an order brings about; `exp` comes from the machine too."""

MOST_REASONS = 64
"""Reasons of failures that are told apart."""


class Tally:
    """Its `tell` is a fleet's hook. `end` takes down the state of the fleet before it is stopped.

    A time is that from the moment at which a session took an order in to the first answer that it hands to
    its connection: the device's own share, faults included, without network and broker.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._asked_ns: dict[str, int] = {}
        self._subscribed: set[str] = set()
        self._answering: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._latencies = Latencies()
        self._ended: Summary | None = None

    def tell(self, relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        self._counts[kind] += 1
        if kind == "sent":
            if relay_id in self._asked_ns and facts["kind"] in DIRECT:
                self._answered(relay_id)
        elif kind == "received":
            self._asked_ns[relay_id] = self._clock_ns()
        elif kind == "state":
            if facts["state"] == State.ONLINE.value:
                self._subscribed.add(relay_id)
        elif kind in ("refused", "failed"):
            self._wrong(f"{kind}: {facts['why']}")
        elif kind == "lost":
            self._wrong("lost")

    def end(self, fleet: Fleet) -> None:
        """Take the figures down, once."""
        if self._ended is None:
            self._ended = self._summary(fleet)

    @property
    def summary(self) -> Summary | None:
        """The figures; None before `end`."""
        return self._ended

    def _answered(self, relay_id: str) -> None:
        self._latencies.add((self._clock_ns() - self._asked_ns.pop(relay_id)) // 1_000)
        self._answering.add(relay_id)
        self._counts["answered"] += 1

    def _wrong(self, what: str) -> None:
        known = what in self._errors or len(self._errors) < MOST_REASONS
        self._errors[what if known else "other"] += 1

    def _summary(self, fleet: Fleet) -> Summary:
        times = {name: self._latencies.percentile_us(percent) for name, percent in PERCENTILES.items()}
        known = bool(self._latencies.count)
        return Summary(
            took_s=(self._clock_ns() - self._began_ns) / 1e9,
            devices=fleet.plan.share,
            connected=fleet.online,
            subscribed=len(self._subscribed),
            answering=len(self._answering),
            missing=_missing(fleet, self._subscribed),
            received=self._counts["received"],
            sent=self._counts["sent"],
            answered=self._counts["answered"],
            errors=dict(sorted(self._errors.items())),
            times_us={
                **times,
                "max": self._latencies.max_us if known else None,
                "mean": self._latencies.mean_us,
            },
        )


def _missing(fleet: Fleet, subscribed: set[str]) -> int:
    """Devices of groups without faults that were never there."""
    there = sum(1 for relay in subscribed if relay in fleet and not fleet.group(relay).faults)
    return max(0, fleet.plan.sound - there)
