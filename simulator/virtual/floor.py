"""A whole fleet played in virtual time: from a start, for a duration, as fast as the machine goes."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.device.link import link_settings
from simulator.fleet.fleet import Fleet
from simulator.fleet.identities import factory_values
from simulator.fleet.plan import FleetPlan
from simulator.virtual.agenda import Agenda, VirtualClock
from simulator.virtual.broker import Keep, VirtualBroker
from wire.address import BrokerAddress, parse_address

BROKER = "mqtt://broker.virtual:1883"
STEPS = 500
"""What happens between two looks at signals and progress."""
PROGRESS_S = 2.0
ANY_RELAY = "000000000000"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a floor has come: virtual milliseconds played and to be played, messages, real seconds."""

    played_ms: int
    duration_ms: int
    messages: int
    took_s: float

    def __str__(self) -> str:
        part = 100 * self.played_ms / max(1, self.duration_ms)
        speed = self.played_ms / 1000 / max(0.001, self.took_s)
        return (
            f"played={self.played_ms / 3_600_000:.2f}h part={part:.0f}% messages={self.messages} "
            f"took={self.took_s:.1f}s speed={speed:.0f}x"
        )


class VirtualFloor:
    """A plan's fleet from `start_ms` on (milliseconds since 1970). `keep` is given every message in order.

    The same plan and start give the same messages. The devices find the brokers that their group's file
    names, and otherwise `broker`; nobody speaks to them.
    """

    def __init__(
        self, plan: FleetPlan, keep: Keep, *, start_ms: int, broker: BrokerAddress | None = None
    ) -> None:
        address = broker or parse_address(BROKER)
        self.start_ms = start_ms
        self.clock = VirtualClock(start_ms)
        self._agenda = Agenda(self.clock)
        self.broker = VirtualBroker(_addresses(plan, address), self.clock, self._agenda, keep)
        self.fleet = Fleet(plan, self.broker, broker=address, clock=self.clock, deadlines=self._agenda)

    async def play(self, duration_ms: int, told: Callable[[Progress], None]) -> Progress:
        """Play it; `told` hears now and then how far it is. It can be cancelled between any two messages of
        different moments, and then ends there.
        """
        began_s = told_s = time.monotonic()
        await self.fleet.start()
        with _uncollected():
            while self._agenda.play(self.start_ms + duration_ms, STEPS):
                await asyncio.sleep(0)
                if time.monotonic() - told_s >= PROGRESS_S:
                    told_s = time.monotonic()
                    told(self.progress(duration_ms, told_s - began_s))
        return self.progress(duration_ms, time.monotonic() - began_s)

    def progress(self, duration_ms: int, took_s: float) -> Progress:
        played_ms = self.clock() - self.start_ms
        return Progress(played_ms, duration_ms, self.broker.messages, took_s)


def _addresses(plan: FleetPlan, broker: BrokerAddress) -> Iterator[BrokerAddress]:
    """Where the devices of a plan look for the CMS."""
    for group in plan.groups:
        values = factory_values(group, broker)
        yield link_settings(ANY_RELAY, values["mqtt"], values["net"]).address


@contextmanager
def _uncollected() -> Iterator[None]:
    """The devices stay until the end: the collector of cycles need not look at them again and again."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
