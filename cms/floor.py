"""The whole floor: the state of every cabinet's SMIB, and what all of them do together.

Pure: what time it is, and what was heard and sent, are arguments. A relay that no cabinet has is counted; of
such relays only the last few are named, because their ids come from whoever may publish.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from cms.cabinet import Cabinet
from cms.gauge import Durations, Rate
from cms.hub import Delivery
from cms.presence import Presence
from cms.scope import EVERYWHERE, Scope
from cms.smib_state import ANSWER_S, ERROR_KINDS, STATES, Facts, SmibState, awaited
from wire.orders import Order

STRANGERS = 100
"""How many relays without a cabinet are named."""

ANSWER_TIMES = 1024
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of answer times."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a cabinet is, without its configuration."""

    id: str
    relay_id: str
    name: str
    location: str
    asset_number: str
    serial_number: str
    game: str

    @classmethod
    def of(cls, cabinet: Cabinet) -> Identity:
        return cls(cabinet.id, cabinet.relay_id, **cabinet.texts)


@dataclass(slots=True)
class Place:
    """A cabinet on the floor and its SMIB; ``shown`` is what was last told of it."""

    identity: Identity
    smib: SmibState
    shown: Facts


@dataclass(slots=True)
class Stranger:
    """A relay that no cabinet has."""

    relay_id: str
    messages: int
    last_seen_ms: int


@dataclass(frozen=True, slots=True)
class Change:
    """A place that looks otherwise than before; ``gone``: it is no longer on the floor."""

    place: Place
    facts: Facts
    gone: bool = False


class Floor:
    """Each method that learns something gives the changes that it made, in their order."""

    def __init__(self, presence: Presence, *, now_s: float) -> None:
        self._presence = presence
        self._places: dict[str, Place] = {}
        self._online: dict[str, None] = {}
        self._due: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.rate = Rate(now_s)
        self.answers = Durations(ANSWER_TIMES)
        self.histogram = [0] * (len(BUCKETS_S) + 1)
        self.strangers: OrderedDict[str, Stranger] = OrderedDict()
        self.stranger_messages = 0

    def places(self) -> Iterator[Place]:
        """Every cabinet, in the order in which the store has them."""
        return iter(self._places.values())

    def __len__(self) -> int:
        return len(self._places)

    def seen(self, limits: Scope) -> list[Place]:
        """The cabinets within ``limits``."""
        return [place for place in self._places.values() if limits.holds(place.identity.location)]

    def sees(self, limits: Scope, relay_id: str) -> bool:
        """Whether the SMIB is within ``limits``, as far as is known here: one that is not known is."""
        place = self._places.get(relay_id)
        return limits.whole or place is None or limits.holds(place.identity.location)

    def place(self, relay_id: str) -> Place | None:
        return self._places.get(relay_id)

    def has_cabinet(self, cabinet_id: str, limits: Scope = EVERYWHERE) -> bool:
        return any(place.identity.id == cabinet_id for place in self.seen(limits))

    def errors(self, limits: Scope = EVERYWHERE) -> dict[str, int]:
        """How many of each kind there were, all cabinets together."""
        total = dict.fromkeys(ERROR_KINDS, 0)
        for place in self.seen(limits):
            for kind, count in place.smib.errors.items():
                total[kind] += count
        return total

    def states(self, limits: Scope = EVERYWHERE) -> dict[str, int]:
        """How many cabinets are in each state."""
        return {**dict.fromkeys(STATES, 0), **Counter(place.shown.state for place in self.seen(limits))}

    def assign(self, cabinets: Iterable[Cabinet], *, now_ms: int, now_s: float) -> list[Change]:
        """These are the cabinets of the floor, no others."""
        before, self._places = self._places, {}
        changes = []
        for cabinet in cabinets:
            identity = Identity.of(cabinet)
            place = before.pop(cabinet.relay_id, None)
            if place is None:
                place = self._new(identity, now_ms, now_s)
                changes.append(Change(place, place.shown))
            elif place.identity != identity:
                if place.identity.location.casefold() != identity.location.casefold():
                    # Who sees the former location alone is told that it is gone.
                    changes.append(Change(replace(place), place.shown, gone=True))
                place.identity = identity
                changes.append(Change(place, place.shown))
            self._places[cabinet.relay_id] = place
            self.strangers.pop(cabinet.relay_id, None)
        for relay_id, place in before.items():
            self._online.pop(relay_id, None)
            changes.insert(0, Change(place, place.shown, gone=True))
        return changes

    def heard(self, delivery: Delivery, now_s: float) -> list[Change]:
        """A message came. A retained one says nothing of what the device does now."""
        seen = self._presence.note(delivery)
        self.rate.add(now_s)
        place = self._places.get(delivery.relay_id)
        if place is None:
            self._count_stranger(delivery)
            return []
        smib = place.smib
        smib.firmware = seen.version
        if not delivery.retained:
            self._connect(smib, not seen.left)
            smib.last_seen_ms = delivery.received_ms
            took_s = smib.heard(delivery.fields, now_s)
            if took_s is not None:
                self._note_answer(took_s)
        return self._changed(place)

    def ordered(self, relay_id: str, order: Order) -> list[Change]:
        """An order was stored."""
        return self._with(relay_id, lambda smib: smib.ordered(order))

    def sent(self, relay_id: str, order: Order, now_s: float) -> list[Change]:
        """An order is being sent: say so before it is, its answer may come at once."""
        name = awaited(order)
        if name is not None and relay_id in self._places:
            self._due[relay_id, name] = now_s
            self._due.move_to_end((relay_id, name))
        return self._with(relay_id, lambda smib: smib.sent(order, now_s))

    def unsent(self, relay_id: str, order: Order) -> list[Change]:
        """The order that was being sent was not."""
        return self._with(relay_id, lambda smib: smib.unsent(order))

    def given_up(self, relay_id: str, component: str) -> list[Change]:
        """What was ordered of ``component`` is no longer on its way."""
        return self._with(relay_id, lambda smib: smib.given_up(component))

    def judged(self, relay_id: str, in_step: bool | None) -> list[Change]:
        """Whether the device reports what was ordered of it."""
        return self._with(relay_id, lambda smib: setattr(smib, "in_step", in_step))

    def elapsed(self, now_ms: int, now_s: float) -> list[Change]:
        """Time has passed: who was silent for 3 minutes is offline, who did not answer in 30 s is late."""
        changes = []
        for relay_id in self._silent(now_ms):
            place = self._places[relay_id]
            self._connect(place.smib, False)
            changes += self._changed(place)
        while self._due and now_s - (sent_s := next(iter(self._due.values()))) > ANSWER_S:
            (relay_id, name), _ = self._due.popitem(last=False)
            late = self._places.get(relay_id)
            if late is not None:
                late.smib.unanswered(name, sent_s)
        for place in self._places.values():
            if place.smib.restarting_since_s is not None:
                place.smib.elapsed(now_s)
                changes += self._changed(place)
        return changes

    def _new(self, identity: Identity, now_ms: int, now_s: float) -> Place:
        smib = SmibState(identity.relay_id, Rate(now_s))
        seen = self._presence.of(identity.relay_id)
        if seen is not None:
            smib.last_seen_ms, smib.firmware = seen.last_seen_ms, seen.version
            smib.online = seen.online(now_ms)
            if smib.online:
                self._online[identity.relay_id] = None
        return Place(identity, smib, smib.facts)

    def _connect(self, smib: SmibState, online: bool) -> None:
        """Who was heard last is at the end of ``_online``, so that the silent are found without a search."""
        self._online.pop(smib.relay_id, None)
        if online:
            self._online[smib.relay_id] = None
        smib.connected(online)

    def _silent(self, now_ms: int) -> list[str]:
        silent = []
        for relay_id in self._online:
            seen = self._presence.of(relay_id)
            if seen is not None and seen.online(now_ms):
                break
            silent.append(relay_id)
        return silent

    def _with(self, relay_id: str, act: Callable[[SmibState], None]) -> list[Change]:
        place = self._places.get(relay_id)
        if place is None:
            return []
        act(place.smib)
        return self._changed(place)

    def _changed(self, place: Place) -> list[Change]:
        facts = place.smib.facts
        if facts == place.shown:
            return []
        place.shown = facts
        return [Change(place, facts)]

    def _note_answer(self, took_s: float) -> None:
        self.answers.add(took_s)
        slot = next((i for i, bound in enumerate(BUCKETS_S) if took_s <= bound), len(BUCKETS_S))
        self.histogram[slot] += 1

    def _count_stranger(self, delivery: Delivery) -> None:
        self.stranger_messages += 1
        relay_id = delivery.relay_id
        stranger = self.strangers.pop(relay_id, None) or Stranger(relay_id, 0, 0)
        stranger.messages += 1
        stranger.last_seen_ms = delivery.received_ms
        self.strangers[relay_id] = stranger
        if len(self.strangers) > STRANGERS:
            self.strangers.popitem(last=False)
