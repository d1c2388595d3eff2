"""The cabinets of a run: who they are, and a fresh one for each scenario."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.harness.errors import PoolEmpty, Untestable

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


@dataclass(frozen=True, slots=True)
class Member:
    """A SMIB of a fleet. ``idle_s`` is its ``mqttIdleTimeS``; a ``silent`` one never answers."""

    cabinet: Cabinet
    idle_s: int = QUIET_S
    silent: bool = False


@dataclass
class Pool:
    """Cabinets that no scenario has touched yet; with ``reused``, that this one has not got. ``given`` are
    those that it has got."""

    name: str
    cabinets: tuple[Cabinet, ...]
    reused: bool = False
    given: list[Cabinet] = field(default_factory=list)
    _next: Iterator[Cabinet] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._next = iter(self.cabinets)

    def fresh(self) -> Cabinet:
        """One that nobody was given before; PoolEmpty after the last. Of cabinets that are what the subject
        has, one that this scenario has not got; Untestable if it has them all."""
        left = (one for one in self.cabinets if one not in self.given) if self.reused else self._next
        cabinet = next(left, None)
        if cabinet is None and self.reused:
            raise Untestable(
                f"the subject has {len(self.cabinets)} of the kind {self.name}; one more is needed"
            )
        if cabinet is None:
            raise PoolEmpty(self.name, len(self.cabinets))
        self.given.append(cabinet)
        return cabinet


@dataclass(frozen=True, slots=True)
class Floor:
    """Every pool of one run. ``played`` has no device behind it: the harness plays its SMIBs; ``spare`` has
    those of fleets that a scenario starts for itself."""

    played: Pool
    devices: Pool
    restless: Pool
    silent: Pool
    spare: Pool

    @property
    def pools(self) -> tuple[Pool, ...]:
        return (self.played, self.devices, self.restless, self.silent, self.spare)

    @property
    def cabinets(self) -> Iterator[Cabinet]:
        return itertools.chain.from_iterable(pool.cabinets for pool in self.pools)

    @property
    def members(self) -> list[Member]:
        """The SMIBs that a fleet has to play."""
        return [
            *(Member(one) for one in self.devices.cabinets),
            *(Member(one, IDLE_S) for one in self.restless.cabinets),
            *(Member(one, silent=True) for one in self.silent.cabinets),
        ]

    def begin(self) -> None:
        """A scenario begins, and has got no cabinet yet."""
        for pool in self.pools:
            pool.given.clear()

    def idle(self) -> list[str]:
        """The relays that this scenario has not got."""
        return [one.relay_id for pool in self.pools for one in pool.cabinets if one not in pool.given]


def new_floor(
    played: int = 340, devices: int = 270, restless: int = 20, silent: int = 4, spare: int = 24
) -> Floor:
    """A floor whose relay ids are MAC addresses in the range of the specification's examples."""
    numbers = itertools.count(1)

    def pool(name: str, size: int) -> Pool:
        return Pool(name, tuple(_cabinet(name, next(numbers)) for _ in range(size)))

    return Floor(
        pool("played", played),
        pool("device", devices),
        pool("restless", restless),
        pool("silent", silent),
        pool("spare", spare),
    )


def floor_of_cms(cabinets: Sequence[Cabinet]) -> Floor:
    """A floor of the few cabinets that a CMS knows which runs already: the last is for a working device."""
    played = tuple(cabinets[:-1]) or tuple(cabinets)
    return Floor(
        Pool("played", played, reused=True),
        Pool("device", tuple(cabinets[1:][-1:]), reused=True),
        Pool("restless", (), reused=True),
        Pool("silent", (), reused=True),
        Pool("spare", (), reused=True),
    )


def with_devices(floor: Floor, relays: Sequence[str]) -> Floor:
    """The same, its devices those that run already; a cabinet of theirs stays theirs."""
    known = {one.relay_id: one for one in floor.cabinets}
    devices = [known.get(relay, Cabinet(f"device-{at}", relay)) for at, relay in enumerate(relays, 1)]
    played = tuple(one for one in floor.played.cabinets if one.relay_id not in relays)
    return Floor(
        Pool("played", played, floor.played.reused),
        Pool("device", tuple(devices), reused=True),
        Pool("restless", (), reused=True),
        Pool("silent", (), reused=True),
        Pool("spare", (), reused=True),
    )


def nowhere() -> Floor:
    """A floor without a cabinet."""
    return new_floor(0, 0, 0, 0, 0)


def _cabinet(name: str, number: int) -> Cabinet:
    return Cabinet(f"{name}-{number}", f"e831cd{number:06x}")


def cabinets_file(path: Path, cabinets: Iterable[Cabinet]) -> Path:
    """Writes the CMS's seed."""
    entries = [
        {"id": one.id, "relayId": one.relay_id, "name": f"Lucky Lion {one.id}", "location": LOCATION}
        for one in cabinets
    ]
    return _written(path, {"cabinets": entries})


def fleet_file(path: Path, members: Iterable[Member]) -> Path:
    """Writes the fleet's description: a group for each kind of member, and the networks that exist."""
    groups: dict[tuple[int, bool], list[str]] = {}
    for one in members:
        groups.setdefault((one.idle_s, one.silent), []).append(one.cabinet.relay_id)
    found = [
        _group(f"group-{at}", relays, idle_s, silent)
        for at, ((idle_s, silent), relays) in enumerate(groups.items(), 1)
    ]
    return _written(path, {"seed": 7, "networks": list(NETWORKS), "groups": found})


def networks() -> str:
    """The networks in one line."""
    return ",".join(f"{one['ssid']}:{one['password']}:{one['channel']}" for one in NETWORKS)


def _group(name: str, relays: list[str], idle_s: int, silent: bool) -> dict[str, Any]:
    group: dict[str, Any] = {"name": name, "relays": relays, "location": LOCATION}
    group["config"] = {"mqtt": {"mqttIdleTimeS": idle_s}}
    return {**group, "faults": [{"kind": "silent"}]} if silent else group


def _written(path: Path, content: Any) -> Path:
    """As JSON, which is YAML too and a hundred times as fast: there are hundreds of cabinets."""
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path
