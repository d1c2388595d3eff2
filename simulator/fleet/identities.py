"""Who the devices of a fleet are: relay ids and the cabinets that they sit in (contract, section 1).

A device's identity depends on the seed, its group's name and its index in the group, and on nothing else: a
group more, or a bigger one, leaves the others as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import yaml

from simulator.fleet.plan import FleetPlan, Group
from wire.address import BrokerAddress
from wire.components import APP, COMPONENTS
from wire.fields import Value

if TYPE_CHECKING:
    from faker import Faker

OUI = "e831cd"
"""The maker's half of generated MAC addresses: that of the boards in the specification's examples."""
BATCH_BITS = 12
"""A group takes its addresses in batches of 4,096, as boards are bought; its batch follows from its name."""
BATCH = 1 << BATCH_BITS

GAMES = (
    ("Lucky", "Golden", "Royal", "Wild", "Diamond", "Mystic", "Crimson", "Silver", "Thunder", "Velvet"),
    ("Lion", "Dragon", "Sevens", "Pharaoh", "Buffalo", "Orchid", "Comet", "Koi", "Phoenix", "Jackpot"),
)
CONFIGURED = tuple(name for name in COMPONENTS if name != APP.name)


@dataclass(frozen=True, slots=True)
class Identity:
    """One device and its cabinet."""

    relay_id: str
    cabinet_id: str
    name: str
    location: str
    asset_number: str
    serial_number: str
    game: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A device's place in its fleet: its group, its index there, its relay id."""

    group: Group
    index: int
    relay_id: str


class Register:
    """Who the devices of a plan are, group by group in the plan's order, and then whoever else comes.

    A register of a shard gives its own devices alone, later ones too: no two shards give one twice.
    """

    def __init__(self, plan: FleetPlan) -> None:
        self._plan = plan
        self._faker: Faker | None = None
        self._given = {relay_id for group in plan.groups for relay_id in group.relays}
        self._batches: set[int] = set()
        self._generated: dict[str, Iterator[str]] = {}
        self._sizes: Counter[str] = Counter()

    def seats(self) -> Iterator[tuple[int, Seat]]:
        """Every device of the plan's shard, once, with its place in the whole plan, counted from 0."""
        place = 0
        for group in self._plan.groups:
            relays = iter(group.relays)
            for _ in range(group.count):
                seat = self._next(group, next(relays, None))
                if self._plan.shard.takes(place):
                    yield place, seat
                place += 1

    def another(self, group: Group, relay_id: str | None = None) -> Seat:
        """The next device of a group."""
        seat = self._next(group, relay_id)
        while relay_id is None and not self._plan.shard.takes(seat.index):
            seat = self._next(group, None)
        return seat

    def identity(self, seat: Seat) -> Identity:
        """The device and its cabinet, made anew at every call."""
        if self._faker is None:
            from faker import (
                Faker,
            )  # a quarter of a second, which a fleet that nobody looks into does without

            self._faker = Faker("en_US")
        return _identity(self._faker, self._plan.seed, seat)

    def _next(self, group: Group, relay_id: str | None) -> Seat:
        if relay_id is None:
            relay_id = next(self._relays(group))
        index = self._sizes[group.name]
        self._sizes[group.name] += 1
        return Seat(group, index, relay_id)

    def _relays(self, group: Group) -> Iterator[str]:
        if group.name not in self._generated:
            seed = self._plan.seed
            self._generated[group.name] = _generated(seed, group.name, self._given, self._batches)
        return self._generated[group.name]


def identities(plan: FleetPlan) -> Iterator[tuple[Group, Identity]]:
    """Every device of the plan, group by group in the plan's order."""
    register = Register(plan)
    return ((seat.group, register.identity(seat)) for _, seat in register.seats())


def factory_values(group: Group, broker: BrokerAddress | None) -> dict[str, dict[str, Value]]:
    """What the group's boards leave the factory with, all components in full. Holds secrets.

    `broker` is where they look for the CMS unless the group's own `mqttURI` says otherwise.
    """
    uri: dict[str, Value] = {} if broker is None else {"mqttURI": broker.uri()}
    own = {**group.config, "mqtt": {**uri, **group.config.get("mqtt", {})}}
    return {name: {**component.defaults(), **own.get(name, {})} for name, component in COMPONENTS.items()}


def cabinets(plan: FleetPlan, broker: BrokerAddress | None = None) -> dict[str, Any]:
    """The fleet's cabinets as a cabinets file holds them, for the CMS's seed. Holds secrets, because CMS and
    devices have to agree on them.
    """
    return {"cabinets": [_cabinet(group, identity, broker) for group, identity in identities(plan)]}


def cabinets_yaml(plan: FleetPlan, broker: BrokerAddress | None = None) -> str:
    """The cabinets file as text."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(cabinets(plan, broker), Dumper=dumper, sort_keys=False, allow_unicode=True)


def _cabinet(group: Group, identity: Identity, broker: BrokerAddress | None) -> dict[str, Any]:
    values: Mapping[str, Mapping[str, Value]] = factory_values(group, broker)
    return {
        "id": identity.cabinet_id,
        "relayId": identity.relay_id,
        "name": identity.name,
        "location": identity.location,
        "assetNumber": identity.asset_number,
        "serialNumber": identity.serial_number,
        "game": identity.game,
        "smibVersion": {"firmware": values[APP.name]["version"]},
        "smibConfig": {name: dict(values[name]) for name in CONFIGURED},
    }


def _identity(faker: Faker, seed: int, seat: Seat) -> Identity:
    group, index = seat.group, seat.index
    faker.seed_instance(f"{seed}/{group.name}/{index}")
    game = " ".join(faker.random_element(words) for words in GAMES)
    return Identity(
        relay_id=seat.relay_id,
        cabinet_id=f"{group.name}-{index + 1}",
        name=f"{game} {index + 1}",
        location=group.location,
        asset_number=faker.numerify("A-#####"),
        serial_number=faker.bothify("SN-??##-######", letters="ABCDEFGHJKLMNPRSTUVWXYZ"),
        game=game,
    )


def _generated(seed: int, group: str, given: set[str], batches: set[int]) -> Iterator[str]:
    """Relay ids without end: the boards of a batch in an order of their own, then the next batch."""
    start = seed_of(f"{seed}/{group}")
    step = (start >> BATCH_BITS) | 1  # odd, so that it visits every address of the batch once
    batch = start % BATCH
    while True:
        while batch in batches:
            batch = (batch + 1) % BATCH
        batches.add(batch)
        for index in range(BATCH):
            relay_id = f"{OUI}{batch << BATCH_BITS | (start + index * step) % BATCH:06x}"
            if relay_id not in given:
                yield relay_id


def seed_of(text: str) -> int:
    """A number that follows from a text alone, on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
