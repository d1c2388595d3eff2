"""What the monitors must know of the scenario that runs, and what they say at its end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from features.harness.evidence.entry import Entry, PacketSeen
from features.harness.evidence.timeline import Excerpt, Timeline
from features.harness.floor import LOCATION, Floor, nowhere
from features.harness.monitors.addressed import addressed_relays
from features.harness.monitors.finding import Setting
from features.harness.monitors.judge import SETTLE, Judgement, settled
from features.harness.readiness import NOBODY
from wire.topics import Topics


@dataclass
class Observation:
    """One for each worker, told anew by each scenario. ``tapped`` are the roles that have a tap in this run;
    ``floor`` has the cabinets."""

    timeline: Timeline
    tapped: frozenset[str] = frozenset({"cms", "smib"})
    floor: Floor = field(default_factory=nowhere)
    retains_updates: bool = False
    _addressed: frozenset[str] = frozenset({NOBODY})
    _untapped: set[str] = field(default_factory=set)
    _since: int = 0

    def begin(self) -> None:
        """A scenario begins, on the usual topics and behind the usual taps."""
        self._since = self.timeline.position
        self.floor.begin()
        self._untapped.clear()
        self.retains_updates = False
        self.timeline.topics = Topics()

    @property
    def excerpt(self) -> Excerpt:
        """What stands on the timeline since then."""
        return self.timeline.since(self._since)

    @property
    def shown(self) -> Excerpt:
        """The same without the heartbeats of devices that have nothing to do with it."""
        excerpt, idle = self.excerpt, frozenset(self.floor.idle())
        kept = tuple(entry for entry in excerpt.entries if not _is_idle(entry, idle))
        return Excerpt(kept, excerpt.lost)

    def untap(self, role: str) -> None:
        """The scenario has a subject in that role that no tap stands before."""
        self._untapped.add(role)

    def settle(self) -> Judgement:
        """What the monitors say, once what was promised has had time to come."""
        setting = self._setting()
        judgement = settled(self.timeline, self._since, setting, SETTLE * self.timeline.pace)
        self._addressed = addressed_relays(self.excerpt.entries, setting)
        return judgement

    def _setting(self) -> Setting:
        relays = {one.id: one.relay_id for one in self.floor.cabinets}
        return Setting(
            relays,
            {LOCATION: tuple(relays.values())},
            self._addressed,
            self.tapped - self._untapped,
            self.retains_updates,
        )


def _is_idle(entry: Entry, idle: Collection[str]) -> bool:
    if not isinstance(entry, PacketSeen) or entry.problem or entry.error:
        return False
    relay = entry.relay or entry.fields.get("rly")
    return entry.type == "PUBLISH" and isinstance(relay, str) and relay in idle
