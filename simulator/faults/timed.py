"""Faults that strike by themselves, again and again: they add to what a device wants done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulator.device.device import Device
from simulator.device.dice import Dice
from simulator.device.effects import Effect
from simulator.device.route import route_of
from simulator.device.transitions import State

SHORTEST_MS = 10
"""Time between two strikes: what is due more often comes several at a time."""


class TimedFault(Protocol):
    """``next_ms`` says how long until it strikes, ``strike`` what happens then."""

    def next_ms(self) -> int: ...

    def strike(self, device: Device, now_ms: int) -> list[Effect]: ...


@dataclass(frozen=True, slots=True)
class RebootLoop:
    """A board that resets itself, every ``every_ms`` on average, differently long each time. One that has no
    power stays dark.
    """

    every_ms: int
    dice: Dice

    def next_ms(self) -> int:
        return self.every_ms // 2 + int(self.every_ms * self.dice.random())

    def strike(self, device: Device, now_ms: int) -> list[Effect]:
        if device.state is State.OFF:
            return []
        return [*device.power_off(now_ms), *device.power_on(now_ms)]


class Storm:
    """A board that cries ``event`` ``per_s`` times a second while it is online."""

    def __init__(self, per_s: int, event: str) -> None:
        self._per_s = per_s
        self._event = event
        self._owed = 0

    def next_ms(self) -> int:
        return max(SHORTEST_MS, 1000 // self._per_s)

    def strike(self, device: Device, now_ms: int) -> list[Effect]:
        if device.state is not State.ONLINE:
            return []
        self._owed += self._per_s * self.next_ms()
        cries, self._owed = divmod(self._owed, 1000)
        if not cries:
            return []
        return [route_of(device.relay_id, device.memory).event(self._event, now_ms, "storm")] * cries
