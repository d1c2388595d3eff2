"""The cabinets of a run: who they are, and a fresh one for each scenario."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from features.harness.errors import PoolEmpty

NETWORKS = (
    {"ssid": "Casino_WiFi", "password": "", "channel": 1},
    {"ssid": "Old_WiFi", "password": "", "channel": 1},
    {"ssid": "New_WiFi", "password": "password123", "channel": 1},
)
"""The simulated WiFi networks; the passphrase is the one of the specification's worked example."""

LOCATION = "Main Floor"

QUIET_S = 3600
"""``mqttIdleTimeS`` of the ordinary devices: no heartbeat of theirs comes between two steps."""

IDLE_S = 1
"""``mqttIdleTimeS`` of the restless devices: how often they report, and when they fall back."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A machine on the floor and the SMIB in it."""

    id: str
    relay_id: str


@dataclass
class Pool:
    """Cabinets that no scenario has touched yet. ``given`` are those that this one has got."""

    name: str
    cabinets: tuple[Cabinet, ...]
    given: list[Cabinet] = field(default_factory=list)
    _next: Iterator[Cabinet] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._next = iter(self.cabinets)

    def fresh(self) -> Cabinet:
        """One that nobody was given before; PoolEmpty after the last."""
        cabinet = next(self._next, None)
        if cabinet is None:
            raise PoolEmpty(self.name, len(self.cabinets))
        self.given.append(cabinet)
        return cabinet


@dataclass(frozen=True, slots=True)
class Floor:
    """Every pool of one run. ``played`` has no device behind it: the harness plays its SMIBs."""

    played: Pool
    devices: Pool
    restless: Pool
    silent: Pool

    @property
    def pools(self) -> tuple[Pool, ...]:
        return (self.played, self.devices, self.restless, self.silent)

    @property
    def cabinets(self) -> Iterator[Cabinet]:
        return itertools.chain.from_iterable(pool.cabinets for pool in self.pools)

    def begin(self) -> None:
        """A scenario begins, and has got no cabinet yet."""
        for pool in self.pools:
            pool.given.clear()

    def idle(self) -> list[str]:
        """The relays that this scenario has not got."""
        return [one.relay_id for pool in self.pools for one in pool.cabinets if one not in pool.given]


def new_floor(played: int = 340, devices: int = 270, restless: int = 20, silent: int = 4) -> Floor:
    """A floor whose relay ids are MAC addresses in the range of the specification's examples."""
    numbers = itertools.count(1)

    def pool(name: str, size: int) -> Pool:
        return Pool(name, tuple(_cabinet(name, next(numbers)) for _ in range(size)))

    return Floor(
        pool("played", played), pool("device", devices), pool("restless", restless), pool("silent", silent)
    )


def nowhere() -> Floor:
    """A floor without a cabinet."""
    return new_floor(0, 0, 0, 0)


def _cabinet(name: str, number: int) -> Cabinet:
    return Cabinet(f"{name}-{number}", f"e831cd{number:06x}")


def cabinets_file(path: Path, cabinets: Iterable[Cabinet]) -> Path:
    """Writes the CMS's seed."""
    entries = [
        {"id": one.id, "relayId": one.relay_id, "name": f"Lucky Lion {one.id}", "location": LOCATION}
        for one in cabinets
    ]
    return _written(path, {"cabinets": entries})


def fleet_file(path: Path, floor: Floor) -> Path:
    """Writes the fleet's description: ordinary, restless and silent devices, and the networks that exist."""
    return _written(
        path,
        {
            "seed": 7,
            "networks": list(NETWORKS),
            "groups": [
                {**_group("floor", floor.devices), "config": {"mqtt": {"mqttIdleTimeS": QUIET_S}}},
                {**_group("restless", floor.restless), "config": {"mqtt": {"mqttIdleTimeS": IDLE_S}}},
                {**_group("silent", floor.silent), "faults": [{"kind": "silent"}]},
            ],
        },
    )


def small_fleet_file(path: Path, cabinets: Iterable[Cabinet], idle_s: int = 30) -> Path:
    """Writes the description of a fleet of one group."""
    relays = [one.relay_id for one in cabinets]
    group = {"name": "own", "relays": relays, "config": {"mqtt": {"mqttIdleTimeS": idle_s}}}
    return _written(path, {"seed": 7, "networks": list(NETWORKS), "groups": [group]})


def _group(name: str, pool: Pool) -> dict[str, Any]:
    return {"name": name, "relays": [one.relay_id for one in pool.cabinets], "location": LOCATION}


def _written(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
