"""What a board keeps of its gaming machine beside the meters: what is the matter, and how full it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.device.conditions import CONDITIONS, among
from simulator.errors import DamagedMemory

LARGEST_STACK = 10**6


class Cabinet:
    """``conditions`` are the bits of what is the matter, ``told`` those that the CMS was told of;
    ``stacked`` is the number of bills in the validator's stacker."""

    __slots__ = ("conditions", "stacked", "told")

    def __init__(self) -> None:
        self.conditions = 0
        self.told = 0
        self.stacked = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "conditions": [condition.name for condition in among(self.conditions)],
            "told": [condition.name for condition in among(self.told)],
            "stacked": self.stacked,
        }

    @classmethod
    def from_dict(cls, stored: object) -> Cabinet:
        """The cabinet that `to_dict` gave; DamagedMemory for anything else."""
        if not isinstance(stored, Mapping) or set(stored) != {"conditions", "told", "stacked"}:
            raise DamagedMemory("cabinet", "an object of conditions, told and stacked was wanted")
        stacked = stored["stacked"]
        if type(stacked) is not int or not 0 <= stacked <= LARGEST_STACK:
            raise DamagedMemory("cabinet.stacked", f"a whole number from 0 to {LARGEST_STACK} was wanted")
        cabinet = cls()
        cabinet.conditions = _bits("conditions", stored["conditions"])
        cabinet.told = _bits("told", stored["told"])
        cabinet.stacked = stacked
        return cabinet


def _bits(part: str, names: object) -> int:
    known = ", ".join(CONDITIONS)
    if not isinstance(names, Iterable) or not all(isinstance(n, str) and n in CONDITIONS for n in names):
        raise DamagedMemory(f"cabinet.{part}", f"a list out of {known} was wanted")
    bits = 0
    for name in names:
        bits |= CONDITIONS[str(name)].bit
    return bits
