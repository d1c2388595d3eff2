"""What SMIBs report of themselves, kept in the storage; and who is told when one leaves step (section 7).

Reports come as fast as a floor can send; they are gathered per SMIB, component and field, and stored by one
task, many at once. At most ``MAX_WAITING`` wait: beyond that the oldest is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cms import log
from cms.errors import StoreError
from cms.hub import Delivery
from cms.listeners import Listeners
from cms.standing import FieldReport, Standing
from cms.store.store import RelayReport, Store
from wire.components import COMPONENTS

MAX_WAITING = 20_000
BATCH = 500
GATHER_S = 0.1
"""How long reports are gathered before they are stored: a device that restarts sends five."""

RETRY_S = 1.0
MAX_FIELDS = 64
MAX_TEXT = 512

_HEAD = frozenset({"rly", "typ", "comp", "err"})


class Reports:
    """Hand ``note`` to the hub as an observer. Used from one event loop only."""

    def __init__(self, store: Store, *, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._waiting: dict[tuple[str, str], dict[str, FieldReport]] = {}
        self._drifting: dict[str, tuple[str, ...]] = {}
        self._woken = asyncio.Event()
        self._storing = asyncio.Lock()
        self._judged: Listeners[Standing] = Listeners("standing listener")
        self._drift: Listeners[Standing, bool] = Listeners("drift listener")
        self.dropped = 0

    def on_judged(self, callback: Callable[[Standing], object]) -> Callable[[], None]:
        """Call ``callback`` with how each cabinet stands whose SMIB reported. Gives what takes it back."""
        return self._judged.add(callback)

    def on_drift(self, callback: Callable[[Standing, bool], object]) -> Callable[[], None]:
        """Call ``callback`` when a cabinet leaves step (True) or is back (False)."""
        return self._drift.add(callback)

    def note(self, delivery: Delivery) -> None:
        """Take in one message. What a broker kept from earlier says nothing of now."""
        fields = delivery.fields
        component = fields.get("comp")
        if delivery.retained or fields.get("typ") != "cfg" or not isinstance(component, str):
            return
        if component not in COMPONENTS:
            return
        self._merge(delivery.relay_id, component, _reports(fields, delivery.received_ms))

    def look_at(self, relay_id: str) -> None:
        """Judge the cabinet of a relay anew, because something else than a report changed how it stands."""
        self._merge(relay_id, next(iter(COMPONENTS)), {})

    async def run(self) -> None:
        """Store what comes, for ever. A storage that fails can't end it."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_S)
            self._woken.clear()
            try:
                await self.flush()
            except StoreError as exc:
                log.event("!", "reports wait", reason=str(exc), waiting=len(self._waiting))
                await asyncio.sleep(RETRY_S)
                self._woken.set()

    async def flush(self, relay_id: str | None = None) -> None:
        """Store what waits now, or nothing where nothing of ``relay_id`` does. Retried after a StoreError."""
        if relay_id is not None and not any((relay_id, name) in self._waiting for name in COMPONENTS):
            return
        async with self._storing:
            while self._waiting:
                keys = list(self._waiting)[:BATCH]
                batch = {key: self._waiting.pop(key) for key in keys}
                try:
                    standings = await self._store.report([RelayReport(*key, batch[key]) for key in keys])
                except StoreError:
                    self._take_back(batch)
                    raise
                self._judge(standings)

    def _merge(self, relay_id: str, component: str, fields: Mapping[str, FieldReport]) -> None:
        key = (relay_id, component)
        if key not in self._waiting and len(self._waiting) >= MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        self._waiting.setdefault(key, {}).update(fields)
        self._woken.set()

    def _take_back(self, batch: Mapping[tuple[str, str], dict[str, FieldReport]]) -> None:
        """What could not be stored waits again, under what came meanwhile."""
        for key, fields in batch.items():
            newer = self._waiting.pop(key, {})
            self._merge(*key, {**fields, **newer})

    def _judge(self, standings: Iterable[Standing]) -> None:
        for standing in standings:
            names = tuple(map(str, standing.differences()))
            before = self._drifting.get(standing.cabinet.id, ())
            if names and names != before:
                self._drifting[standing.cabinet.id] = names
                _say("!", "drift", standing, fields=",".join(names))
                self._drift.tell(standing, True)
            elif before and not names:
                del self._drifting[standing.cabinet.id]
                _say("=", "in step again", standing)
                self._drift.tell(standing, False)
            self._judged.tell(standing)


def _reports(fields: Mapping[str, Any], at_ms: int) -> dict[str, FieldReport]:
    """The fields of an answer that can be kept: single values, not too long, not too many."""
    kept = [(name, v) for name, v in fields.items() if name not in _HEAD and len(name) <= 64 and _is_plain(v)]
    return {name: FieldReport(value, at_ms) for name, value in kept[:MAX_FIELDS]}


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= MAX_TEXT)


def _say(mark: log.Mark, what: str, standing: Standing, **facts: Any) -> None:
    log.event(mark, what, cabinet=standing.cabinet.id, relay=standing.cabinet.relay_id, **facts)
