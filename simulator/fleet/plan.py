"""What a fleet consists of, before anything runs: groups of devices, the networks that exist, the seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simulator.device.device import BOOT_MS
from simulator.device.play import Play
from simulator.errors import FleetPlanError
from simulator.faults import FaultSpec
from simulator.fleet.schedule import Occasion
from simulator.fleet.shard import WHOLE, Shard
from simulator.link.networks import DEFAULT_NETWORKS, Network
from wire.fields import Value

MAX_DEVICES = 200_000
"""In all; one process runs some 10,000, the rest are other processes' and machines'."""
DEFAULT_COUNT = 25
DEFAULT_LOCATION = "Main Floor"

Config = Mapping[str, Mapping[str, Value]]
"""Values by component and field, as on the wire; only what differs from a board's factory values."""


@dataclass(frozen=True, slots=True)
class Group:
    """Devices that have everything but their identity in common.

    `relays` are the ids that the file gives; where it gives none, `count` ids are generated. `play` is how
    the machines are played, None where the group does not say. The rest is as in a
    `simulator.firmware.profile.Profile`, which is part of it already.
    """

    name: str
    count: int
    relays: tuple[str, ...] = ()
    location: str = DEFAULT_LOCATION
    config: Config = field(default_factory=dict)
    faults: tuple[FaultSpec, ...] = ()
    play: Play | None = None
    lacks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    boot_ms: int = BOOT_MS
    clock: bool = True


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """A whole fleet. The same plan gives the same devices with the same identities and faults.

    `arrival_ms` is how long it takes until the last device is switched on; they come evenly. `play` is how
    the machines of groups are played that do not say it; None: not at all. `shard` is the part of it that is
    run here; `count` is that of the whole.
    """

    groups: tuple[Group, ...]
    networks: tuple[Network, ...] = DEFAULT_NETWORKS
    seed: int = 1
    schedule: tuple[Occasion, ...] = ()
    arrival_ms: int = 0
    play: Play | None = None
    shard: Shard = WHOLE

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def share(self) -> int:
        """How many of its devices are run here."""
        return self.shard.share(0, self.count)

    @property
    def sound(self) -> int:
        """How many of these belong to groups without faults."""
        begin, found = 0, 0
        for group in self.groups:
            end = begin + group.count
            found += 0 if group.faults else self.shard.share(begin, end)
            begin = end
        return found

    def with_seed(self, seed: int | None) -> FleetPlan:
        """The same fleet with other identities and another course of its faults; None changes nothing."""
        return self if seed is None else replace(self, seed=seed)

    def with_pace(self, games_per_minute: float) -> FleetPlan:
        """The same fleet, whose machines are played at this pace where their group does not say how."""
        return replace(self, play=Play(games_per_minute=games_per_minute) if games_per_minute else None)

    def with_count(self, count: int | None) -> FleetPlan:
        """The same groups, scaled to `count` devices in all; None changes nothing.

        Groups whose relay ids are given keep their size; the rest is shared out in proportion. A group's
        first devices are the same at any size.
        """
        if count is None or count == self.count:
            return self
        fixed = sum(group.count for group in self.groups if group.relays)
        elastic = [group for group in self.groups if not group.relays]
        if not fixed <= count <= MAX_DEVICES or (count > fixed and not elastic):
            raise FleetPlanError(_unreachable_count(count, fixed, bool(elastic)))
        shares = iter(shared_out(count - fixed, [group.count for group in elastic]))
        resized = (group if group.relays else replace(group, count=next(shares)) for group in self.groups)
        return replace(self, groups=tuple(resized))


def default_plan() -> FleetPlan:
    """The floor of a lab that is given no fleet file; `fixtures/fleets/floor.yaml` spells the same."""
    return FleetPlan(
        groups=(
            Group("main-floor", 15, location="Main Floor"),
            Group("high-limit", 10, location="High Limit"),
        )
    )


def shared_out(total: int, weights: list[int]) -> list[int]:
    """`total` in whole parts in proportion to `weights`; what rounding leaves goes where most was cut off."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    cut_off = [total * weight % whole for weight in weights]
    most = sorted(range(len(weights)), key=lambda index: (-cut_off[index], index))
    for index in most[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _unreachable_count(count: int, fixed: int, elastic: bool) -> str:
    top = MAX_DEVICES if elastic else fixed
    reason = f", because the fleet file gives {fixed} relay ids" if fixed else ""
    return f"--count: a whole number from {fixed} to {top} was wanted{reason}, not {count}."
