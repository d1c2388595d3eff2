"""The meters of one gaming machine, in credits of one cent (contract, section 4; codes as long poll 6F).

Eight are counted, the others follow from them, so that they can't disagree: games played are won and lost
ones, total won is coin out and jackpots, the drop is bills, and the current credits are what came in by
bills and wins and did not go out by bets and cash-outs. Interpretations:

- INT-18: A win that the attendant pays is counted as jackpot, not as coin out, and never becomes credits.
- INT-11: Cancelled credits are all that were cashed out; handpaid ones are the part that the attendant paid.
- INT-27: Clearing the meters clears the current credits too: they are one of the ten that a push sends.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any

from simulator.errors import DamagedMemory

COIN_IN = "0000"
COIN_OUT = "0100"
JACKPOT = "0200"
HANDPAID = "0300"
CANCELLED = "0400"
PLAYED = "0500"
WON = "0600"
LOST = "0700"
BILLS = "0B00"
CREDITS = "0C00"
TOTAL_WON = "2200"
DROP = "2400"

COUNTED = (COIN_IN, COIN_OUT, JACKPOT, HANDPAID, CANCELLED, WON, LOST, BILLS)
LARGEST = 10**15

_INDEX = {code: index for index, code in enumerate(COUNTED)}
_BILLS, _COIN_OUT, _COIN_IN, _CANCELLED = (_INDEX[code] for code in (BILLS, COIN_OUT, COIN_IN, CANCELLED))


class Meters:
    """All meters, 0 at first."""

    __slots__ = ("_counted",)

    def __init__(self) -> None:
        self._counted = array("q", bytes(8 * len(COUNTED)))

    def __getitem__(self, code: str) -> int:
        """The value of a meter, 0 for one that the machine does not keep."""
        index = _INDEX.get(code)
        if index is not None:
            return self._counted[index]
        derive = _DERIVED.get(code)
        return 0 if derive is None else derive(self)

    @property
    def credits(self) -> int:
        """The meter CREDITS."""
        counted = self._counted
        return counted[_BILLS] + counted[_COIN_OUT] - counted[_COIN_IN] - counted[_CANCELLED]

    def count(self, code: str, amount: int) -> None:
        """Add to one of COUNTED."""
        self._counted[_INDEX[code]] += amount

    def to_dict(self) -> dict[str, int]:
        """The counted meters that are not 0."""
        return {code: value for code, value in zip(COUNTED, self._counted, strict=True) if value}

    @classmethod
    def from_dict(cls, stored: object) -> Meters:
        """The meters that `to_dict` gave; DamagedMemory for anything else."""
        if not isinstance(stored, Mapping):
            raise DamagedMemory("meters", "an object of meter codes and values was wanted")
        meters = cls()
        for code, value in stored.items():
            if code not in _INDEX or not _is_count(value):
                raise DamagedMemory("meters", "known meter codes and whole numbers from 0 were wanted")
            meters.count(code, value)
        if meters[CREDITS] < 0:
            raise DamagedMemory("meters", "no more credits gone than came were wanted")
        return meters


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


_DERIVED: Mapping[str, Callable[[Meters], int]] = {
    PLAYED: lambda m: m[WON] + m[LOST],
    CREDITS: lambda m: m.credits,
    TOTAL_WON: lambda m: m[COIN_OUT] + m[JACKPOT],
    DROP: lambda m: m[BILLS],
}
