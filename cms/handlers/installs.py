"""Orders firmware of SMIBs, one after another, and follows each by what it says (contract, sections 4 and 7).

A device is told to install once it has confirmed where its images are. That order is sent once, and not by
the outbox: firmware must not begin to be installed an hour after somebody wanted it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from cms.actor import Act, device
from cms.audit import OUTCOME, Draft
from cms.batch import Batch, Part
from cms.errors import BrokerUnavailable, StoreError
from cms.hub import Delivery
from cms.install import Install
from cms.log import event
from cms.progress import Progress
from cms.store.entry import State
from cms.store.store import Store
from wire.orders import FirmwareOrder, Order

AT_ONCE = 50
"""How many SMIBs of a batch install at a time: they all load from one server."""

INTERRUPTED = "the service was restarted: the version that the device reports tells what became of it"


class Link(Protocol):
    """The MQTT service, as far as this needs it."""

    async def publish(self, order: Order, relay_id: str) -> None: ...


class Installs:
    """Hand ``note`` to the hub as an observer; ``on_moved`` is called when something is to be looked at."""

    def __init__(self, store: Store, link: Link, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._link = link
        self._clock_ms = clock_ms
        self._active: dict[str, Install] = {}
        self.on_moved: Callable[[], None] = lambda: None

    def note(self, delivery: Delivery) -> None:
        """A message was routed."""
        before = self._active.get(delivery.relay_id)
        if before is None or delivery.retained:
            return
        after = before.heard(delivery.fields, delivery.received_ms)
        if after is not before:
            self._active[delivery.relay_id] = after
            self.on_moved()

    def adopted(self, batch: Batch) -> Batch:
        """``batch``, that another run of the service began: what was under way is followed again."""
        parts = []
        for part in batch.parts:
            install = part.install
            if install is not None and install.state is Progress.WAITING:
                install = install.moved(Progress.UNCONFIRMED, self._clock_ms(), INTERRUPTED)
            elif install is not None and not install.final:
                self._active.setdefault(install.relay_id, install)
            parts.append(replace(part, install=install))
        return replace(batch, parts=tuple(parts))

    async def advanced(self, batch: Batch) -> Batch:
        """``batch`` as it is now, further installations begun where there is room."""
        order = batch.order.get("firmware")
        if not isinstance(order, Mapping):
            return batch
        parts = [await self._followed(part) for part in batch.parts]
        room = AT_ONCE - sum(part.install is not None and _under_way(part.install) for part in parts)
        places = [place for place, part in enumerate(parts) if _may_begin(part)][: max(room, 0)]
        begun = await asyncio.gather(*(self._begun(batch, order, parts[place]) for place in places))
        for place, part in zip(places, begun, strict=True):
            parts[place] = part
        return batch if tuple(parts) == batch.parts else replace(batch, parts=tuple(parts))

    async def _followed(self, part: Part) -> Part:
        install = part.install
        if install is None or install.final or part.error:
            return part
        if install.state is Progress.WAITING:
            lost = [
                one for one in part.sent or () if not one.open and one.outcome.state is not State.CONFIRMED
            ]
            if not lost:
                return part
            why = f"it did not confirm its otaURL: {lost[0].outcome.state} {lost[0].outcome.detail}".rstrip()
            return replace(part, install=install.moved(Progress.FAILED, self._clock_ms(), why))
        now = self._active.get(install.relay_id, install).elapsed(self._clock_ms())
        self._active[install.relay_id] = now
        if now.final:
            await self._ended(part.cabinet_id, now)
        return part if now == install else replace(part, install=now)

    async def _begun(self, batch: Batch, order: Mapping[str, Any], part: Part) -> Part:
        """``part``, whose SMIB was told to install, or why not; as it was where that can't be recorded."""
        install = part.install
        assert install is not None
        busy = self._active.get(install.relay_id)
        if busy is not None and not busy.elapsed(self._clock_ms()).final:
            why = f"it installs {busy.version} now"
            return replace(part, install=install.moved(Progress.FAILED, self._clock_ms(), why))
        facts = {"relayId": install.relay_id, "version": install.version, "bin": order["bin"]}
        act = Act(batch.actor, "firmware", {"batch": batch.id})
        try:
            await self._store.record(Draft(act, part.cabinet_id, facts=facts))
        except StoreError as exc:
            event("!", "firmware waits", cabinet=part.cabinet_id, reason=str(exc))
            return part
        # The device may answer before the broker does.
        self._active[install.relay_id] = install.moved(Progress.SENT, self._clock_ms())
        try:
            await self._link.publish(FirmwareOrder(order["bin"]), install.relay_id)
        except BrokerUnavailable as exc:
            if self._active[install.relay_id].state is not Progress.SENT:  # it has it all the same
                return replace(part, install=self._active[install.relay_id])
            del self._active[install.relay_id]
            return replace(part, install=install.moved(Progress.FAILED, self._clock_ms(), str(exc)))
        return replace(part, install=self._active[install.relay_id])

    async def _ended(self, cabinet_id: str, install: Install) -> None:
        facts = {"what": f"firmware {install.version}", "outcome": str(install.state)}
        told = {"detail": install.detail} if install.detail else {}
        about = {"version": install.version, "relay": install.relay_id, "reason": install.detail or None}
        well = install.state is Progress.CONFIRMED
        event("=" if well else "!", f"firmware {install.state}", cabinet=cabinet_id, **about)
        try:
            draft = Draft(Act(device(install.relay_id), OUTCOME), cabinet_id, facts={**facts, **told})
            await self._store.record(draft)
        except StoreError as exc:
            event("!", "outcome not recorded", cabinet=cabinet_id, reason=str(exc))
        self._active.pop(install.relay_id, None)


def _under_way(install: Install) -> bool:
    return install.state in (Progress.SENT, Progress.INSTALLING)


def _may_begin(part: Part) -> bool:
    install = part.install
    if install is None or install.state is not Progress.WAITING or part.sent is None or part.error:
        return False
    return all(one.outcome.state is State.CONFIRMED for one in part.sent)
