"""What somebody does at machines by time: the words of a script for it, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.device.conditions import CONDITIONS, SLOT_DOOR
from simulator.device.device import Device
from simulator.device.effects import Effect
from simulator.device.play import LARGEST_BILL

GAME_MS = 3_000
"""How long a game takes: of several, each begins when the one before is over."""
MOST_GAMES = 10_000
OPEN, CLOSED = "open", "closed"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """A word of a script: what its value must be, what is done, and what undoes it where something can."""

    wanted: str
    schema: Schema
    accepts: Callable[[Any], bool]
    do: Callable[[Device, Any, int], list[Effect]]
    undo: Callable[[Device, Any, int], list[Effect]] | None = None


def _whole(low: int, high: int) -> tuple[str, Schema, Callable[[Any], bool]]:
    return (
        f"a whole number from {low} to {high}",
        {"type": "integer", "minimum": low, "maximum": high},
        lambda value: type(value) is int and low <= value <= high,
    )


def _among(*names: str) -> tuple[str, Schema, Callable[[Any], bool]]:
    return f"one of {', '.join(names)}", {"enum": list(names)}, lambda value: value in names


def _begin(device: Device, name: str, now_ms: int) -> list[Effect]:
    return device.begin(CONDITIONS[name], now_ms)


def _end(device: Device, name: str, now_ms: int) -> list[Effect]:
    return device.end(CONDITIONS[name], now_ms)


def _move(device: Device, how: str, now_ms: int) -> list[Effect]:
    return device.begin(SLOT_DOOR, now_ms) if how == OPEN else device.end(SLOT_DOOR, now_ms)


def _move_back(device: Device, how: str, now_ms: int) -> list[Effect]:
    return _move(device, CLOSED if how == OPEN else OPEN, now_ms)


DEEDS: Mapping[str, Deed] = {
    "door": Deed(*_among(OPEN, CLOSED), _move, _move_back),
    "bill": Deed(*_whole(1, LARGEST_BILL), lambda device, bill, now_ms: device.insert_bill(bill, now_ms)),
    "play": Deed(*_whole(1, MOST_GAMES), lambda device, _, now_ms: device.play(now_ms)),
    "win": Deed(*_whole(0, 10**8), lambda device, win, now_ms: device.play(now_ms, win)),
    "cash_out": Deed(
        "true", {"const": True}, lambda value: value is True, lambda d, _, now_ms: d.cash_out(now_ms)
    ),
    "begin": Deed(*_among(*CONDITIONS), _begin, _end),
    "end": Deed(*_among(*CONDITIONS), _end, _begin),
}
"""`play` is so many games by chance, `win` one with this win; `begin` and `end` are of any condition."""


@dataclass(frozen=True, slots=True)
class Act:
    """A deed and its value, as a script has it."""

    deed: str
    value: Any

    @property
    def times(self) -> int:
        """How often it is done, a game's length apart."""
        return int(self.value) if self.deed == "play" else 1

    @property
    def can_be_undone(self) -> bool:
        return DEEDS[self.deed].undo is not None

    def done(self, device: Device, now_ms: int) -> list[Effect]:
        """Do it."""
        return DEEDS[self.deed].do(device, self.value, now_ms)

    def undone(self, device: Device, now_ms: int) -> list[Effect]:
        """Take it back, where that can be."""
        undo = DEEDS[self.deed].undo
        return [] if undo is None else undo(device, self.value, now_ms)
