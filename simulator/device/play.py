"""How a machine is played: a group's habits, shared by its machines (issue 5; not part of the contract).

In a fleet file it is the mapping under ``play``; `HABITS` is the table of its keys. Money is in credits of
one cent, bills in whole units of currency (100 credits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.device.dice import Dice
from simulator.errors import PlaySpecError
from wire.errors import Problem

HOUR_MS = 3_600_000
HOURS = 24
CREDITS_PER_UNIT = 100
BILL_EXCEPTIONS: Mapping[int, str] = {
    1: "47",
    2: "4D",
    5: "48",
    10: "49",
    20: "4A",
    50: "4B",
    100: "4C",
    500: "4E",
}
"""The bills that SAS has a code for, and the code; any other is ``4F``."""
OTHER_BILL = "4F"
LARGEST_BILL = 1_000

PAYTABLE = ((2, 0.35), (5, 0.25), (10, 0.20), (50, 0.12), (200, 0.05), (2_500, 0.03))
"""What a win is in bets, and its share of all that is returned. With 0.92 returned, 23 of 100 games win."""


@dataclass(frozen=True, slots=True)
class Play:
    """How one machine is played; see HABITS."""

    games_per_minute: float = 6.0
    bet: int = 50
    return_to_player: float = 0.92
    bills: tuple[int, ...] = (5, 10, 20, 20, 20, 50, 100)
    handpay_from: int = 120_000
    cash_out_from: int = 30_000
    stacker: int = 600
    reject: float = 0.03
    jam: float = 0.001
    tilt: float = 0.0002
    attendant_s: float = 45.0
    day: tuple[float, ...] = ()

    def drawn_win(self, dice: Dice) -> int:
        """The win of one game in credits, 0 for a lost one; on average ``return_to_player`` of the bet."""
        left = dice.random()
        for multiple, share in PAYTABLE:
            left -= self.return_to_player * share / multiple
            if left < 0:
                return multiple * self.bet
        return 0

    def drawn_bill(self, dice: Dice) -> int:
        return self.bills[dice.randrange(len(self.bills))]

    def drawn_pause_ms(self, dice: Dice, now_ms: int) -> int:
        """Until the next game: half to one and a half times the mean of the hour."""
        pace = self.day[now_ms // HOUR_MS % HOURS] if self.day else 1.0
        spread = 0.5 + dice.random()
        if not pace:
            return HOUR_MS - now_ms % HOUR_MS
        pause_ms = max(1, int(60_000 / (self.games_per_minute * pace) * spread))
        return min(pause_ms, HOUR_MS) if self.day else pause_ms

    @property
    def attendant_ms(self) -> int:
        """How long an attendant takes to come and put right what holds the machine up."""
        return int(self.attendant_s * 1000)


@dataclass(frozen=True, slots=True)
class Habit:
    """One key of a ``play`` mapping; the name and the default are those of `Play`."""

    meaning: str
    wanted: str
    accepts: Callable[[Any], bool]


def play_from(spec: Mapping[str, Any]) -> Play:
    """The play that one mapping of a fleet file describes; PlaySpecError, naming every wrong field."""
    if problems := play_problems(spec):
        raise PlaySpecError(problems)
    given = dict(spec)
    if "bills" in given:
        given["bills"] = tuple(given["bills"])
    if "day" in given:
        given["day"] = tuple(given["day"])
    return Play(**given)


def play_problems(spec: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that is wrong with one mapping of a fleet file."""
    names = ", ".join(HABITS)
    found = [Problem(str(name), f"unknown; {names} can be set") for name in spec if name not in HABITS]
    found += (
        Problem(name, f"{habit.wanted} was wanted{_seen(spec[name])}")
        for name, habit in HABITS.items()
        if name in spec and not habit.accepts(spec[name])
    )
    return tuple(found)


def _seen(value: object) -> str:
    shown = repr(value)
    return f", not {shown}" if len(shown) <= 48 else ""


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, int | float) and not isinstance(v, bool) and low <= v <= high


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda v: type(v) is int and low <= v <= high


def _are_bills(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and 1 <= len(value) <= 32 and all(map(_whole(1, LARGEST_BILL), value))
    )


def _is_day(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) in (0, HOURS) and all(map(_number(0, 1), value))


_CHANCE = "a number from 0 to 1"
HABITS: Mapping[str, Habit] = {
    "games_per_minute": Habit(
        "games a minute, on average; 0: nobody plays", "a number from 0 to 600", _number(0, 600)
    ),
    "bet": Habit("credits a game", "a whole number from 1 to 100000", _whole(1, 100_000)),
    "return_to_player": Habit(
        "the part of all bets that is won back in the long run", "a number from 0 to 1.5", _number(0, 1.5)
    ),
    "bills": Habit(
        "the bills that players put in, each as likely as it stands here often",
        f"a list of 1 to 32 whole numbers from 1 to {LARGEST_BILL}",
        _are_bills,
    ),
    "handpay_from": Habit(
        "credits from which the attendant pays by hand",
        "a whole number from 1 to 100000000",
        _whole(1, 10**8),
    ),
    "cash_out_from": Habit(
        "credits with which a player leaves", "a whole number from 1 to 100000000", _whole(1, 10**8)
    ),
    "stacker": Habit("bills that the validator holds", "a whole number from 1 to 10000", _whole(1, 10_000)),
    "reject": Habit("chance that a bill is rejected", _CHANCE, _number(0, 1)),
    "jam": Habit("chance that a bill jams", _CHANCE, _number(0, 1)),
    "tilt": Habit("chance that a game ends in a tilt", _CHANCE, _number(0, 1)),
    "attendant_s": Habit(
        "seconds until somebody puts right what play brought about",
        "a number from 0.1 to 86400",
        _number(0.1, 86_400),
    ),
    "day": Habit(
        "the part of games_per_minute that is played in each hour of the day, in UTC",
        "a list of 24 numbers from 0 to 1, or none",
        _is_day,
    ),
}
