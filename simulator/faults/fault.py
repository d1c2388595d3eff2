"""What a fault of a board's messages is, and several of them as one.

A session passes what comes from the broker through ``inbound`` and hands each `Arrival` to the device,
``delay_ms`` later where that is not 0; it passes what the device wants done through ``outbound`` and carries
the rest out. Every method returns a new list and leaves the given one alone. Only publications are touched on
the way out, so that a faulty board still connects, saves and restarts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from simulator.device.dice import Dice
from simulator.device.effects import Effect
from simulator.device.memory import Memory

FaultSpec = Mapping[str, Any]
"""One fault as a fleet file spells it; `simulator.faults.fault_from` makes it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it reaches the device, ``delay_ms`` after it came."""

    topic: str
    payload: bytes
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Patient:
    """Who is to have a fault: its id, its memory as it is now, and the dice of this fault alone."""

    relay_id: str
    memory: Memory
    dice: Dice


@runtime_checkable
class Fault(Protocol):
    """One way to misbehave with messages."""

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]: ...

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]: ...


@dataclass(frozen=True, slots=True)
class Faults:
    """Several faults, applied one after the other; with none, a board that is sound."""

    faults: tuple[Fault, ...] = ()

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        passed = list(arrivals)
        for fault in self.faults:
            passed = fault.inbound(passed)
        return passed

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        passed = list(effects)
        for fault in self.faults:
            passed = fault.outbound(passed)
        return passed
