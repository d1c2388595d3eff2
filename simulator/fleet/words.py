"""What the parts of a fleet told last, wherever they run, as the figures of one fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from simulator.errors import SummaryError
from simulator.fleet.feed import Word, heard
from simulator.fleet.plan import FleetPlan
from simulator.fleet.reading import Reading, together
from simulator.fleet.running import unborn
from simulator.fleet.shard import Shard

Say = Callable[[str], object]
"""Where a line for people goes."""


class Words:
    """Those of each shard. A line that is none is said through `say`, and changes nothing."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._words: dict[Shard, Word] = {}
        self._told = asyncio.Event()

    def __len__(self) -> int:
        return len(self._words)

    def expect(self, plan: FleetPlan, number: int) -> list[FleetPlan]:
        """The plan in so many parts, of which nothing was heard yet."""
        parts = [replace(plan, shard=plan.shard.part(n, number)) for n in range(1, number + 1)]
        self._words = {part.shard: Word(unborn(part)) for part in parts}
        return parts

    def hear(self, shard: Shard, line: bytes | str) -> None:
        """A line that this part told."""
        try:
            self._words[shard] = heard(line)
        except SummaryError as exc:
            self._say(f"! fleet shard={shard} {exc}")
        self._told.set()

    @property
    def reading(self) -> Reading:
        """All of it together."""
        return together(word.reading for word in self._words.values())

    @property
    def control(self) -> str | None:
        """Where they are controlled, each after the other; None for nowhere."""
        return ",".join(word.control for word in self._words.values() if word.control) or None

    @property
    def ready(self) -> bool:
        """Whether all of them are."""
        return bool(self._words) and all(word.ready for word in self._words.values())

    async def settled(self) -> None:
        """Wait until that is so."""
        while not self.ready:
            self._told.clear()
            await self._told.wait()
