"""A part of a fleet, for one of several processes or machines: every so manieth device of the plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_SHARDS = 1_000
WANTED = f"a part as 2/8, the second of eight, from 1/1 to {MOST_SHARDS}/{MOST_SHARDS}"

_SPELT = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `of`, counted from 1. The parts of a fleet have no device in common, and are all of it
    together; each has its share of every group.
    """

    number: int = 1
    of: int = 1

    def takes(self, place: int) -> bool:
        """Whether the device at this place, counted from 0, belongs to it."""
        return place % self.of == self.number - 1

    def share(self, begin: int, end: int) -> int:
        """How many devices of the places from `begin` up to `end` belong to it."""
        return self._before(end) - self._before(begin)

    def part(self, number: int, of: int) -> Shard:
        """A part of this part: what `number` of `of` of its devices are in the whole fleet."""
        return Shard((number - 1) * self.of + self.number, self.of * of)

    def _before(self, place: int) -> int:
        return (place + self.of - self.number) // self.of

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE = Shard()


def shard(text: str) -> Shard | None:
    """The part that `text` spells, None where it spells none."""
    found = _SPELT.fullmatch(text)
    if found is None:
        return None
    number, of = map(int, found.groups())
    return Shard(number, of) if 1 <= number <= of <= MOST_SHARDS else None
