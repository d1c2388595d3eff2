"""The data of one board that its actions work on. Which action may run when is in `transitions`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from zlib import crc32

from simulator.device.dice import Dice, SmallDice
from simulator.device.link import Refusal
from simulator.device.memory import Memory
from simulator.device.play import Play
from simulator.device.route import Route, route_of

FIRST_RETRY_MS = 500
LONGEST_RETRY_MS = 5_000

_BY_HAND = Play()


@dataclass(slots=True, eq=False)
class Board:
    """A board under power or not. ``due_ms`` is when the state's own timer ends, ``fall_back_ms`` when a
    trial of new connection values does, ``play_ms`` when the machine's next game is, ``confirm_ms`` when the
    trial of a new firmware ends; ``powered``, ``restarted`` and ``reverted`` wait to be told at the next
    connection.

    ``play`` is how the machine is played, None where it is left alone; ``awaited`` are the bits of the
    conditions for which an attendant is on the way; ``percent`` is what was told of a download; ``routed`` is
    the last route, and the version of the memory that it is by."""

    relay_id: str
    memory: Memory
    boot_ms: int
    has_clock: bool
    due_ms: int | None = None
    fall_back_ms: int | None = None
    attempt: int = 0
    refusal: Refusal | None = None
    restarted: bool = False
    reverted: tuple[str, ...] = ()
    powered: bool = False
    play: Play | None = None
    dice: Dice | None = None
    play_ms: int | None = None
    awaited: int = 0
    confirm_ms: int | None = None
    percent: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    routed: tuple[object, Route] | None = None

    def route(self) -> Route:
        """By the values in force."""
        version = self.memory.version
        if self.routed is None or self.routed[0] is not version:
            self.routed = version, route_of(self.relay_id, self.memory)
        return self.routed[1]

    def stamp(self, now_ms: int) -> int | None:
        """The time as this board knows it."""
        return now_ms if self.has_clock else None

    def habits(self) -> Play:
        """How the machine is played, by hand too."""
        return self.play or _BY_HAND

    def chance(self) -> Dice:
        """The machine's dice; without a seed they follow from the relay id."""
        if self.dice is None:
            self.dice = SmallDice(crc32(self.relay_id.encode()))
        return self.dice

    def next_retry_ms(self) -> int:
        """How long to wait before the next attempt to connect: it doubles from 0.5 s up to 5 s. Up to half of
        it is taken off, differently for each board, so that a floor does not come back in one instant."""
        longest = min(FIRST_RETRY_MS << min(self.attempt, 8), LONGEST_RETRY_MS)
        self.attempt += 1
        spread = crc32(f"{self.relay_id}/{self.attempt}".encode()) % (longest // 2 + 1)
        return longest - spread
