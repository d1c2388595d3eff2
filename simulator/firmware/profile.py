"""What one firmware version is like: its fields, its defaults, its timing and its quirks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.device.device import BOOT_MS
from simulator.faults import FaultSpec
from simulator.fleet.plan import Config


@dataclass(frozen=True, slots=True)
class Profile:
    """Boards of one firmware version. A group of a fleet file sets what differs from it.

    `config` are its defaults where they are not the contract's, `app` included; `lacks` are fields, by
    component, that it does not have; a board without a `clock` executes commands of any age and puts no `ts`
    into its events; `quirks` are faults that all its boards have, always.
    """

    name: str
    config: Config = field(default_factory=dict)
    lacks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    boot_ms: int = BOOT_MS
    clock: bool = True
    quirks: tuple[FaultSpec, ...] = ()


def merged(under: Config, over: Config) -> Config:
    """The values of both, those of `over` where both have one."""
    return {name: {**under.get(name, {}), **over.get(name, {})} for name in {**under, **over}}
