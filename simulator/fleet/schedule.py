"""What happens on a floor by time: faults, power cuts and acts, from the start of the fleet on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from simulator.fleet.act import Act
from simulator.fleet.who import Who


class Power(Enum):
    """What can be done to the mains."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Occasion:
    """`what` happens to `who`, `at_ms` after the start: a fault, the mains, or an act at the machine. After
    `for_ms` it is over, and after `every_ms` it happens again; None is never.
    """

    at_ms: int
    who: Who
    what: Mapping[str, Any] | Power | Act
    for_ms: int | None = None
    every_ms: int | None = None
