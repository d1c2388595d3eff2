"""What watches the floor while the service runs: it joins the floor, the clock and the floor stream.

Whoever hears or sends something tells it; it never waits and never raises. Its one task, ``run()``, notices
what is told by nobody: silence, and cabinets that were added.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cms import floor_frames as frames
from cms import log
from cms.errors import StoreError
from cms.feed import Feed, Wanted
from cms.floor import Change, Floor
from cms.hub import Delivery
from cms.pulse import Pulse
from cms.store.store import Store
from wire.orders import Order

TICK_S = 1.0
REFRESH_S = 10.0
"""How often the store is asked for its cabinets."""


SHARED_S = 0.5
MAX_SHARED = 16
"""For how long a snapshot serves further readers, and how many different ones are kept."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The floor at one moment: ``cursor`` is where the feed goes on behind it."""

    cursor: int
    taken_s: float
    parts: tuple[bytes, ...]


class Monitor:
    """``timer`` gives seconds that never go back, ``clock_ms`` milliseconds since 1970."""

    def __init__(
        self,
        floor: Floor,
        feed: Feed,
        store: Store,
        *,
        clock_ms: Callable[[], int],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.floor = floor
        self.feed = feed
        self.pulse = Pulse(feed.publish)
        self._store = store
        self._clock_ms = clock_ms
        self._timer = timer
        self._started_s = timer()
        self._complained = False
        self._snapshots: dict[Wanted, Snapshot] = {}

    @property
    def uptime_s(self) -> float:
        return self._timer() - self._started_s

    def now_s(self) -> float:
        return self._timer()

    def note(self, delivery: Delivery) -> None:
        """A message was routed."""
        changes = self.floor.heard(delivery, self._timer())
        place = self.floor.place(delivery.relay_id)
        if place is not None and not delivery.retained:
            identity = place.identity
            fields = frames.report(identity, delivery.fields)
            self.feed.append(identity.id, identity.location, fields, delivery.received_ms)
            self.pulse.touch()
        self._tell(changes)

    def ordered(self, relay_id: str, order: Order) -> None:
        """An order was stored, and may wait for the broker."""
        self._tell(self.floor.ordered(relay_id, order))

    def sending(self, relay_id: str, order: Order) -> None:
        """An order is about to be sent."""
        self._tell(self.floor.sent(relay_id, order, self._timer()))

    def unsent(self, relay_id: str, order: Order) -> None:
        """It was not sent."""
        self._tell(self.floor.unsent(relay_id, order))

    def given_up(self, relay_id: str, component: str) -> None:
        """An update will not be sent again."""
        self._tell(self.floor.given_up(relay_id, component))

    def judged(self, relay_id: str, in_step: bool | None) -> None:
        """What a device reports was compared with what was ordered of it."""
        self._tell(self.floor.judged(relay_id, in_step))

    def announce(self, fields: Mapping[str, Any]) -> None:
        """Tell those who read the whole floor what is of no one cabinet."""
        self.feed.append("", "", fields, self._clock_ms())
        self.pulse.touch()

    def snapshot(self, wanted: Wanted) -> Snapshot:
        """Every cabinet that is wanted, as frames.

        Readers that come at about the same time get the same one, and what changed since from the feed.
        """
        now_s = self._timer()
        snapshot = self._snapshots.get(wanted)
        if snapshot is None or now_s - snapshot.taken_s > SHARED_S or not self.feed.reaches(snapshot.cursor):
            if len(self._snapshots) >= MAX_SHARED:
                self._snapshots.clear()
            snapshot = self._snapshots[wanted] = self._take(wanted, now_s)
        return snapshot

    def _take(self, wanted: Wanted, now_s: float) -> Snapshot:
        cabinets = [
            frames.snapshot_cabinet(place)
            for place in self.floor.places()
            if wanted.lets_through(place.identity.id, place.identity.location)
        ]
        cursor = self.feed.cursor
        parts = frames.snapshot(cabinets, self._clock_ms(), self.feed.frame_id(cursor))
        return Snapshot(cursor, now_s, tuple(parts))

    async def refresh(self) -> None:
        """Have the floor as the store has it. StoreError."""
        cabinets = await self._store.cabinets()
        self._tell(self.floor.assign(cabinets, now_ms=self._clock_ms(), now_s=self._timer()))

    async def run(self) -> None:
        """Notice what time brings, for ever."""
        refreshed_s = self._timer()
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()
            if self._timer() - refreshed_s >= REFRESH_S:
                refreshed_s = self._timer()
                await self._try_refresh()

    def tick(self) -> None:
        """Some time has passed."""
        self._tell(self.floor.elapsed(self._clock_ms(), self._timer()))

    async def _try_refresh(self) -> None:
        try:
            await self.refresh()
        except StoreError as exc:
            if not self._complained:
                log.event("!", "floor not refreshed", why=str(exc))
            self._complained = True
        else:
            self._complained = False

    def _tell(self, changes: Sequence[Change]) -> None:
        now_ms = self._clock_ms()
        for change in changes:
            identity = change.place.identity
            fields = (
                frames.removed(identity)
                if change.gone
                else frames.state(identity, change.facts, frames.last_seen(change.place))
            )
            self.feed.append(identity.id, identity.location, fields, now_ms)
        if changes:
            self.pulse.touch()
