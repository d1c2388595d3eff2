"""Where a device's chance comes from, without `random`: an argument that can be small.

`random.Random` is a `Dice` too, of 2.5 KiB; ten thousand machines are better off with `SmallDice`.
"""

from __future__ import annotations

from typing import Protocol

_MASK = (1 << 64) - 1


class Dice(Protocol):
    """A source of chance."""

    def random(self) -> float:
        """A number from 0 up to 1, 1 excluded."""

    def randrange(self, stop: int, /) -> int:
        """A whole number from 0 up to ``stop``, ``stop`` excluded."""


class SmallDice:
    """The generator splitmix64, whose whole state is one number: the same seed, the same throws."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def random(self) -> float:
        return (self._next() >> 11) * 2.0**-53

    def randrange(self, stop: int, /) -> int:
        return self._next() * stop >> 64

    def _next(self) -> int:
        self._state = mixed = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
        return mixed ^ (mixed >> 31)
